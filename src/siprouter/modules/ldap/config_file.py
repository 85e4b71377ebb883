"""The file of LDAP sessions: sections with `key = value` lines."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from siprouter.db.ldap_session import Session
from siprouter.util.errors import OperatorError, SourceLocation

_SECTION = re.compile(r"\[\s*([^\]]+?)\s*\]\s*(?:[;#].*)?")
_QUOTED = re.compile(r"(?P<quote>[\"'])(?P<value>.*?)(?P=quote)\s*;?\s*(?:[;#].*)?", re.DOTALL)
_SERVER = re.compile(r"ldap[si]?://\S+", re.IGNORECASE)

URLS = "ldap_server_url"
KEYS = (
    *(URLS, "ldap_version", "ldap_bind_dn", "ldap_bind_password", "ldap_network_timeout"),
    *("ldap_client_bind_timeout", "ldap_client_search_timeout", "ldap_server_search_timeout", "calculate_ha1"),
)
WITHOUT_EFFECT = ("ldap_server_search_timeout", "calculate_ha1")
LEAST_SEARCH = 2_000
MAX_NAME = 255


@dataclass(slots=True)
class Section:
    """One session as written: values by key, with the lines that they stand in."""

    name: str
    line: int
    values: dict[str, tuple[str, int]] = field(default_factory=dict)


def read_file(path: str) -> tuple[list[Session], list[str]]:
    """The sessions of a file, and what the operator should know about it. Raises OperatorError."""
    try:
        text = Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no UTF-8"
        raise OperatorError(f"ldap: config_file {path}: {reason}") from None
    sections = parse(text, path)
    if not sections:
        raise OperatorError(f"ldap: config_file {path} has no session", suggestion="[name]")
    notes: list[str] = []
    return [_session(section, path, notes) for section in sections], notes


def parse(text: str, path: str) -> list[Section]:
    """The sections. A value in quotes may go over several lines. Raises OperatorError."""
    sections: list[Section] = []
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        line, place = lines[number].strip(), SourceLocation(path, number + 1, 1)
        number += 1
        if not line or line[0] in "#;":
            continue
        match = _SECTION.fullmatch(line)
        if match:
            if len(match[1]) > MAX_NAME or any(match[1] == section.name for section in sections):
                raise OperatorError(f"ldap: session '{match[1][:32]}' is too long, or there twice", place)
            sections.append(Section(match[1], place.line))
            continue
        key, equals, value = line.partition("=")
        if not equals or not sections:
            raise OperatorError(f"ldap: expected [name] or key = value, found '{line[:40]}'", place)
        value = value.strip()
        while value[:1] in ("'", '"') and value.count(value[0]) == 1 and number < len(lines):
            value += lines[number].strip()
            number += 1
        sections[-1].values[key.strip().lower()] = (_plain(value, place), place.line)
    return sections


def _plain(value: str, place: SourceLocation) -> str:
    if value[:1] in ("'", '"'):
        match = _QUOTED.fullmatch(value)
        if match is None:
            raise OperatorError(f"ldap: this value does not end with its quote: {value[:40]}", place)
        return match["value"]
    return re.split(r"[;#]", value, maxsplit=1)[0].strip()


def _session(section: Section, path: str, notes: list[str]) -> Session:
    for key, (_, line) in section.values.items():
        if key not in KEYS:
            notes.append(f"{path}:{line}: there is no setting '{key}', it has no effect")
        if key in WITHOUT_EFFECT:
            notes.append(f"{path}:{line}: {key} has no effect, as in SIP Router")
    servers = tuple(server.strip() for server in section.values.get(URLS, ("", 0))[0].split(",") if server.strip())
    place = SourceLocation(path, section.line, 1)
    if not servers or not all(_SERVER.fullmatch(server) for server in servers):
        raise OperatorError(f"ldap: session {section.name} needs {URLS}", place, f'{URLS} = "ldap://localhost"')
    search = _number(section, path, "ldap_client_search_timeout", 5_000)
    if search < LEAST_SEARCH:
        notes.append(f"{path}: ldap_client_search_timeout of {section.name} is {LEAST_SEARCH}, which is the least")
    version = _number(section, path, "ldap_version", 3)
    if version not in (2, 3):
        raise OperatorError(f"ldap: ldap_version must be 2 or 3, found {version}", place)
    return Session(
        section.name,
        servers,
        version,
        section.values.get("ldap_bind_dn", ("", 0))[0],
        section.values.get("ldap_bind_password", ("", 0))[0],
        _number(section, path, "ldap_network_timeout", 1_000) / 1000,
        _number(section, path, "ldap_client_bind_timeout", 1_000) / 1000,
        max(search, LEAST_SEARCH) / 1000,
    )


def _number(section: Section, path: str, key: str, default: int) -> int:
    text, line = section.values.get(key, (str(default), section.line))
    if not (text.isascii() and text.isdigit() and len(text) <= 7 and int(text)):
        raise OperatorError(f"ldap: {key} must be a number from 1 on, found '{text}'", SourceLocation(path, line, 1))
    return int(text)
