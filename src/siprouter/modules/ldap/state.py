"""The instance of ldap: sessions, and for each message the entries that its last search found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from siprouter.core.access import PvAccess
from siprouter.core.substitution import Substitution
from siprouter.core.values import str_to_int
from siprouter.db.ldap_session import Directory, LdapAway, LdapError, Search, Values, describe_search, load_library
from siprouter.modules.ldap.arguments import Comparison, Destination
from siprouter.modules.ldap.config_file import read_file
from siprouter.modules.ldap.urls import encode_filter_value, parse_url
from siprouter.util.errors import PeerError
from siprouter.util.text import to_str

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

SOURCE = "ldap"
NOT_FOUND = -1
FAILED = -2


@dataclass(slots=True)
class Result:
    """What a search found, and the entry that functions look at."""

    entries: list[Values]
    index: int = 0

    def values(self, attribute: str) -> list[str]:
        """The values of an attribute of the present entry, whatever its options (`;lang-en`) and case."""
        wanted = attribute.lower()
        for name, values in self.entries[self.index].items() if self.entries else ():
            found = name.lower()
            if found == wanted or found.startswith(f"{wanted};"):
                return [to_str(value) for value in values]
        return []


class Ldap:
    """The directories of the configuration file."""

    config_file: str

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.log = worker.log
        self.directories: dict[str, Directory] = {}

    def configure(self) -> None:
        """Read the file. Raises OperatorError."""
        library = load_library()
        sessions, notes = read_file(self.config_file)
        for note in notes:
            self.log.warning("%s", note, source=SOURCE)
        for session in sessions:
            self.directories[session.name] = Directory(session, library, self._teller(session.name))

    def _teller(self, name: str) -> Callable[[str | None], None]:
        def told(message: str | None) -> None:
            if message is None:
                self.log.notice("session %s: a server answers again", name, source=SOURCE)
            else:
                self.log.error("session %s: no server answers: %s", name, message, source=SOURCE)

        return told

    def stop(self) -> None:
        """Give up all connections."""
        for directory in self.directories.values():
            directory.close()

    # --- what other modules use

    async def search(self, ctx: Context, session: str, search: Search) -> int:
        """Search, and keep what is found for this message: how many entries. Raises LdapError."""
        ctx.vars.pop(SOURCE, None)
        directory = self.directories.get(session)
        if directory is None:
            raise LdapError(f"there is no session '{session[:64]}'")
        entries = await directory.search(search)
        ctx.vars[SOURCE] = Result(entries)
        return len(entries)

    def result(self, ctx: Context) -> Result | None:
        """What the last search of this message found; None where there was none, or it failed."""
        found = ctx.vars.get(SOURCE)
        return found if isinstance(found, Result) else None

    # --- the script

    async def ldap_search(self, ctx: Context, url: str) -> int:
        """ldap_search(url): the number of entries, -1 for none, -2 for an error."""
        try:
            session, search = parse_url(url)
            count = await self.search(ctx, session, search)
        except ValueError as error:
            ctx.vars.pop(SOURCE, None)
            self.log.error("ldap_search(%s): %s", url[:200], error, source=SOURCE)
            return FAILED
        except LdapError as error:
            say = self.log.info if isinstance(error, LdapAway) else self.log.error
            say("ldap_search(%s): %s", url[:200], error, source=SOURCE)
            return FAILED
        if not count:
            self.log.info("nothing found for %s", describe_search(search), source=SOURCE)
        return count or NOT_FOUND

    def _texts(self, ctx: Context, attribute: str, change: Substitution | None) -> list[str] | None:
        """The values of an attribute, changed by a substitution where it matches; None without a search."""
        result = self.result(ctx)
        if result is None:
            self.log.error("there is no result of ldap_search()", source=SOURCE)
            return None
        values = result.values(attribute)
        if change is None:
            return values
        found = []
        for value in values:
            try:
                changed = change.run(ctx, value)
            except (ValueError, PeerError) as error:
                self.log.error("%s of %s: %s", change.text, attribute, error, source=SOURCE)
                continue
            if changed is not None:
                found.append(changed)
        return found

    def ldap_result(self, ctx: Context, to: Destination, change: Substitution | None = None) -> int:
        """ldap_result(attribute/AVP[/int][, substitution]): the number of values, -1 none, -2 an error."""
        texts = self._texts(ctx, to.attribute, change)
        if texts is None:
            return FAILED
        values = [str_to_int(text) for text in texts] if to.integer else texts
        stored = [value for value in values if value is not None]
        for value in stored:
            write(to.avp, ctx, value)
        return len(stored) or NOT_FOUND

    def ldap_result_check(self, ctx: Context, wanted: Comparison, change: Substitution | None = None) -> int:
        """ldap_result_check(attribute/text[, substitution]): 1 where a value equals the text, -1, -2 for an error."""
        texts = self._texts(ctx, wanted.attribute, change)
        text = wanted.wanted.text(ctx)
        if texts is None or not text:
            return FAILED
        return 1 if text in texts else NOT_FOUND

    def ldap_result_next(self, ctx: Context) -> int:
        """ldap_result_next(): 1 where there is another entry, which counts from now on; -1, -2 without a search."""
        result = self.result(ctx)
        if result is None:
            self.log.error("ldap_result_next(): there is no result of ldap_search()", source=SOURCE)
            return FAILED
        if result.index + 1 >= len(result.entries):
            return NOT_FOUND
        result.index += 1
        return 1

    def ldap_filter_url_encode(self, ctx: Context, text: str, avp: PvAccess) -> int:
        """ldap_filter_url_encode(text, AVP): the text as it may stand in the filter of a URL; -1 where it is empty."""
        if not text:
            return NOT_FOUND
        write(avp, ctx, encode_filter_value(text))
        return 1


def write(avp: PvAccess, ctx: Context, value: str | int) -> None:
    """One more value of an AVP."""
    assert avp.set is not None  # arguments.parse_avp
    avp.set(ctx, value)
