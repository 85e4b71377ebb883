"""The instance of h350: searches with the attributes of ITU-T H.350.4, by the sessions of module ldap."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from siprouter.core.access import PvAccess
from siprouter.core.args import Parsed
from siprouter.db.ldap_session import LdapAway, LdapError, Search
from siprouter.modules.ldap.arguments import parse_avp
from siprouter.modules.ldap.state import Ldap, write
from siprouter.modules.ldap.urls import SCOPES, escape_filter
from siprouter.util.errors import OperatorError, SourceLocation

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv
    from siprouter.core.worker import Worker

SOURCE = "h350"
FAILED = -1
NOT_FOUND = -2
MAX_NAME = 1023
MAX_VALUE = 1024
URI_FILTER = "(&(objectClass=SIPIdentity)(SIPIdentitySIPURI={}))"
USER_FILTER = "(&(objectClass=SIPIdentity)(SIPIdentityUserName={}))"
_PREFERENCE = re.compile(r"(?P<uri>[^ ]+) +(?P<kind>[a-zA-Z]+)(?::(?P<milliseconds>[0-9]{1,9}))?")


def parse_avps(text: str, env: LoadEnv, location: SourceLocation) -> tuple[PvAccess, PvAccess]:
    """`$avp(user)/$avp(password)`. Raises OperatorError."""
    user, slash, password = text.partition("/")
    if not slash:
        raise OperatorError(f"expected two AVPs, found '{text}'", location, "$avp(s:user)/$avp(s:password)")
    return parse_avp(user, env, location), parse_avp(password, env, location)


class AccountAvps(Parsed):
    """Where a user name and a password go."""

    def __init__(self, name: str = "AVPs") -> None:
        super().__init__(name, parse_avps, "$avp(user)/$avp(password)")


class H350:
    """Accounts in a directory."""

    ldap_session: str
    base_dn: str
    search_scope: str

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.log = worker.log
        self.ldap: Ldap

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        self.ldap = self.worker.module("ldap")
        if self.search_scope.lower() not in SCOPES or not self.search_scope:
            raise OperatorError(f"h350: search_scope must be base, one or sub, found '{self.search_scope}'")
        if self.ldap.directories and self.ldap_session not in self.ldap.directories:  # else ldap has said what is wrong
            names = ", ".join(self.ldap.directories)
            raise OperatorError(f"h350: there is no LDAP session '{self.ldap_session}'", suggestion=f"one of {names}")

    async def _search(self, ctx: Context, template: str, value: str, function: str) -> int:
        """The number of entries, NOT_FOUND or FAILED."""
        if not value or len(value) > MAX_VALUE:
            self.log.error("%s(): nothing, or too much, to look for", function, source=SOURCE)
            return FAILED
        search = Search(self.base_dn, SCOPES[self.search_scope.lower()], template.format(escape_filter(value)))
        try:
            return await self.ldap.search(ctx, self.ldap_session, search) or NOT_FOUND
        except LdapError as error:
            say = self.log.info if isinstance(error, LdapAway) else self.log.error
            say("%s(): %s", function, error, source=SOURCE)
            return FAILED

    async def sipuri_lookup(self, ctx: Context, uri: str) -> int:
        """h350_sipuri_lookup(uri)"""
        return await self._search(ctx, URI_FILTER, uri, "h350_sipuri_lookup")

    async def auth_lookup(self, ctx: Context, user: str, avps: tuple[PvAccess, PvAccess]) -> int:
        """h350_auth_lookup(user, avps): 1, and the AVPs are set; NOT_FOUND, FAILED."""
        count = await self._search(ctx, USER_FILTER, user, "h350_auth_lookup")
        if count < 1:
            return count
        if count > 1:
            self.log.warning("%d accounts have the user name %s", count, user, source=SOURCE)
        passwords = self._values(ctx, "SIPIdentityPassword")
        if not passwords:
            self.log.info("the account %s has no password", user, source=SOURCE)
            return FAILED
        write(avps[0], ctx, user)
        write(avps[1], ctx, passwords[0])
        return 1

    def _values(self, ctx: Context, attribute: str) -> list[str] | None:
        """None where there was no search."""
        result = self.ldap.result(ctx)
        if result is None:
            self.log.error("there is no result of a search", source=SOURCE)
            return None
        return result.values(attribute)

    def _name(self, prefix: str, rest: str) -> str | None:
        name = prefix + rest
        if len(name) <= MAX_NAME:
            return name
        self.log.error("the name of an AVP would be too long: %s…", name[:64], source=SOURCE)
        return None

    def call_preferences(self, ctx: Context, prefix: str) -> int:
        """h350_result_call_preferences(prefix): how many there were, NOT_FOUND or FAILED.

        `sip:x@y b` sets the AVP prefix + "b" to the URI; `sip:x@y n:20000` also prefix + "n_t" to 20 (seconds).
        """
        values = self._values(ctx, "callPreferenceURI")
        if values is None:
            return FAILED
        count = 0
        for value in values:
            match = _PREFERENCE.fullmatch(value)
            name = self._name(prefix, f"{match['kind']}_t") if match else None
            if match is None or name is None:
                self.log.info("this call preference is not understood: %s", value[:80], source=SOURCE)
                continue
            ctx.avps.add(name.removesuffix("_t"), match["uri"])
            if match["milliseconds"]:
                ctx.avps.add(name, int(match["milliseconds"]) // 1000)
            count += 1
        return count or NOT_FOUND

    def service_level(self, ctx: Context, prefix: str) -> int:
        """h350_result_service_level(prefix): sets the AVP prefix + level to 1 for each; how many, NOT_FOUND, FAILED."""
        values = self._values(ctx, "SIPIdentityServiceLevel")
        if values is None:
            return FAILED
        names = [name for value in values if (name := self._name(prefix, value)) is not None]
        for name in names:
            ctx.avps.add(name, 1)
        return len(names) or NOT_FOUND
