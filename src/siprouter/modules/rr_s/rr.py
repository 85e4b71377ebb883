"""The instance of rr: record-routing with dialog cookies, and what other modules use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.args import Constant, Folded
from siprouter.core.late_edits import find_late, insert_late, remove_late
from siprouter.modules.rr.record import RecordRoute
from siprouter.modules.rr.rr import WAITING_PARAMS, RecordRouting
from siprouter.modules.rr_s.cookies import CookieError, make_cookie, restore
from siprouter.script.attributes import Attribute
from siprouter.script.core_args import parse_attribute
from siprouter.script.ser_args import SerStr
from siprouter.sip.message import Message
from siprouter.sip.uri import Uri
from siprouter.util.errors import NOWHERE, OperatorError
from siprouter.util.regex import Regex, RegexError
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

COOKIE_FLAG = "dialog_cookie"
COOKIE_PARAM = "avp"
PRESETS = "rr.presets"


class SerRecordRouting(RecordRouting):
    """The instance of the module."""

    username: str | None
    cookie_filter: str | None
    cookie_secret: str | None
    user_part_avp: str | None
    next_route_avp: str | None
    force_send_socket: int

    def __init__(self, worker: Worker) -> None:
        super().__init__(worker)
        self.key = b""
        self.flag: int | None = None
        self.filter: Regex | None = None
        self.user_attribute: Attribute | None = None
        self.next_attribute: Attribute | None = None
        self.user_source: Folded = Constant("")

    def configure(self) -> None:
        """Parse the parameters; the flag of cookies is the one that the script declares with `avpflags`."""
        self.flag = self.worker.env.avp_flag_names.get(COOKIE_FLAG)
        self.key = to_bytes(self.cookie_secret or "")
        if self.flag is not None and not self.key:
            message = "without the parameter cookie_secret anyone can make dialog cookies"
            self.log.warning(message, source="rr")
        if self.cookie_filter:
            try:
                self.filter = Regex(self.cookie_filter, icase=True, newline=True)
            except RegexError as error:
                raise OperatorError(f"parameter cookie_filter of rr: {error}") from None
        self.user_attribute = self._attribute("user_part_avp", self.user_part_avp)
        self.next_attribute = self._attribute("next_route_avp", self.next_route_avp)
        self.user_source = SerStr("add_username").fold(self.username or "", self.worker.env, NOWHERE)

    def _attribute(self, name: str, text: str | None) -> Attribute | None:
        if not text:
            return None
        found = parse_attribute(text)
        if found is None:
            raise OperatorError(f"parameter {name} of rr must name an attribute, found {text}")
        return found

    # record-routing

    def record_route(self, ctx: Context, params: str = "") -> int:
        """record_route(): with the dialog cookie, if there is one"""
        if find_late(ctx, RecordRoute) is not None:
            return self._twice()
        user = self._record_user(ctx) or b""
        cookie = self.dialog_cookie(ctx)
        avp = b";avp=%b" % to_bytes(cookie) if cookie else b""
        waiting = ctx.vars.pop(WAITING_PARAMS, b"")
        suffix = self._from_tag(ctx) + avp + self._lr() + to_bytes(params) + waiting
        insert_late(ctx, RecordRoute(ctx.source.listener, user, suffix, bool(self.enable_double_rr)))
        return 1

    def record_route_preset(self, ctx: Context, text: str) -> int:
        """record_route_preset(address): may be called several times"""
        user = self._record_user(ctx)
        if user is None:
            return -1
        at = b"@" if user else b""
        msg: Message = ctx.msg
        msg.insert_header(
            b"Record-Route: <sip:%b%b%b%b%b>\r\n" % (user, at, to_bytes(text), self._from_tag(ctx), self._lr())
        )
        ctx.vars.setdefault(PRESETS, []).append(msg.edits[-1])
        return 1

    def remove_record_route(self, ctx: Context) -> int:
        """remove_record_route(): in this branch"""
        remove_late(ctx, RecordRoute)
        presets = ctx.vars.get(PRESETS)
        if presets:
            ctx.msg.edits = [edit for edit in ctx.msg.edits if not any(edit is preset for preset in presets)]
        return 1

    def _record_user(self, ctx: Context) -> bytes | None:
        """The user part of Record-Route; None (logged) where the parameter add_username names what has no value."""
        source = self.user_source
        user: str | None = source.value if isinstance(source, Constant) else source.evaluate(ctx)
        if user is None:
            self.log.error("add_username: %s has no value", self.username, source="rr")
            return None
        return to_bytes(user)

    # cookies

    def dialog_cookie(self, ctx: Context) -> str | None:
        """@rr.dialog_cookie: of the attributes that have the flag dialog_cookie now"""
        if self.flag is None or ctx.avp_store is None:
            return None
        cookie, complete = make_cookie(ctx.avp_store, self.flag, self.key)
        if not complete:
            self.log.error("not all attributes fit into the dialog cookie", source="rr")
        return cookie or None

    def restore_cookie(self, ctx: Context, uri: Uri) -> None:
        """Take the attributes from the cookie in our own route, where the script has declared the flag."""
        cookie = uri.param(COOKIE_PARAM)
        if not cookie or self.flag is None:
            return
        tag = (uri.param("ftag") or "").strip('"')
        reverse = bool(tag) and tag != ctx.msg.from_.tag
        try:
            restore(ctx.avps, cookie.strip('"'), self.key, self.flag, reverse, self._wanted)
        except CookieError as error:
            self.log.error("bad dialog cookie: %s", error, source="rr")

    def _wanted(self, name: str) -> bool:
        return self.filter is None or self.filter.matches(name)

    # what loose_route() tells the script

    def store_user(self, ctx: Context, uri: Uri) -> None:
        """The user part of our own route into the attribute of user_part_avp."""
        self._store(ctx, self.user_attribute, uri.user)

    def store_next(self, ctx: Context, uri: str) -> None:
        """The next route into the attribute of next_route_avp."""
        self._store(ctx, self.next_attribute, uri)

    def _store(self, ctx: Context, attribute: Attribute | None, value: str) -> None:
        if attribute is not None and value:
            ctx.avps.add(attribute.name, value, attribute.classes[0])
