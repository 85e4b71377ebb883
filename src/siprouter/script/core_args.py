"""Argument types that only the core functions have: hosts, sockets, protocols, attributes and their flags."""

from __future__ import annotations

import re
from dataclasses import dataclass

from siprouter.core.args import ArgType, Constant, Folded
from siprouter.core.avp_names import parse_avp_name
from siprouter.core.context import Context
from siprouter.core.env import LoadEnv
from siprouter.core.values import Value, str_to_int, to_text
from siprouter.core.worker import Worker
from siprouter.script.attributes import PREFIXES, Attribute
from siprouter.script.diagnostics import did_you_mean
from siprouter.transport.endpoint import PROTO_IDS, PROTO_NONE, Listener
from siprouter.util.errors import OperatorError, SourceLocation

URI_HOST = "uri:host"
URI_PORT = "uri:port"
_ATTRIBUTE = re.compile(r"[$%]?(?:([ft][rud]?|g)\.)?([A-Za-z_][\w-]*)(?:\[(-?\d*)\])?", re.ASCII)
_HOST = re.compile(r"\[?[A-Za-z0-9_.:-]+\]?", re.ASCII)
_SOCKET = re.compile(
    r"(?:(udp|tcp|tls|sctp|ws|wss|\*):)?(\[[0-9A-Fa-f:.]+\]|[^:\[\]\s]+)(?::(\d+|\*))?", re.ASCII | re.IGNORECASE
)


class Host(ArgType):
    """A host name or address, or `uri:host`."""

    kind = "a host name or an address"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        text = to_text(value)
        if text == URI_HOST:
            return Constant(URI_HOST)
        if not _HOST.fullmatch(text):
            raise self.bad(value, location)
        return Constant(text.strip("[]"))

    def convert(self, ctx: Context, value: Value) -> str:
        return to_text(value).strip("[]")


class Port(ArgType):
    """A port number; `uri:port` is -1."""

    kind = "a port number"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        if value == URI_PORT:
            return Constant(-1)
        number = value if isinstance(value, int) else str_to_int(to_text(value))
        if number is None or not 0 <= number <= 65535:
            raise self.bad(value, location)
        return Constant(number)

    def convert(self, ctx: Context, value: Value) -> int:
        number = value if isinstance(value, int) else str_to_int(to_text(value))
        return number if number is not None and 0 <= number <= 65535 else 0


class Proto(ArgType):
    """A transport protocol by name; its number."""

    kind = "udp, tcp, tls or sctp"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        number = PROTO_IDS.get(to_text(value).lower(), PROTO_NONE)
        if not 1 <= number <= 4:
            raise self.bad(value, location)
        return Constant(number)

    def convert(self, ctx: Context, value: Value) -> int:
        return PROTO_IDS.get(to_text(value).lower(), PROTO_NONE)


@dataclass(slots=True)
class SocketName:
    """[proto:]host[:port] of one of our sockets; found once the server listens."""

    proto: int
    host: str
    port: int
    found: Listener | None = None

    def find(self, worker: Worker) -> Listener | None:
        """The listener, or None."""
        if self.found is None:
            self.found = worker.listeners.find(self.host, self.port, self.proto)
        return self.found


def parse_socket_name(text: str) -> SocketName | None:
    """`udp:10.0.0.1:5060` and its shorter forms; None for anything else."""
    match = _SOCKET.fullmatch(text)
    if match is None:
        return None
    proto_text, host, port_text = match.groups()
    proto = PROTO_NONE if proto_text in (None, "*") else PROTO_IDS[proto_text.lower()]
    port = 0 if port_text in (None, "*") else int(port_text)
    if port > 65535:
        return None
    return SocketName(proto, host.strip("[]"), port)


class Socket(ArgType):
    """[proto:]host[:port] of a socket that the server listens on."""

    kind = "[proto:]host[:port]"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        name = parse_socket_name(to_text(value))
        if name is None:
            raise self.bad(value, location)
        listeners = getattr(env.worker.listeners, "all", None)
        if listeners and name.find(env.worker) is None:
            known = [listener.name for listener in listeners]
            message = f"the server does not listen on {to_text(value)}"
            raise OperatorError(message, location, f"it listens on {', '.join(known[:8])}")
        return Constant(name)

    def convert(self, ctx: Context, value: Value) -> SocketName | None:
        return parse_socket_name(to_text(value))


class Q(ArgType):
    """A q value such as "0.5", in thousandths."""

    kind = "a q value between 0 and 1"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        number = parse_q(to_text(value))
        if number is None:
            raise self.bad(value, location)
        return Constant(number)

    def convert(self, ctx: Context, value: Value) -> int:
        number = parse_q(to_text(value))
        return -1 if number is None else number


def parse_q(text: str) -> int | None:
    """Thousandths of a q value (RFC 3261 25.1, blanks before it allowed), None for anything else."""
    match = re.fullmatch(r"[ \t]*(?:0*(?:\.(\d{0,}))?|0*1(?:\.0*)?)", text, re.ASCII)
    if match is None or not text.strip():
        return None
    if text.strip().lstrip("0").startswith("1"):
        return 1000
    return int((match.group(1) or "0").ljust(3, "0")[:3])


class AttributeArg(ArgType):
    """An attribute or AVP: `$x`, `$f.x[1]`, `$avp(s:x)`, or its name in quotes."""

    kind = "an attribute such as $name"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        attribute = parse_attribute(to_text(value))
        if attribute is None:
            raise self.bad(value, location)
        return Constant(attribute)

    def convert(self, ctx: Context, value: Value) -> Attribute | None:
        return parse_attribute(to_text(value))


def parse_attribute(text: str) -> Attribute | None:
    """The attribute that `text` names, None for none."""
    if text.startswith(("$avp(", "$(avp(")):
        inner = text[text.index("avp(") + 4 :].rstrip(")")
        return _from_avp_name(inner)
    match = _ATTRIBUTE.fullmatch(text)
    if match is None:
        return _from_avp_name(text.lstrip("$"))
    prefix, name, index = match.groups()
    return Attribute(prefix or "", name, None if index is None else int(index) if index not in ("", "-") else "all")


def _from_avp_name(text: str) -> Attribute | None:
    try:
        klass, name = parse_avp_name(text)
    except ValueError:
        return None
    prefix = next((prefix for prefix, classes in PREFIXES.items() if classes == (klass,)), "")
    return Attribute(prefix, str(name), -1) if isinstance(name, str) else None


class AvpFlag(ArgType):
    """The name of a flag that `avpflags` declared; its number."""

    kind = "a flag declared with avpflags"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        name = to_text(value).lower()
        numbers = env.avp_flag_names
        if name not in numbers:
            message = f"avp flag {to_text(value)} is not declared"
            raise OperatorError(message, location, did_you_mean(name, numbers) or f"add: avpflags {name}")
        return Constant(numbers[name])

    def convert(self, ctx: Context, value: Value) -> int:
        raise OperatorError("the flag must be a constant")
