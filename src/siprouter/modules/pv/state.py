"""What the pv module keeps for a worker: script variables, shared variables, and what was parsed last."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from siprouter.core.avp_names import parse_avp_aliases
from siprouter.core.values import Value, str_to_int
from siprouter.modules.pv.shared import SharedVariables
from siprouter.sip.nameaddr import NameAddr
from siprouter.sip.uri import Uri, parse_uri
from siprouter.util.errors import OperatorError, PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

MESSAGE_ID = "pv.message_id"


class ScriptVariable:
    """One `$var(name)`: it lives in the worker and survives the message."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: str | int = 0


class Pv:
    """The instance of the module."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.log = worker.log
        self.variables: dict[str, ScriptVariable] = {}
        self.shared = SharedVariables(worker.state)
        self.process_id = os.getpid()
        self.last_message_id = 0
        self._last_uri: tuple[str, Uri | None] = ("", None)
        self._last_params: tuple[str, list[tuple[str, str]] | None] = ("", None)
        self.last_address: tuple[str, NameAddr | None] = ("", None)

    def variable(self, name: str) -> ScriptVariable:
        """The script variable `name`, made with the value 0 if new."""
        found = self.variables.get(name)
        if found is None:
            found = self.variables[name] = ScriptVariable()
        return found

    def message_id(self, ctx: Context) -> int:
        """A number for this message, the same at each call and larger than those of messages before."""
        number = ctx.vars.get(MESSAGE_ID)
        if number is None:
            self.last_message_id += 1
            number = ctx.vars[MESSAGE_ID] = self.last_message_id
        return int(number)

    def uri(self, text: str) -> Uri | None:
        """`text` parsed as URI, None for a malformed one; the last one is kept."""
        if self._last_uri[0] != text:
            try:
                self._last_uri = (text, parse_uri(text))
            except PeerError:
                self._last_uri = (text, None)
        return self._last_uri[1]

    def param_list(self, text: str) -> list[tuple[str, str]] | None:
        """`text` (`a=b;c`) as (name, value) in order, None for a malformed list; the last one is kept."""
        if self._last_params[0] != text:
            self._last_params = (text, split_params(text))
        return self._last_params[1]

    def add_variable(self, text: str) -> None:
        """The parameter varset: `name=s:text` or `name=i:number`."""
        name, value = _initial_value("varset", text)
        self.variable(name).value = value

    def add_shared(self, text: str) -> None:
        """The parameter shvset: `name=s:text` or `name=i:number`."""
        name, value = _initial_value("shvset", text)
        self.shared.declare(name, value)

    def add_aliases(self, text: str) -> None:
        """The parameter avp_aliases: `alias=name;…`."""
        try:
            self.worker.avp_aliases.update(parse_avp_aliases(text))
        except ValueError as error:
            raise OperatorError(
                f"parameter avp_aliases: {error}", suggestion='"uuid=i:660;email=s:email_addr"'
            ) from None

    def refuse(self, ctx: Context, what: str, value: Value) -> None:
        """Log an assignment that cannot be done; the script goes on."""
        self.log.error("cannot set %s to %r", what, value, source="pv")


def _initial_value(param: str, text: str) -> tuple[str, str | int]:
    name, equals, rest = text.partition("=")
    kind, colon, value = rest[:1].lower(), rest[1:2], rest[2:]
    if name and equals and colon == ":":
        if kind == "s":
            return name, value
        number = str_to_int(value) if kind == "i" else None
        if number is not None:
            return name, number
    raise OperatorError(f'parameter {param}: expected name=s:text or name=i:number, found "{text}"')


_BLANKS = " \t\r\n"
MAX_PARAMS = 1000


def split_params(text: str) -> list[tuple[str, str]] | None:
    """Parameters as SIP Router's own parser takes them: blanks around separators, quoted values, no `;` at the end.

    None for a malformed list.
    """
    found: list[tuple[str, str]] = []
    pos, size = 0, len(text)
    while len(found) < MAX_PARAMS:
        start = pos
        while pos < size and text[pos] not in " \t\r\n;,=":
            pos += 1
        name, value = text[start:pos], ""
        pos = _skip(text, pos)
        if pos < size and text[pos] == "=":
            pos = _skip(text, pos + 1)
            if pos < size:
                taken = _value(text, pos)
                if taken is None:
                    return None
                value, pos = taken
            pos = _skip(text, pos)
        found.append((name, value))
        if pos >= size or text[pos] in ",>":
            return found
        if text[pos] != ";":
            return None
        pos = _skip(text, pos + 1)
        if pos >= size:
            return None
    return None


def _skip(text: str, pos: int) -> int:
    while pos < len(text) and text[pos] in _BLANKS:
        pos += 1
    return pos


def _value(text: str, pos: int) -> tuple[str, int] | None:
    """A parameter's value from `pos` on, and where it ends; None where there is none."""
    if text[pos] == '"':
        end = pos + 1
        while end < len(text) and text[end] != '"':
            end += 2 if text[end] == "\\" else 1
        return (text[pos + 1 : end], end + 1) if end < len(text) else None
    end = pos
    while end < len(text) and text[end] not in " \t\r\n,;":
        end += 1
    return (text[pos:end], end) if end > pos else None
