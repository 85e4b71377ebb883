"""The points of a message's life that modules can join: lists of callables, appended to in `configure`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.http import HttpExchange
    from siprouter.sip.message import Message
    from siprouter.transport.endpoint import Endpoint


class Hooks:
    """Called in order of registration; the first that takes a message ends the round where the result is a bool."""

    __slots__ = (
        "entry",
        "http_in",
        "message_in",
        "message_out",
        "reply_in",
        "request_in",
        "route_sources",
        "script_end",
        "script_start",
        "started",
        "stopped",
        "stopping",
        "tick",
        "undelivered",
    )

    def __init__(self) -> None:
        self.entry: list[Callable[[Context], None]] = []
        """a context about to run its first route: which version of the script that is can still be decided"""
        self.http_in: list[Callable[[HttpExchange], bool]] = []
        """an HTTP request on a SIP port; True: taken, and answered in the end"""
        self.message_in: list[Callable[[bytes, Endpoint], bytes | None]] = []
        """raw bytes as received and their source; may return other bytes to parse (topology hiding)"""
        self.request_in: list[Callable[[Context], bool]] = []
        """a parsed request before the script; True: absorbed, the script does not run"""
        self.reply_in: list[Callable[[Context], bool]] = []
        """a parsed reply before the core reply route; True: handled, no stateless forwarding"""
        self.route_sources: list[Callable[[Any, Any], Any]] = []
        """what loads routes in other languages with each version of the script (script/foreign.py)"""
        self.script_start: list[Callable[[Context], None]] = []
        self.script_end: list[Callable[[Context], None]] = []
        """after the request or reply route ended, whatever way"""
        self.message_out: list[Callable[[bytes, Endpoint, Message | None], bytes | None]] = []
        """built bytes about to be sent; may return other bytes"""
        self.started: list[Callable[[], None]] = []
        self.stopping: list[Callable[[], None]] = []
        self.stopped: list[Callable[[], None]] = []
        """behind the last module: what modules share is closed here"""
        self.tick: list[Callable[[float], None]] = []
        """about once a second with `now`"""
        self.undelivered: list[Callable[[bytes, Endpoint], bool]] = []
        """the beginning of a datagram that ICMP says reached nobody, and where it went; True: taken care of"""
