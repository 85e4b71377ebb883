"""The instance of uac_redirect: which contacts of redirections become branches."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator
from typing import TYPE_CHECKING, Any

from siprouter.core.context import Branch
from siprouter.ksr.api import HostApi
from siprouter.modules.uac_redirect.arguments import compile_filter
from siprouter.sip.contact import parse_q
from siprouter.sip.uri import parse_uri
from siprouter.transaction.branch import B_FIRST
from siprouter.util.errors import NOWHERE, OperatorError, PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker
    from siprouter.sip.message import Message
    from siprouter.util.regex import Regex

SOURCE = "uac_redirect"
MAX_FILTERS = 6
"""of each kind, the one of the parameter included"""
MAX_CONTACTS = 16
"""that are taken from one reply"""
USUAL_Q = 10
"""thousandths: what a contact without q counts"""
ACC_FUNCTIONS = ("acc_log_request", "acc_db_request", "acc_rad_request", "acc_diam_request")
WITH_TABLE = "acc_db_request"


class Filters:
    """Those of one kind for one message: `added` by the script, and `default` unless it was put aside."""

    def __init__(self, default: Regex | None) -> None:
        self.default = default
        self.added: list[Regex | None] = []

    def add(self, pattern: Regex | None, reset: str) -> bool:
        """Add a filter after forgetting others; False where there are too many."""
        if len(self.added) + 1 >= MAX_FILTERS:
            return False
        if reset in ("reset_all", "reset_added"):
            self.added.clear()
        if reset in ("reset_all", "reset_default"):
            self.default = None
        self.added.append(pattern)
        return True

    def match(self, uri: str) -> bool:
        """Whether one of them matches."""
        return any(pattern is not None and pattern.matches(uri) for pattern in (self.default, *self.added))


class Redirects:
    """One instance per worker."""

    default_filter: str | None
    deny_filter: str | None
    accept_filter: str | None
    acc_function: str
    acc_db_table: str
    bflags: int

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.log = worker.log
        self._accepted: Regex | None = None
        self._denied: Regex | None = None
        self._by_default = True

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        rule = (self.default_filter or "accept").lower()
        if rule not in ("accept", "deny"):
            raise OperatorError(f'uac_redirect: default_filter must be "accept" or "deny", found "{rule}"')
        self._by_default = rule == "accept"
        if self.acc_function and self.acc_function not in ACC_FUNCTIONS:
            message = f"uac_redirect: acc_function must be one of {', '.join(ACC_FUNCTIONS)}"
            raise OperatorError(f"{message}, found {self.acc_function}")
        if not 0 <= self.bflags < 2**32:
            raise OperatorError(f"uac_redirect: bflags must be 0 to {2**32 - 1}, found {self.bflags}")
        self._accepted = compile_filter(self.accept_filter or "", NOWHERE)
        self._denied = compile_filter(self.deny_filter or "", NOWHERE)

    # --- filters of a message

    def filters(self, ctx: Context) -> tuple[Filters, Filters]:
        """Accepting and denying ones of this message."""
        found: tuple[Filters, Filters] | None = ctx.vars.get(SOURCE)
        if found is None:
            found = ctx.vars[SOURCE] = (Filters(self._accepted), Filters(self._denied))
        return found

    def set_accept_filter(self, ctx: Context, pattern: Regex | None, reset: str) -> int:
        """set_accept_filter(filter, flags)."""
        return self._add(self.filters(ctx)[0], pattern, reset)

    def set_deny_filter(self, ctx: Context, pattern: Regex | None, reset: str) -> int:
        """set_deny_filter(filter, flags)."""
        return self._add(self.filters(ctx)[1], pattern, reset)

    def _add(self, filters: Filters, pattern: Regex | None, reset: str) -> int:
        if filters.add(pattern, reset):
            return 1
        self.log.error("more than %d filters of one kind", MAX_FILTERS, source=SOURCE)
        return -1

    def takes(self, ctx: Context, uri: str) -> bool:
        """Whether the filters let a contact through."""
        accepting, denying = self.filters(ctx)
        if accepting.match(uri):
            return True
        return self._by_default and not denying.match(uri)

    # --- redirections

    def get_redirects(self, ctx: Context, limits: tuple[int, int], reason: str | None = None) -> int:
        """get_redirects(max[, reason]): 1 where there are new branches. The filters of the message end with it."""
        total, per_branch = limits
        tried = {branch.uri for branch in ctx.transaction.branches}
        added = 0
        for reply in redirections(ctx.transaction.branches):
            room = total - added if total else MAX_CONTACTS
            for q, uri in self._contacts(ctx, reply, tried)[: min(room, per_branch or MAX_CONTACTS)]:
                if not ctx.append_branch(Branch(uri, q=q, flags=self.bflags)):
                    self.log.error("there are more redirections than branches", source=SOURCE)
                    break
                tried.add(uri)
                added += 1
                if reason is not None:
                    self._account(ctx, uri, reason)
        ctx.vars.pop(SOURCE, None)
        return 1 if added else -1

    def _contacts(self, ctx: Context, reply: Message, tried: set[str]) -> list[tuple[int, str]]:
        """(q, URI) of the contacts of a reply that may be tried, those with the greatest q first."""
        found: list[tuple[int, str]] = []
        try:
            contacts = reply.contacts()
        except PeerError as error:
            self.log.warning("contacts of a redirection: %s", error.reason, source=SOURCE)
            return found
        for contact in contacts:
            uri = contact.uri
            if contact.star or uri in tried or not self.takes(ctx, uri):
                continue
            try:
                q = parse_q(contact.params["q"]) if contact.params.get("q") else USUAL_Q
                is_sip = parse_uri(uri).is_sip
            except (PeerError, ValueError) as error:
                self.log.warning("contact %s of a redirection: %s", uri, error, source=SOURCE)
                continue
            if is_sip and uri not in (known for _, known in found):
                found.append((q, uri))
        found.sort(key=lambda item: -item[0])
        return found[:MAX_CONTACTS]

    def _account(self, ctx: Context, uri: str, reason: str) -> None:
        """One record; the request URI is for it the one that the redirection names."""
        args = (reason, self.acc_db_table) if self.acc_function == WITH_TABLE else (reason,)
        before = ctx.new_uri, ctx.uri_consumed
        ctx.set_uri(uri)
        try:
            result = HostApi(self.worker, self.worker.env).call(ctx, "acc", self.acc_function, args)
            if isinstance(result, Awaitable):
                raise OperatorError(f"{self.acc_function}() cannot be used here")
        except OperatorError as error:
            self.log.error("a redirection is not accounted: %s", error, source=SOURCE)
        finally:
            ctx.new_uri, ctx.uri_consumed = before
            ctx.uri_cache = None


def redirections(branches: list[Any]) -> Iterator[Message]:
    """The 3xx replies of the last step of forking."""
    first = max((number for number, branch in enumerate(branches) if branch.flags & B_FIRST), default=0)
    for branch in branches[first:]:
        if 300 <= branch.status <= 399 and branch.reply is not None:
            yield branch.reply.msg
