"""Configuration files in the format of radiusclient-ng and freeradius-client, and the files of secrets they name."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from siprouter.util.errors import OperatorError, SourceLocation

MAX_FILE = 1 << 20
MAX_SERVERS = 8
AUTH_PORT = 1812
ACCT_PORT = 1813

AUTO, ALWAYS, NEVER = "auto", "yes", "no"

# what the libraries know and has nothing to do with a proxy: logins on terminals, and files that they keep state in
IGNORED = frozenset(
    (
        *("auth_order", "login_tries", "login_timeout", "nologin", "issue", "login_radius", "login_local"),
        *("seqfile", "mapfile", "default_realm", "clientdebug", "radius_log_level"),
    )
)
NUMBERS = {"radius_timeout": (1, 60), "radius_retries": (0, 20), "radius_deadtime": (0, 86_400)}
TEXTS = frozenset(("servers", "dictionary", "bindaddr", "nas-identifier", "require-message-authenticator"))
SERVERS = {"authserver": AUTH_PORT, "acctserver": ACCT_PORT}
KEYWORDS = IGNORED | TEXTS | NUMBERS.keys() | SERVERS.keys()


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """A server to ask, in the order of the file."""

    host: str
    port: int
    secret: bytes = field(repr=False)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class RadiusConfig:
    """One configuration file. Times are in seconds; `dictionary` None: the one that comes with siprouter."""

    path: Path
    auth_servers: tuple[ServerAddress, ...]
    acct_servers: tuple[ServerAddress, ...]
    dictionary: Path | None
    timeout: int
    retries: int
    dead_time: int
    bind_address: str
    nas_identifier: str
    message_authenticator: str


@dataclass(slots=True)
class _Line:
    words: list[str]
    location: SourceLocation


def read_config(path: Path) -> RadiusConfig:
    """Read a file and the secrets that it names. Raises OperatorError with file and line."""
    numbers = {"radius_timeout": 10, "radius_retries": 3, "radius_deadtime": 30}
    texts: dict[str, str] = {}
    lines: dict[str, list[_Line]] = {name: [] for name in SERVERS}
    for line in _lines(path):
        name, values = line.words[0].lower(), line.words[1:]
        if name not in KEYWORDS:
            near = difflib.get_close_matches(name, sorted(KEYWORDS), 1)
            raise OperatorError(f"unknown keyword '{line.words[0]}'", line.location, near[0] if near else "")
        if name in IGNORED:
            continue
        if name in SERVERS:
            lines[name].append(line)
        elif name in NUMBERS:
            numbers[name] = _number(name, values, line.location)
        else:
            texts[name] = " ".join(values)
    secrets = _read_secrets(_beside(path, texts["servers"])) if texts.get("servers") else []
    check = texts.get("require-message-authenticator", AUTO).lower()
    if check not in (AUTO, ALWAYS, NEVER):
        raise OperatorError(f"{path}: require-message-authenticator must be auto, yes or no, found {check}")
    return RadiusConfig(
        path=path,
        auth_servers=_servers(path, "authserver", lines["authserver"], secrets),
        acct_servers=_servers(path, "acctserver", lines["acctserver"], secrets),
        dictionary=_beside(path, texts["dictionary"]) if texts.get("dictionary") else None,
        timeout=numbers["radius_timeout"],
        retries=numbers["radius_retries"],
        dead_time=numbers["radius_deadtime"],
        bind_address="" if texts.get("bindaddr", "*") == "*" else texts["bindaddr"],
        nas_identifier=texts.get("nas-identifier", ""),
        message_authenticator=check,
    )


def _beside(path: Path, name: str) -> Path:
    return path.parent / name


def _lines(path: Path) -> Iterator[_Line]:
    """The words of each line that is neither empty nor a comment."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
    except OSError as error:
        raise OperatorError(f"the file {path} of RADIUS cannot be read: {error.strerror}") from None
    if len(data) > MAX_FILE:
        raise OperatorError(f"{path}: longer than {MAX_FILE} octets")
    for number, text in enumerate(data.decode("utf-8", "surrogateescape").splitlines(), 1):
        words = text.split()
        if words and not words[0].startswith("#"):
            # a comment behind a value; a '#' within a word may belong to a secret
            stop = next((index for index, word in enumerate(words) if word.startswith("#")), len(words))
            yield _Line(words[:stop], SourceLocation(str(path), number, 1))


def _number(name: str, values: list[str], location: SourceLocation) -> int:
    lowest, highest = NUMBERS[name]
    text = values[0] if len(values) == 1 else ""
    if not (text.isascii() and text.isdigit() and len(text) < 8 and lowest <= int(text) <= highest):
        raise OperatorError(f"{name} must be a number from {lowest} to {highest}", location)
    return int(text)


def _read_secrets(path: Path) -> list[tuple[str, bytes]]:
    """(server, secret) in the order of the file; of a pair `client/server` both are servers."""
    found = []
    for line in _lines(path):
        if len(line.words) < 2:
            raise OperatorError("expected a server and its secret", line.location, "radius.example.org  secret")
        secret = line.words[1].encode("utf-8", "surrogateescape")
        found += [(name.lower(), secret) for name in line.words[0].split("/")]
    return found


def _servers(
    path: Path, keyword: str, lines: list[_Line], secrets: list[tuple[str, bytes]]
) -> tuple[ServerAddress, ...]:
    found: list[ServerAddress] = []
    for line in lines:
        for text in " ".join(line.words[1:]).replace(",", " ").split():
            found.append(_server(text, SERVERS[keyword], secrets, line.location))
    if len(found) > MAX_SERVERS:
        raise OperatorError(f"{path}: {len(found)} of {keyword}, at most {MAX_SERVERS} can be asked")
    return tuple(found)


def _server(text: str, port: int, secrets: list[tuple[str, bytes]], location: SourceLocation) -> ServerAddress:
    """`host`, `host:port` or `host:port:secret`; an IPv6 address in brackets."""
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        rest = rest.removeprefix(":")
    else:
        host, _, rest = text.partition(":")
    number, _, secret = rest.partition(":")
    if number and not (number.isascii() and number.isdigit() and 0 < int(number[:6]) < 65_536):
        raise OperatorError(f"'{text}' is no server", location, "host:1812, or [2001:db8::1]:1812")
    if not host:
        raise OperatorError(f"'{text}' is no server", location, "host:1812, or [2001:db8::1]:1812")
    port = int(number) if number else port
    names = (f"{host}:{port}".lower(), f"[{host}]:{port}".lower(), host.lower(), f"[{host}]".lower())
    key = secret.encode("utf-8", "surrogateescape")
    if not key:
        key = next((value for name in names for known, value in secrets if known == name), b"")
    if not key:
        hint = f"write it into the file that 'servers' names: {host} secret"
        raise OperatorError(f"no secret for {host}", location, hint)
    return ServerAddress(host, port, key)
