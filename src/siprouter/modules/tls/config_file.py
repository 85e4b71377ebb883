"""tls.cfg: sections of domains with their settings, in the syntax of SIP Router's own configuration files.

`[server:192.0.2.1:5061]`, `[client:default]`, `name = value`, `#` comments, a backslash before what it takes the
meaning from; at the end of a line it joins that with the next one.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from siprouter.transport.tls_context import MAX_DEPTH, check_method
from siprouter.transport.tls_domain import DomainKey
from siprouter.util.address import normalize_ip
from siprouter.util.errors import OperatorError, SourceLocation

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_FILE = 1 << 20
KINDS = {"server": True, "srv": True, "s": True, "client": False, "cli": False, "c": False}
DEFAULTS = ("default", "def", "*", "any", "all")
TRUTH = {
    **dict.fromkeys(("yes", "true", "enable", "enabled", "1", "on"), True),
    **dict.fromkeys(("no", "false", "disable", "disabled", "0", "off"), False),
}
NAMES = {
    "method": "method",
    "tls_method": "method",
    "verify_certificate": "verify_certificate",
    "verify_cert": "verify_certificate",
    "verify_depth": "verify_depth",
    "require_certificate": "require_certificate",
    "require_cert": "require_certificate",
    "private_key": "private_key",
    "pkey_file": "private_key",
    "certificate": "certificate",
    "cert_file": "certificate",
    "ca_list": "ca_list",
    "calist_file": "ca_list",
    "crl": "crl",
    "cipher_list": "cipher_list",
    "server_name": "server_name",
    "server_name_mode": "server_name_mode",
    "verify_server_name": "verify_server_name",
}
FILES = ("private_key", "certificate", "ca_list", "crl")
FLAGS = ("verify_certificate", "require_certificate", "verify_server_name")
NUMBERS = {"verify_depth": MAX_DEPTH, "server_name_mode": 2}

_SECTION = re.compile(r"\[\s*(\w+)\s*:\s*(\[[^\]\s]*\]|[^\s:\]]+)\s*(?::\s*(\w+)\s*)?\]\s*(?:#.*)?")
_OPTION = re.compile(r"\s*([\w-]+)\s*=\s*(.*)")
_VALUE = re.compile(r'"((?:[^"\\]|\\.)*)"|((?:[^\s"#\\]|\\.)(?:[^\s#\\]|\\.)*)')
_ESCAPED = re.compile(r"\\(.)")
_LETTERS = {"n": "\n", "r": "\r", "t": "\t"}

Setting = str | int | bool


@dataclass(slots=True)
class Section:
    """One domain of the file with what is written there, and the place of each value."""

    key: DomainKey
    location: SourceLocation
    values: dict[str, Setting] = field(default_factory=dict)
    places: dict[str, SourceLocation] = field(default_factory=dict)


def read_config(path: Path) -> list[Section]:
    """The sections of a file. Raises OperatorError."""
    try:
        if path.stat().st_size > MAX_FILE:
            raise OperatorError(f"TLS configuration {path} is larger than {MAX_FILE} bytes")
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise OperatorError(f"cannot read TLS configuration {path}: {error.strerror}") from None
    return parse_config(text, str(path))


def parse_config(text: str, file: str) -> list[Section]:
    """The sections of a text; of names in messages `file` is the one. Raises OperatorError at the first mistake."""
    sections: list[Section] = []
    for line, number in _lines(text):
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        place = SourceLocation(file, number, len(line) - len(line.lstrip()) + 1)
        if bare.startswith("["):
            section = _section(bare, place)
            _check_new(section, sections)
            sections.append(section)
        elif not sections:
            raise OperatorError("a setting before the first section", place, "begin with [server:default]")
        else:
            _add_setting(sections[-1], line, place)
    for section in sections:
        _check_unique_names(section, sections)
    return sections


def _lines(text: str) -> Iterator[tuple[str, int]]:
    """Lines with their numbers; those that end with a backslash together with the next one."""
    held, first = "", 0
    for number, line in enumerate(text.split("\n"), 1):
        line = line.removesuffix("\r")
        first = first or number
        if (len(line) - len(line.rstrip("\\"))) % 2:
            held += line[:-1]
            continue
        yield held + line, first
        held, first = "", 0
    if held:
        yield held, first


def _section(text: str, place: SourceLocation) -> Section:
    match = _SECTION.fullmatch(text)
    if match is None:
        raise OperatorError("bad section", place, "[server:ADDRESS:PORT], [client:ADDRESS:PORT] or [server:default]")
    kind, host, port = match.groups()
    server = KINDS.get(kind.lower())
    if server is None:
        raise OperatorError(f"unknown kind of domain {kind}", place, "server or client")
    if host.lower() in DEFAULTS and port is None:
        return Section(DomainKey(server), place)
    address = normalize_ip(host)
    if address is None or (":" in address) != host.startswith("["):
        raise OperatorError(f"{host} is no IP address", place, "IPv6 addresses stand in brackets")
    if port is None or not port.isascii() or not port.isdigit() or len(port) > 5 or not 0 < int(port) < 65536:
        raise OperatorError(f"bad port {port or 'missing'}", place)
    return Section(DomainKey(server, address, int(port)), place)


def _check_new(section: Section, before: list[Section]) -> None:
    """Two sections for the same address are told apart by their server_name."""
    for other in before:
        if other.key == section.key and not other.values.get("server_name") and not section.key.server:
            raise OperatorError(f"a second section {section.key}", section.location, f"the first: {other.location}")


def _check_unique_names(section: Section, sections: list[Section]) -> None:
    for other in sections:
        if other is section:
            return
        if other.key == section.key and other.values.get("server_name") == section.values.get("server_name"):
            hint = f"the first: {other.location}; server_name tells them apart"
            raise OperatorError(f"a second section {section.key}", section.location, hint)


def _add_setting(section: Section, line: str, place: SourceLocation) -> None:
    match = _OPTION.fullmatch(line)
    if match is None:
        raise OperatorError("neither a section nor a setting", place, "name = value")
    name, rest = match.groups()
    setting = NAMES.get(name.lower())
    if setting is None:
        close = difflib.get_close_matches(name.lower(), NAMES, 1)
        raise OperatorError(f"unknown setting {name}", place, f"did you mean {close[0]}?" if close else "")
    at = SourceLocation(place.file, place.line, match.start(2) + 1)
    section.values[setting] = _convert(setting, _text(name, rest, at), at)
    section.places[setting] = at


def _text(name: str, rest: str, place: SourceLocation) -> str:
    match = _VALUE.match(rest)
    if match is None:
        raise OperatorError(f"{name} has no value", place)
    behind = rest[match.end() :].strip()
    if behind and not behind.startswith("#"):
        raise OperatorError(
            f"cannot read what follows the value of {name}: {behind}", place, "quote values with spaces"
        )
    text = match[1] if match[1] is not None else match[2]
    return _ESCAPED.sub(lambda found: _LETTERS.get(found[1], found[1]), text)


def _convert(setting: str, text: str, place: SourceLocation) -> Setting:
    if setting in FLAGS:
        if text.lower() not in TRUTH:
            raise OperatorError(f"{setting} is yes or no, not {text}", place)
        return TRUTH[text.lower()]
    if setting in NUMBERS:
        if not text.isascii() or not text.isdigit() or int(text[:9]) > NUMBERS[setting]:
            raise OperatorError(f"{setting} is a number up to {NUMBERS[setting]}, not {text}", place)
        return int(text)
    if setting == "method":
        try:
            return check_method(text)
        except OperatorError as error:
            raise OperatorError(error.message, place, error.suggestion) from None
    return text
