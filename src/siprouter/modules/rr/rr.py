"""The instance of rr: record-routing, questions about our own route, and what other modules use."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from siprouter.core.args import ArgType, Constant, Folded
from siprouter.core.late_edits import exchange_late, find_late, insert_late
from siprouter.core.values import Value, to_text
from siprouter.modules.rr.record import ROUTE_PARAMS, RecordRoute
from siprouter.sip.message import Message
from siprouter.util.errors import OperatorError, PeerError, SourceLocation
from siprouter.util.regex import Regex
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv
    from siprouter.core.worker import Worker

UPSTREAM = 2
DOWNSTREAM = 1
MAX_PARAMS = 512
WAITING_PARAMS = "rr.waiting_params"
PRESET = "rr.preset"


class DirectionArg(ArgType):
    """`upstream` or `downstream`, which only the parameter append_fromtag lets us tell apart."""

    kind = "upstream or downstream"

    def __init__(self) -> None:
        super().__init__("direction")

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        direction = self.convert_text(to_text(value))
        if direction == 0:
            raise self.bad(value, location)
        if not env.worker.modules["rr"].append_fromtag:
            hint = 'modparam("rr", "append_fromtag", 1)'
            raise OperatorError("is_direction() needs the parameter append_fromtag", location, hint)
        return Constant(direction)

    def convert(self, ctx: Context, value: Value) -> int:
        return self.convert_text(to_text(value))

    def convert_text(self, text: str) -> int:
        """The number of a direction, 0 for another word."""
        word = text.lower()
        return UPSTREAM if word == "upstream" else DOWNSTREAM if word == "downstream" else 0


class RecordRouting:
    """The instance of the module.

    Other modules use `add_param`, `check_param`, `is_direction`, `route_param` and `register_callback`.
    """

    append_fromtag: int
    enable_double_rr: int
    enable_full_lr: int
    add_username: int
    ignore_user: str | None

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.log = worker.log
        self.callbacks: list[Callable[[Context, str], None]] = []

    def register_callback(self, callback: Callable[[Context, str], None]) -> None:
        """`callback(ctx, params)` is called when loose_route() has met our own route, with that route's parameters.

        The last registered is called first.
        """
        self.callbacks.insert(0, callback)

    # record-routing

    def record_route(self, ctx: Context, params: str = "") -> int:
        """record_route([params])"""
        if self._recorded(ctx):
            return self._twice()
        suffix = self._lr() + self._from_tag(ctx) + to_bytes(params)
        if ctx.var_map is not None:
            suffix += ctx.var_map.pop(WAITING_PARAMS, b"")
        owner = RecordRoute(ctx.source.listener, self._user(ctx), suffix, bool(self.enable_double_rr))
        insert_late(ctx, owner)
        return 1

    def record_route_preset(self, ctx: Context, text: str) -> int:
        """record_route_preset(text): host and port by hand"""
        if self._recorded(ctx):
            return self._twice()
        user = self._user(ctx)
        at = b"@" if user else b""
        line = b"Record-Route: <sip:%b%b%b%b%b>\r\n" % (user, at, to_bytes(text), self._from_tag(ctx), self._lr())
        ctx.msg.insert_header(line)
        ctx.vars[PRESET] = ctx.msg.edits[-1]
        return 1

    def _recorded(self, ctx: Context) -> bool:
        """Whether this branch has a Record-Route of ours already."""
        if ctx.var_map is None:
            return False
        preset = ctx.var_map.get(PRESET)
        if preset is not None:
            for edit in ctx.msg.edits:
                if edit is preset:
                    return True
        return find_late(ctx, RecordRoute) is not None

    def _twice(self) -> int:
        self.log.error("request is record-routed already", source="rr")
        return -1

    def _lr(self) -> bytes:
        return b";lr=on" if self.enable_full_lr else b";lr"

    def _from_tag(self, ctx: Context) -> bytes:
        msg: Message = ctx.msg
        tag = msg.from_.tag if self.append_fromtag else ""
        return b";ftag=%b" % to_bytes(tag) if tag else b""

    def _user(self, ctx: Context) -> bytes:
        """The user part to put in: of the received request URI, else of the rewritten one."""
        if not self.add_username:
            return b""
        try:
            user = ctx.msg.parsed_uri.user or ctx.parsed_uri.user
        except PeerError:
            return b""
        if user and user == self.ignore_user:
            user = ("y" if user[0] == "x" else "x") + user[1:]
        return to_bytes(user)

    def add_param(self, ctx: Context, text: str) -> bool:
        """Append `;name=value` to the Record-Route that was, or will be, put in."""
        params = to_bytes(text)
        owner: RecordRoute | None = find_late(ctx, RecordRoute)
        if owner is not None:
            exchange_late(ctx, owner, owner.with_params(params))
            return True
        waiting: bytes = ctx.vars.get(WAITING_PARAMS, b"")
        if len(waiting) + len(params) > MAX_PARAMS:
            self.log.error("more than %d octets of Record-Route parameters", MAX_PARAMS, source="rr")
            return False
        ctx.vars[WAITING_PARAMS] = waiting + params
        return True

    def add_rr_param(self, ctx: Context, text: str) -> int:
        """add_rr_param(text)"""
        return 1 if self.add_param(ctx, text) else -1

    # our own route, after loose_route()

    def check_param(self, ctx: Context, regex: Regex | None) -> bool:
        """Whether the parameters of our own route, from the first semicolon on, match."""
        params: str | None = ctx.vars.get(ROUTE_PARAMS)
        return params is not None and regex is not None and regex.matches(";" + params)

    def check_route_param(self, ctx: Context, regex: Regex | None) -> int:
        """check_route_param(regex)"""
        return 1 if self.check_param(ctx, regex) else -1

    def route_param(self, ctx: Context, name: str) -> str | None:
        """The value of a parameter of our own route, "" for one without a value, None where it is absent."""
        params: str = ctx.vars.get(ROUTE_PARAMS, "")
        for part in params.split(";"):
            key, _, value = part.partition("=")
            if key.strip() == name:
                return value.strip().strip("\"'")
        return None

    def is_direction(self, ctx: Context, direction: int) -> bool:
        """Whether a request goes UPSTREAM (from the called to the calling side) or DOWNSTREAM.

        Without a tag in our route it counts as downstream.
        """
        tag = self.route_param(ctx, "ftag")
        msg: Message = ctx.msg
        upstream = bool(tag) and bool(msg.from_.tag) and tag != msg.from_.tag
        return upstream == (direction == UPSTREAM)

    def check_direction(self, ctx: Context, direction: int) -> int:
        """is_direction(direction)"""
        return 1 if direction and self.is_direction(ctx, direction) else -1
