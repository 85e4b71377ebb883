"""The instance of SER's uri."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.rewrite import MAX_URI_SIZE, present_uri
from siprouter.core.route_info import AUTHORIZED
from siprouter.util.errors import PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker
    from siprouter.sip.auth import AuthParams

TEL = "tel:"


class Uris:
    """It keeps nothing."""

    def __init__(self, worker: Worker) -> None:
        self.log = worker.log

    def is_user(self, ctx: Context, name: str | None) -> int:
        """is_user(name)"""
        found: AuthParams | None = ctx.vars.get(AUTHORIZED)
        if found is None:
            self.log.error("is_user(): the request has no checked credentials", source="uri")
            return -1
        return 1 if name and found.user == name else -1

    def has_totag(self, ctx: Context) -> int:
        """has_totag()"""
        return 1 if ctx.msg.to.tag else -1

    def uri_param(self, ctx: Context, name: str | None, value: str | None = "") -> int:
        """uri_param(name[, value]): of several the last counts; without a value it must have none"""
        uri = present_uri(ctx)
        if uri is None or not name or value is None:
            return -1
        for part in reversed(uri.params.split(";")):
            key, _, found = part.partition("=")
            if key.strip() == name:
                return 1 if found.strip() == value else -1
        return -1

    def add_uri_param(self, ctx: Context, param: str | None) -> int:
        """add_uri_param(param)"""
        uri = present_uri(ctx)
        if param is None or uri is None:
            return -1
        if not param:
            return 1
        return self._set(ctx, uri.replaced(params=f"{uri.params};{param}" if uri.params else param))

    def tel2sip(self, ctx: Context) -> int:
        """tel2sip(): what stands behind `tel:` becomes the user, the domain is that of From"""
        text = ctx.uri
        if not text.startswith(TEL):
            return 1
        try:
            host = ctx.msg.from_.parsed_uri.host
        except PeerError:
            host = ""
        if not host:
            self.log.error("tel2sip(): From has no domain", source="uri")
            return -1
        return self._set(ctx, f"sip:{text[len(TEL) :]}@{host};user=phone")

    def _set(self, ctx: Context, uri: str) -> int:
        if len(uri) > MAX_URI_SIZE:
            self.log.error("request URI would be too long", source="uri")
            return -1
        ctx.set_uri(uri)
        return 1
