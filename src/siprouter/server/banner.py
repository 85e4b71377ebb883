"""What `siprouter run` says when it listens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.rpc.version import full_version
from siprouter.transport.endpoint import PROTO_NAMES, PROTO_NONE, SIP_PORT, url_host
from siprouter.transport.listeners import is_loopback

if TYPE_CHECKING:
    from siprouter.core.worker import Worker
    from siprouter.transport.endpoint import Listener
    from siprouter.transport.listeners import Listeners

INDENT = " " * 13
AUTH_MODULES = ("auth_db", "auth_radius", "auth_diameter", "auth")


def listening_lines(listeners: Listeners) -> list[str]:
    """Sockets and aliases, in the form of SIP Router."""
    lines = ["Listening on"]
    for listener in listeners:
        name = listeners.names[listener]
        shown = url_host(listener.address) if name == listener.address else f"{name} [{listener.address}]"
        lines.append(f"{INDENT}{PROTO_NAMES[listener.proto]}: {shown}:{listener.port}")
    if listeners.aliases:
        lines.append("Aliases:")
    for alias in listeners.aliases:
        proto = "*" if alias.proto == PROTO_NONE else PROTO_NAMES[alias.proto]
        lines.append(f"{INDENT}{proto}: {url_host(alias.host)}:{alias.port or '*'}")
    return lines


def phone_lines(worker: Worker) -> list[str]:
    """How to register a phone; nothing where the configuration has no registrar."""
    if "registrar" not in worker.modules:
        return []
    listener = phone_listener(worker.listeners)
    if listener is None:
        return []
    address = listener.via_host.decode()
    server = address if listener.via_port == SIP_PORT else f"{address}:{listener.via_port}"
    has_passwords = any(name in worker.modules for name in AUTH_MODULES)
    password = "the password that the configuration asks for" if has_passwords else "any (none is asked for)"
    return [
        "To register a phone, set in it:",
        f"{INDENT}server (registrar, proxy): {server}, transport {PROTO_NAMES[listener.proto].upper()}",
        f"{INDENT}user name: one of your choice, for example alice; password: {password}",
        f"{INDENT}and call another one as sip:NAME@{server}",
    ]


def phone_listener(listeners: Listeners) -> Listener | None:
    """The first listener that is not on the loopback, or else the first."""
    found = list(listeners)
    return next((one for one in found if not is_loopback(one.address)), found[0] if found else None)


def banner(worker: Worker, file: str) -> str:
    """All lines."""
    lines = [f"{full_version()}, configuration {file}", *listening_lines(worker.listeners), *phone_lines(worker)]
    return "\n".join(lines)
