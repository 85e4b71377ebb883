"""What can be seen of a message that has stopped: scopes with variables, some of which can be set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from siprouter.core.avp import DEFAULT_CLASS, AvpName
from siprouter.core.context import Branch, Context
from siprouter.core.routes import ROUTE_NAMES
from siprouter.core.values import Value, to_int
from siprouter.sip.message import Message
from siprouter.util.errors import OperatorError, PeerError
from siprouter.util.text import to_str

MAX_SHOWN = 4096  # characters of a value
MAX_VARIABLES = 2000  # in a scope


@dataclass(slots=True)
class Variable:
    """One line of a scope. `expression` reads it again, "": nothing does; `children` gives what it consists of."""

    name: str
    value: Any
    expression: str = ""
    assign: Callable[[Value], None] | None = None
    children: Callable[[], list[Variable]] | None = None


def shown(value: Any) -> str:
    """A value as the script would write it."""
    if value is None:
        return "null"
    if isinstance(value, str):
        cut = value if len(value) <= MAX_SHOWN else value[:MAX_SHOWN] + "…"
        escaped = cut.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "\\r").replace("\n", "\\n")
        return f'"{escaped.encode("utf-8", "backslashreplace").decode()}"'
    return str(value)


def type_of(value: Any) -> str:
    """The type of a value in the script."""
    if value is None:
        return "null"
    return "int" if isinstance(value, int) else "str"


class Literal:
    """Text that is shown as it is."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text


def scopes(ctx: Context) -> list[tuple[str, Callable[[], list[Variable]]]]:
    """Names of the scopes, and what is in each."""
    found: list[tuple[str, Callable[[], list[Variable]]]] = [
        ("Message", lambda: message_lines(ctx)),
        ("Headers", lambda: headers(ctx.msg)),
        ("Pseudo-variables", lambda: pseudo_variables(ctx)),
        ("AVPs", lambda: attributes(ctx)),
        ("Script variables", lambda: script_variables(ctx)),
        ("Flags", lambda: flags(ctx)),
        ("Branches", lambda: branches(ctx)),
    ]
    if isinstance(ctx.reply, Message):
        reply = ctx.reply
        found.insert(2, ("Reply", lambda: [Variable("first line", reply.first_line), *headers(reply)]))
    return found


def message_lines(ctx: Context) -> list[Variable]:
    """Where the message comes from and where it goes."""
    msg = ctx.msg

    def set_uri(value: Value) -> None:
        ctx.set_uri(str(value)) if value is not None else ctx.revert_uri()

    def set_destination(value: Value) -> None:
        ctx.dst_uri = None if value is None else str(value)

    found = [
        Variable("first line", msg.first_line),
        Variable("source", Literal(str(ctx.source))),
        Variable("route", Literal(ROUTE_NAMES.get(ctx.route_type, str(ctx.route_type)))),
        Variable("return code", ctx.rc),
    ]
    if msg.is_request:
        found.insert(1, Variable("request URI", ctx.uri, assign=set_uri))
        found.insert(2, Variable("destination URI", ctx.dst_uri, assign=set_destination))
    if ctx.transaction is not None:
        found.append(Variable("transaction", Literal("yes")))
    body = to_str(msg.body)
    if body:
        found.append(Variable("body", body))
    return found


def headers(msg: Message) -> list[Variable]:
    """Name and value of each header field, as received."""
    return [
        Variable(to_str(msg.buf[header.name_start : header.name_end]).strip(), msg.value(header))
        for header in msg.headers[:MAX_VARIABLES]
    ]


def variable(ctx: Context, text: str) -> Variable | None:
    """A pseudo-variable by its text; None where it cannot be read."""
    try:
        access = ctx.worker.env.parse_pvar(text)
        value = access.get(ctx)
    except (OperatorError, PeerError):
        return None
    setter = access.set
    assign = None if setter is None else lambda value: setter(ctx, value)
    return Variable(text, value, text, assign)


def pseudo_variables(ctx: Context) -> list[Variable]:
    """Those without an inner name that are not null."""
    found = []
    for name, (declared, _) in sorted(ctx.worker.registry.pvars.items()):
        if declared.get is None or name in ("RANDOM", "var"):
            continue
        one = variable(ctx, f"${name}")
        if one is not None and one.value is not None:
            found.append(one)
    return found


def attributes(ctx: Context) -> list[Variable]:
    """AVPs, newest value first, and extended ones."""
    store = ctx.avp_store
    if store is None:
        return []
    found = []
    for klass, name in store.names()[:MAX_VARIABLES]:
        values = store.all(name, klass)
        for index in range(len(values)):
            found.append(_attribute(ctx, klass, name, index))
    for name, extended in store.xavps.items():
        found.append(Variable(f"$xavp({name})", Literal(shown_fields(extended))))
    return found[:MAX_VARIABLES]


def _attribute(ctx: Context, klass: int, name: AvpName, index: int) -> Variable:
    values = ctx.avps.all(name, klass)
    spelled = f"i:{name}" if isinstance(name, int) else f"s:{name}"
    text = f"$avp({spelled})" if index == 0 else f"$(avp({spelled})[{index}])"
    if klass != DEFAULT_CLASS:
        text = f"avp {name} of class {klass}" + (f" [{index}]" if index else "")

    def assign(value: Value) -> None:
        if value is None:
            ctx.avps.delete_at(name, index, klass)
        else:
            values[index] = value

    return Variable(text, values[index], text if klass == DEFAULT_CLASS else "", assign)


def shown_fields(extended: Any) -> str:
    """The values of an extended AVP on one line."""
    if isinstance(extended, dict):
        return "{" + ", ".join(f"{name}: {shown_fields(value)}" for name, value in extended.items()) + "}"
    if isinstance(extended, list):
        return "[" + ", ".join(shown_fields(value) for value in extended) + "]"
    return shown(extended)


def script_variables(ctx: Context) -> list[Variable]:
    """All `$var` of the worker."""
    pv = ctx.worker.modules.get("pv")
    names = [] if pv is None else sorted(pv.variables)
    found = [variable(ctx, f"$var({name})") for name in names[:MAX_VARIABLES]]
    return [one for one in found if one is not None]


def shown_flags(ctx: Context, number: int) -> Literal:
    """Flags as a number, and which they are."""
    names: dict[int, list[str]] = {}
    for name, bit in ctx.worker.env.flag_names.items():
        names.setdefault(bit, []).append(name)
    bits = [bit for bit in range(32) if number >> bit & 1]
    words = [f"{bit} ({', '.join(names[bit])})" if bit in names else str(bit) for bit in bits]
    return Literal(f"{number:#x}" + (f": {', '.join(words)}" if words else ""))


def flags(ctx: Context) -> list[Variable]:
    """Message, branch and script flags."""

    def setter(name: str) -> Callable[[Value], None]:
        return lambda value: setattr(ctx, name, to_int(value) & 0xFFFFFFFF)

    found = [
        Variable(title, shown_flags(ctx, getattr(ctx, name)), assign=setter(name))
        for title, name in (("message", "flags"), ("branch", "branch_flags"), ("script", "script_flags"))
    ]
    return [*found, Variable("dropped", int(ctx.dropped)), Variable("force_rport", int(ctx.force_rport))]


def branches(ctx: Context) -> list[Variable]:
    """The destinations that append_branch() added."""
    return [
        Variable(f"[{number}]", Literal(branch.uri), children=partial(branch_lines, ctx, branch))
        for number, branch in enumerate(ctx.branch_list or (), 1)
    ]


def branch_lines(ctx: Context, branch: Branch) -> list[Variable]:
    """What is known of one destination."""
    return [
        Variable("uri", branch.uri),
        Variable("q", None if branch.q < 0 else Literal(f"{branch.q / 1000:.3f}")),
        Variable("dst_uri", branch.dst_uri),
        Variable("path", branch.path),
        Variable("socket", None if branch.force_socket is None else Literal(str(branch.force_socket.name))),
        Variable("flags", shown_flags(ctx, branch.flags)),
        Variable("instance", branch.instance),
    ]
