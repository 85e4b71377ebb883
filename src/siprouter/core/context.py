"""The context of one message: what SIP Router keeps beside the message itself while the script runs."""

from __future__ import annotations

from typing import Any

from siprouter.core.avp import AvpStore
from siprouter.core.routes import REQUEST
from siprouter.sip.uri import Uri, parse_uri

Q_UNSET = -1
MAX_BRANCHES = 12


class Branch:
    """An additional destination (append_branch). `q` counts thousandths, -1 when unset."""

    __slots__ = ("dst_uri", "flags", "force_socket", "instance", "path", "q", "uri", "user_agent")

    def __init__(
        self,
        uri: str,
        q: int = Q_UNSET,
        dst_uri: str | None = None,
        path: str | None = None,
        force_socket: Any = None,
        flags: int = 0,
        instance: str | None = None,
    ) -> None:
        self.uri = uri
        self.q = q
        self.dst_uri = dst_uri
        self.path = path
        self.force_socket = force_socket
        self.flags = flags
        self.instance = instance
        self.user_agent: str | None = None


class Context:
    """One message on its way through the script; see docs/architecture.md for the meaning of each attribute."""

    __slots__ = (
        "avp_store",
        "branch_flags",
        "branch_index",
        "branch_list",
        "code",
        "dropped",
        "dst_uri",
        "flags",
        "force_rport",
        "force_socket",
        "hops",
        "instance",
        "msg",
        "new_uri",
        "now",
        "path",
        "q",
        "rc",
        "reply",
        "reply_headers",
        "route_depth",
        "route_type",
        "script",
        "script_flags",
        "send_flags",
        "source",
        "tm",
        "transaction",
        "uri_cache",
        "uri_consumed",
        "var_map",
        "worker",
    )

    def __init__(self, worker: Any, script: Any, msg: Any, source: Any, now: float, route_type: int = REQUEST) -> None:
        self.worker = worker
        self.script = script
        self.msg = msg
        self.source = source
        self.now = now
        self.route_type = route_type
        self.new_uri: str | None = None
        self.dst_uri: str | None = None
        self.path: str | None = None
        self.instance: str | None = None
        self.force_socket: Any = None
        self.q = Q_UNSET
        self.flags = 0
        self.branch_flags = 0
        self.script_flags = 0
        self.send_flags = 0
        self.force_rport = False
        self.branch_list: list[Branch] | None = None
        self.avp_store: AvpStore | None = None
        self.transaction: Any = None
        self.tm: Any = None
        self.branch_index = -1
        self.reply: Any = None
        self.code = 0
        self.reply_headers: list[bytes] | None = None
        self.rc = 1
        self.route_depth = 0
        self.dropped = False
        self.var_map: dict[str, Any] | None = None
        self.uri_cache: Uri | None = None
        self.uri_consumed = False
        self.hops = -1

    @property
    def uri(self) -> str:
        """The present request URI: rewritten, or as received."""
        return self.uri_text()

    def uri_text(self) -> str:
        """`uri`, for compiled code."""
        uri: str = self.msg.uri_text() if self.new_uri is None else self.new_uri
        return uri

    def set_uri(self, uri: str) -> None:
        """Rewrite the request URI; it counts as a destination again where forking had used it up."""
        self.new_uri = uri
        self.uri_cache = None
        self.uri_consumed = False

    def revert_uri(self) -> None:
        """Back to the request URI as received."""
        self.new_uri = None
        self.uri_cache = None

    @property
    def parsed_uri(self) -> Uri:
        """The present request URI, parsed. Raises UriError (a PeerError)."""
        return self.uri_parts()

    def uri_parts(self) -> Uri:
        """`parsed_uri`, for compiled code."""
        if self.new_uri is None:
            parsed: Uri = self.msg.uri_parts()
            return parsed
        if self.uri_cache is None:
            self.uri_cache = parse_uri(self.new_uri)
        return self.uri_cache

    @property
    def branches(self) -> list[Branch]:
        """Additional branches, oldest first; the list itself, to be changed in place."""
        if self.branch_list is None:
            self.branch_list = []
        return self.branch_list

    @branches.setter
    def branches(self, value: list[Branch]) -> None:
        self.branch_list = value

    def append_branch(self, branch: Branch) -> bool:
        """Add a destination; False when there are MAX_BRANCHES - 1 already (the request URI itself is branch 0)."""
        branches = self.branches
        if len(branches) >= MAX_BRANCHES - 1:
            return False
        branches.append(branch)
        return True

    @property
    def avps(self) -> AvpStore:
        """The attributes of this message's transaction."""
        return self.shared_avps()

    @avps.setter
    def avps(self, value: AvpStore) -> None:
        self.avp_store = value

    def shared_avps(self) -> AvpStore:
        """`avps`, for another context that is to have them, too."""
        if self.avp_store is None:
            self.avp_store = AvpStore()
        return self.avp_store

    @property
    def vars(self) -> dict[str, Any]:
        """Scratch space of modules; key = module name or "module.what"."""
        return self.variables()

    def variables(self) -> dict[str, Any]:
        """`vars`, for compiled code."""
        if self.var_map is None:
            self.var_map = {}
        return self.var_map

    def add_reply_header(self, line: bytes) -> None:
        """Add a header line (with CRLF) to the replies generated for this request."""
        if self.reply_headers is None:
            self.reply_headers = []
        self.reply_headers.append(line)
