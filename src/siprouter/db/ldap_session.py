"""An LDAP directory, searched by python-ldap in threads of its own, so that only the message that asks waits.

Each thread has a connection. The servers of a session are tried in their order; when none answers, searches fail at
once for RETRY_SECONDS.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from siprouter.util.errors import OperatorError, SipRouterError

if TYPE_CHECKING:
    from types import ModuleType

THREADS = 4
MAX_WAITING = 1_000
"""searches of one session that wait for a thread"""
MAX_ENTRIES = 1_000
RETRY_SECONDS = 0.5

BASE, ONE, SUBTREE = range(3)
"""scopes of a search (RFC 4511 section 4.5.1)"""

Values = dict[str, list[bytes]]
"""the values of an entry by the names of its attributes"""


class LdapError(SipRouterError):
    """The directory is not there, does not answer, or refuses a search."""


class LdapAway(LdapError):
    """No server answers: `told` has heard of it."""


@dataclass(frozen=True, slots=True)
class Session:
    """How to reach a directory; times in seconds."""

    name: str
    servers: tuple[str, ...]
    version: int = 3
    bind_dn: str = ""
    bind_password: str = ""
    connect_timeout: float = 1.0
    bind_timeout: float = 1.0
    search_timeout: float = 5.0


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for; no attributes: all of them."""

    base: str
    scope: int
    filter: str = ""
    attributes: tuple[str, ...] = ()


def load_library() -> ModuleType:
    """python-ldap. Raises OperatorError where it is missing."""
    try:
        import ldap
    except ImportError:
        message = "ldap: directories are searched by the Python package python-ldap"
        raise OperatorError(message, suggestion="pip install 'siprouter[ldap]'") from None
    module: ModuleType = ldap
    return module


class Directory:
    """One session. `told(message)` hears once that no server answers, and that one does again (None)."""

    def __init__(self, session: Session, library: Any, told: Callable[[str | None], None]) -> None:
        self.session = session
        self.library = library
        self.told = told
        self._own = threading.local()
        self._threads: ThreadPoolExecutor | None = None
        self._waiting = 0
        self._not_before = 0.0
        self._away = ""
        self._open: list[Any] = []

    async def search(self, search: Search) -> list[Values]:
        """The entries that are found. Raises LdapError."""
        if self._waiting >= MAX_WAITING:
            raise LdapError("too many searches wait")
        if time.monotonic() < self._not_before:
            raise LdapAway(self._away)
        if self._threads is None:
            self._threads = ThreadPoolExecutor(THREADS, f"ldap-{self.session.name}")
        self._waiting += 1
        try:
            async with asyncio.timeout(self._patience()):
                found = await asyncio.get_running_loop().run_in_executor(self._threads, self._search, search)
        except TimeoutError:
            raise LdapError("no answer in time") from None
        except (self.library.LDAPError, OSError, ValueError) as error:
            raise self._failed(error) from None
        finally:
            self._waiting -= 1
        if self._away:
            self._away = ""
            self.told(None)
        return found

    def _patience(self) -> float:
        """Seconds that a search may take, with the wait for a thread and for servers that do not answer."""
        session = self.session
        return len(session.servers) * (session.connect_timeout + session.bind_timeout) + 2 * session.search_timeout

    def _failed(self, error: Exception) -> LdapError:
        text = describe(error)
        if isinstance(error, self._gone()):
            self._not_before = time.monotonic() + RETRY_SECONDS
            if not self._away:
                self.told(text)
            self._away = text
            return LdapAway(text)
        return LdapError(text)

    def _gone(self) -> tuple[type[Exception], ...]:
        """The errors that another connection may not have."""
        library = self.library
        return library.SERVER_DOWN, library.CONNECT_ERROR, library.UNAVAILABLE, OSError

    # --- in the threads

    def _search(self, search: Search) -> list[Values]:
        fresh = getattr(self._own, "link", None) is None
        try:
            return self._ask(search)
        except self._gone():
            self._drop()
            if fresh:
                raise
        try:
            return self._ask(search)
        except self._gone():
            self._drop()
            raise

    def _drop(self) -> None:
        link, self._own.link = getattr(self._own, "link", None), None
        if link is not None:
            self._open.remove(link)
            self._close(link)

    def _close(self, link: Any) -> None:
        try:
            link.unbind_ext_s()
        except (self.library.LDAPError, OSError):
            return  # it was broken before

    def _ask(self, search: Search) -> list[Values]:
        link = getattr(self._own, "link", None)
        if link is None:
            link = self._own.link = self._connect()
            self._open.append(link)
        wanted = list(search.attributes) or None
        limit = self.session.search_timeout
        number = link.search_ext(
            search.base,
            search.scope,
            search.filter or "(objectClass=*)",
            wanted,
            timeout=limit,
            sizelimit=MAX_ENTRIES,
        )
        try:
            _, rows = link.result(number, 1, limit)
        except self.library.TIMEOUT:
            link.abandon_ext(number)
            raise
        return [values for dn, values in rows if dn is not None]  # references to other servers have none

    def _connect(self) -> Any:
        """A connection to the first server that takes us. Raises what the last one said."""
        library, session = self.library, self.session
        last: Exception = library.SERVER_DOWN()
        for server in session.servers:
            link = library.initialize(server, bytes_mode=False)
            try:
                link.set_option(library.OPT_PROTOCOL_VERSION, session.version)
                link.set_option(library.OPT_NETWORK_TIMEOUT, session.connect_timeout)
                link.set_option(library.OPT_TIMEOUT, session.bind_timeout)
                link.set_option(library.OPT_REFERRALS, 0)
                link.simple_bind_s(session.bind_dn, session.bind_password)
            except (library.LDAPError, OSError) as error:
                self._close(link)
                last = library.SERVER_DOWN({"desc": describe(error)}) if isinstance(error, library.TIMEOUT) else error
            else:
                return link
        raise last

    # --- the end

    def close(self) -> None:
        """Give up all connections; threads that search end when their search does."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
            self._threads = None
        links, self._open = self._open, []
        for link in links:
            self._close(link)


def describe(error: Exception) -> str:
    """What python-ldap says, in one line."""
    details = error.args[0] if error.args else None
    if isinstance(details, dict):
        parts = [str(details[key]) for key in ("desc", "info") if details.get(key)]
        return ": ".join(parts).replace("\n", " ") or type(error).__name__
    return str(error) or type(error).__name__


def describe_search(search: Search) -> str:
    """For the log."""
    scope: Sequence[str] = ("base", "one", "sub")
    return f"{search.base}?{','.join(search.attributes)}?{scope[search.scope]}?{search.filter}"
