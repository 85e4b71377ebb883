"""`msg`, the first argument of routes in Python: the message object of SIP Router 3.1."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from siprouter.core.context import Context

if TYPE_CHECKING:
    from siprouter.ksr.api import HostApi
    from siprouter.ksr.runner import Runner

MAX_ARGUMENTS = 3


class RouterMessage:
    """The message that is routed. RuntimeError for what it has not."""

    __slots__ = ("_api", "_ctx", "_runner")

    def __init__(self, ctx: Context, api: HostApi, runner: Runner) -> None:
        self._ctx = ctx
        self._api = api
        self._runner = runner

    @property
    def Type(self) -> str:  # noqa: N802  names are those of 3.1
        """ "SIP_REQUEST" or "SIP_REPLY"."""
        return "SIP_REQUEST" if self._ctx.msg.is_request else "SIP_REPLY"

    @property
    def Method(self) -> str:  # noqa: N802
        """The method of a request."""
        return str(self._request("method").msg.method)

    @property
    def Status(self) -> str:  # noqa: N802
        """The status of a reply, as text."""
        if self._ctx.msg.is_request:
            raise RuntimeError("a request has no status")
        return str(self._ctx.msg.status)

    @property
    def RURI(self) -> str:  # noqa: N802
        """The present request URI."""
        return self._request("request URI").uri

    @property
    def src_address(self) -> tuple[str, int]:
        """Address and port that it came from."""
        source = self._ctx.source
        return str(source.ip), int(source.port)

    @property
    def dst_address(self) -> tuple[str, int]:
        """Address and port of ours that it came to."""
        listener = self._ctx.source.listener
        return ("", 0) if listener is None else (str(listener.address), int(listener.port))

    def getHeader(self, name: str) -> str | None:  # noqa: N802
        """The first header of a name; None where there is none."""
        found = self._ctx.msg.find(name)
        return str(self._ctx.msg.value(found[0])) if found else None

    def rewrite_ruri(self, uri: str) -> None:
        """Set the request URI."""
        self._request("request URI").set_uri(uri)

    def set_dst_uri(self, uri: str) -> None:
        """Set the destination URI; the request URI counts as a destination again."""
        ctx = self._request("destination")
        ctx.dst_uri = uri or None
        ctx.uri_consumed = False

    def call_function(self, name: str, *args: str) -> Any:
        """Call a function of a module, its arguments as they stand in a configuration; its return code."""
        if len(args) >= MAX_ARGUMENTS:
            raise RuntimeError(f"call_function() takes a name and up to {MAX_ARGUMENTS - 1} arguments")
        result = self._api.call(self._ctx, "", name, args, True)
        return self._runner.result(result, name) if isinstance(result, Awaitable) else result

    def copy(self) -> RouterMessage:
        """Another object for the same message."""
        return RouterMessage(self._ctx, self._api, self._runner)

    def _request(self, what: str) -> Context:
        if not self._ctx.msg.is_request:
            raise RuntimeError(f"a reply has no {what}")
        return self._ctx
