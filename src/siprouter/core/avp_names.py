"""Names of AVPs as configurations write them: `s:name`, `i:5`, `fu.name`, `name`; and their aliases."""

from __future__ import annotations

import re

from siprouter.core.avp import (
    CLASS_DOMAIN,
    CLASS_GLOBAL,
    CLASS_URI,
    CLASS_USER,
    DEFAULT_CLASS,
    TRACK_FROM,
    TRACK_TO,
    AvpKey,
)

_PREFIXES = {
    "f": TRACK_FROM | CLASS_URI,
    "t": TRACK_TO | CLASS_URI,
    "fr": TRACK_FROM | CLASS_URI,
    "tr": TRACK_TO | CLASS_URI,
    "fu": TRACK_FROM | CLASS_USER,
    "tu": TRACK_TO | CLASS_USER,
    "fd": TRACK_FROM | CLASS_DOMAIN,
    "td": TRACK_TO | CLASS_DOMAIN,
    "g": CLASS_GLOBAL,
}
_ALIAS = re.compile(r"\s*([^\s;=]+)\s*=\s*([^\s;]+)\s*")
MAX_AVP_ID = 65535


def parse_avp_name(text: str) -> AvpKey:
    """(class, name) that `text` spells; integer names (`i:5`) are int. Raises ValueError.

    A name that ends in an index (`f.name[1]`) keeps only the name: the callers that know indexes take them off before.
    """
    if not text:
        raise ValueError("empty AVP name")
    if text[1:2] == ":":
        return _old_style(text)
    prefix, dot, name = text.partition(".")
    if not dot:
        return DEFAULT_CLASS, text
    klass = _PREFIXES.get(prefix)
    if klass is None:
        raise ValueError(f"unknown AVP class '{prefix}' in '{text}'")
    if not name or any(char in name for char in ".[]/"):
        raise ValueError(f"bad AVP name '{text}'")
    return klass, name


def _old_style(text: str) -> AvpKey:
    kind, name = text[0], text[2:]
    if not name:
        raise ValueError(f"empty AVP name in '{text}'")
    if kind in "sS":
        return DEFAULT_CLASS, name
    if kind in "iI":
        if not (name.isascii() and name.isdigit()) or len(name) > 5 or int(name) > MAX_AVP_ID:
            raise ValueError(f"bad AVP number in '{text}'")
        return DEFAULT_CLASS, int(name)
    raise ValueError(f"unknown AVP name type '{kind}:' in '{text}'")


def parse_avp_variable(text: str, aliases: dict[str, AvpKey]) -> AvpKey:
    """The AVP that `$avp(name)` means, as module parameters write it; `aliases` are the worker's. Raises ValueError."""
    name = text.strip()
    if not (name.startswith("$avp(") and name.endswith(")")):
        raise ValueError(f"expected $avp(name), found '{text}'")
    name = name[5:-1].strip()
    return aliases.get(name) or parse_avp_name(name)


def parse_avp_aliases(text: str) -> dict[str, AvpKey]:
    """`alias=name;alias=name…` as the parameter `avp_aliases` takes it. Raises ValueError."""
    aliases: dict[str, AvpKey] = {}
    for part in text.split(";") if text.strip() else ():
        match = _ALIAS.fullmatch(part)
        if match is None:
            raise ValueError(f"expected alias=name, found '{part.strip()}'")
        aliases[match.group(1)] = parse_avp_name(match.group(2))
    return aliases
