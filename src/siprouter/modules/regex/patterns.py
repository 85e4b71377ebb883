"""Perl's regular expressions: RE2 where it can, which needs time in proportion to the text; Python's engine otherwise.

Python's knows what RE2 does not (look-around, back references, comments in patterns), but can take very long on a bad
pattern, so it runs only patterns that the operator wrote, on texts of bounded length. Both see octets.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

import re2

from siprouter.util.text import to_bytes, to_str

MAX_TEXT = 4096
MAX_PATTERN = 65536


class Options(NamedTuple):
    """Those of PCRE, by their letters in a pattern: i, m, s, x."""

    caseless: bool = False
    multiline: bool = False
    dotall: bool = False
    extended: bool = False

    def prefix(self) -> str:
        """`(?ims)`, or nothing."""
        letters = "".join(letter for letter, on in zip("imsx", self, strict=True) if on)
        return f"(?{letters})" if letters else ""


class Pattern:
    """One compiled pattern. Raises ValueError; without `trusted`, for what RE2 cannot do, too."""

    def __init__(self, text: str, options: Options, trusted: bool) -> None:
        if len(text) > MAX_PATTERN:
            raise ValueError(f"longer than {MAX_PATTERN} characters")
        self.text = text
        source = to_bytes(options.prefix() + text)
        self.group_count = 0
        self._safe: Any = None
        self._full: re.Pattern[bytes] | None = None
        settings = re2.Options()
        settings.log_errors = False
        settings.encoding = re2.Options.Encoding.LATIN1
        try:
            self._safe = re2.compile(source, settings)
            self.group_count = self._safe.groups
        except re2.error as error:
            if not trusted:
                raise ValueError(to_text(error)) from None
            try:
                self._full = re.compile(source)
                self.group_count = self._full.groups
            except (re.error, OverflowError, RecursionError) as full_error:
                raise ValueError(str(full_error)) from None

    def matches(self, text: str) -> bool:
        """Whether it matches anywhere in a text; a text that is too long for it does not match."""
        data = to_bytes(text)
        if self._full is None:
            return self._safe.search(data) is not None
        return len(data) <= MAX_TEXT and self._full.search(data) is not None

    def find(self, text: str) -> list[str | None] | None:
        """The first match and its groups, None for those that took no part; None where there is no match."""
        data = to_bytes(text)
        if self._full is not None and len(data) > MAX_TEXT:
            return None
        found = (self._safe if self._full is None else self._full).search(data)
        if found is None:
            return None
        return [None if part is None else to_str(part) for part in (found.group(0), *found.groups())]


@lru_cache(maxsize=1024)
def untrusted(text: str, options: Options) -> Pattern:
    """A pattern computed at run time; recent ones are kept. Raises ValueError."""
    return Pattern(text, options, False)


def to_text(error: Exception) -> str:
    """What RE2 says, which may be octets."""
    said = error.args[0] if error.args else "bad pattern"
    return to_str(said) if isinstance(said, bytes) else str(said)


def read_groups(data: bytes, max_groups: int, max_size: int) -> list[str]:
    """The patterns of a file: `[0]` begins a group, each line is a choice of it, `#` begins a comment.

    Raises ValueError for a line outside a group, and past the bounds.
    """
    groups: list[list[str]] = []
    for number, line in enumerate(to_str(data).split("\n"), 1):
        line = line.rstrip("\r")
        if not line or line[0].isspace() or line[0] == "#":
            continue
        if line[0] == "[":
            groups.append([])
            if len(groups) > max_groups:
                raise ValueError(f"line {number}: more than {max_groups} groups (max_groups)")
        elif not groups:
            raise ValueError(f"line {number}: a pattern before the first group: begin with [0]")
        else:
            groups[-1].append(line)
            if sum(len(choice) + 3 for choice in groups[-1]) + 2 > max_size:
                raise ValueError(f"line {number}: a group of more than {max_size} characters (group_max_size)")
    return ["|".join(f"({choice})" for choice in group) if group else "^$" for group in groups]
