"""What one route block did with one message."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from siprouter.core.context import Branch, Context
from siprouter.core.routes import BRANCH, FAILURE, REQUEST, TM_ONREPLY
from siprouter.core.values import Value
from siprouter.sip.message import Message
from siprouter.util.errors import NOWHERE
from siprouter.util.log import Record

if TYPE_CHECKING:
    from siprouter.core.worker import Worker
    from siprouter.testing.network import Messages

KINDS = {
    "route": REQUEST,
    "failure_route": FAILURE,
    "onreply_route": TM_ONREPLY,
    "branch_route": BRANCH,
}


def read_variable(worker: Worker, ctx: Context, text: str) -> Value:
    """The value of "$ru", "$(hdr(X)[1])", "$avp(s:x){s.len}" …, None for null. Raises OperatorError for no variable."""
    value: Value = worker.env.parse_pvar(text, NOWHERE).get(ctx)
    return value


def write_variables(worker: Worker, ctx: Context, values: Mapping[str, Value]) -> None:
    """Assign as a script does. AssertionError for a variable that cannot be written."""
    for text, value in values.items():
        access = worker.env.parse_pvar(text, NOWHERE)
        assert access.set is not None, f"{text} cannot be written"
        access.set(ctx, value)


class RouteRun:
    """The outcome of `Node.run_route`.

    `code` is the route's return code, 0 where it stopped the script (`exit`, `drop`); `ctx` the context that it left;
    `sent` what the router sent meanwhile, `records` what it logged.
    """

    def __init__(self, ctx: Context, code: int, sent: Messages, records: list[Record]) -> None:
        self.ctx = ctx
        self.code = code
        self.sent = sent
        self.records = records

    @property
    def stopped(self) -> bool:
        """Whether the script ended here."""
        return self.code == 0

    @property
    def dropped(self) -> bool:
        """Whether `drop` ended it."""
        return self.ctx.dropped

    @cached_property
    def edited(self) -> Message:
        """The message with the edits that the route made to its headers and body."""
        message: Message = self.ctx.msg.apply_edits()
        return message

    def header(self, name: str, index: int = 0) -> str | None:
        """Value of a header field of the edited message, or None."""
        found = self.edited.find(name)
        return self.edited.value(found[index]) if -len(found) <= index < len(found) else None

    def headers(self, name: str) -> list[str]:
        """All values of a header field of the edited message, a line each."""
        return [self.edited.value(header) for header in self.edited.find(name)]

    @property
    def uri(self) -> str:
        """The request URI as the route left it."""
        return self.ctx.uri

    @property
    def dst_uri(self) -> str | None:
        """The next hop ($du), None where there is none."""
        return self.ctx.dst_uri

    @property
    def branches(self) -> list[Branch]:
        """What append_branch() added."""
        return list(self.ctx.branch_list or ())

    @property
    def logged(self) -> list[str]:
        """Texts of what was logged."""
        return [record.text for record in self.records]

    def variable(self, text: str) -> Value:
        """The value of a variable after the route, as "$var(x)"; None for null."""
        return read_variable(self.ctx.worker, self.ctx, text)
