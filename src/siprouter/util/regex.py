"""POSIX regular expressions as SIP Router uses them: leftmost-longest, about bytes, bounded time.

A pattern is run by Python's `re` where that finds the same match and its worst case is small for the text at hand;
otherwise by RE2, which is linear. Which one it is cannot be seen from outside.
"""

import re
from collections.abc import Callable
from typing import Any

import re2

from siprouter.util.errors import PeerError
from siprouter.util.regex_syntax import Anchor, Concat, Cost, Group, Node, Parser, RegexError, emit, measure
from siprouter.util.text import to_bytes, to_str

__all__ = ["GroupRef", "Match", "Regex", "RegexError", "Subst", "UriRef", "parse_subst"]

STEP_BUDGET = 200_000  # steps a backtracking match may need: about 2 ms
PERL_ONLY_BUDGET = 20_000_000
MAX_SUBST_PARTS = 100
MAX_SUBST_MATCHES = 10_000
MAX_SUBST_RESULT = 1 << 20


class Match:
    """Where a pattern matched: offsets in the text (characters of a str, bytes of a bytes)."""

    __slots__ = ("_count", "_found", "_latin", "_text", "end", "start")

    def __init__(self, found: Any, count: int, text: str, latin: str | None = None) -> None:
        """`found` is the engine's match; where its offsets are those of `latin`, they are mapped to `text`."""
        self._found = found
        self._count = count
        self._text = text
        self._latin = latin
        self.start, self.end = self.span()

    def span(self, group: int = 0) -> tuple[int, int]:
        """Start and end of a group; (-1, -1) when there is no such group or it took no part."""
        if group > self._count:
            return -1, -1
        start, end = self._found.span(group)
        if self._latin is None:
            return start, end
        return _to_text_offset(self._latin, start), _to_text_offset(self._latin, end)

    def group(self, group: int = 0) -> str | None:
        """The text of a group, None when there is no such group or it took no part."""
        start, end = self.span(group)
        return None if start < 0 else self._text[start:end]

    def groups(self) -> list[str | None]:
        """All numbered groups, from 1."""
        return [self.group(number) for number in range(1, self._count + 1)]


class Regex:
    """One compiled pattern. Raises RegexError (a ValueError with `.position`) for a bad one.

    `pattern` is str with surrogateescape. Flags are those of regcomp(3): `icase` = REG_ICASE, `newline` = REG_NEWLINE,
    `basic` = without REG_EXTENDED. Case folding is ASCII only, as in the C locale.
    """

    __slots__ = ("pattern", "group_count", "_quick", "_quick_limit", "_safe", "_exact_quick", "_perl_only")

    def __init__(self, pattern: str, *, icase: bool = False, newline: bool = False, basic: bool = False) -> None:
        self.pattern = pattern
        parser = Parser(_to_latin(pattern), icase, newline, basic)
        tree = parser.parse()
        self.group_count = parser.groups
        cost = measure(tree)
        if not _starts_anchored(tree):
            cost.degree += 1
        self._perl_only = cost.perl_only
        self._exact_quick = cost.flat or cost.perl_only
        self._quick_limit = _length_limit(cost)
        self._quick: re.Pattern[str] | None = None
        self._safe: Any = None
        if cost.perl_only and self._quick_limit < 256:
            raise RegexError("back reference or word edge in a pattern with too many repetitions", 0)
        if self._quick_limit > 0:
            self._quick = _compile_quick(tree)
        if not cost.perl_only:
            self._safe = _compile_safe(tree)

    def __repr__(self) -> str:
        return f"<Regex {self.pattern!r}>"

    def matches(self, text: str) -> bool:
        """True where the pattern matches anywhere in `text`; cheaper than `search`."""
        latin = text if text.isascii() else _to_latin(text)
        if self._quick is not None and len(latin) <= self._quick_limit:
            return self._quick.search(latin) is not None
        self._check_length(latin)
        return self._safe.search(latin.encode("latin-1")) is not None

    def search(self, text: str, pos: int = 0) -> Match | None:
        """The leftmost-longest match that starts at `pos` or later; `^` still means the start of the whole text."""
        if text.isascii():
            found = self._search_latin(text, pos)
            return None if found is None else Match(found, self.group_count, text)
        latin = _to_latin(text)
        found = self._search_latin(latin, len(_to_latin(text[:pos])))
        return None if found is None else Match(found, self.group_count, text, latin)

    def search_bytes(self, data: bytes, pos: int = 0, end: int | None = None) -> Match | None:
        """Like `search` in `data[:end]`, offsets in bytes. Groups are Latin-1 text: one character a byte."""
        latin = (data if end is None else data[:end]).decode("latin-1")
        found = self._search_latin(latin, pos)
        return None if found is None else Match(found, self.group_count, latin)

    def _search_latin(self, latin: str, pos: int) -> Any:
        if self._exact_quick and self._quick is not None and len(latin) - pos <= self._quick_limit:
            return self._quick.search(latin, pos)
        self._check_length(latin)
        return self._safe.search(latin.encode("latin-1"), pos)

    def _check_length(self, latin: str) -> None:
        if self._perl_only:
            raise PeerError(400, f"Text of {len(latin)} bytes too long for a pattern with back references")


def _to_latin(text: str) -> str:
    return text if text.isascii() else to_bytes(text).decode("latin-1")


def _to_text_offset(latin: str, offset: int) -> int:
    if offset < 0:
        return -1
    return len(to_str(latin[:offset].encode("latin-1")))


def _starts_anchored(node: Node) -> bool:
    while True:
        if isinstance(node, Concat) and node.items:
            node = node.items[0]
        elif isinstance(node, Group):
            node = node.body
        else:
            return isinstance(node, Anchor) and node.kind in "^`" and not node.lines


def _length_limit(cost: Cost) -> int:
    """The longest text for which a backtracking match stays within the budget; 0: never."""
    if cost.exponential:
        return 0
    budget = (PERL_ONLY_BUDGET if cost.perl_only else STEP_BUDGET) // cost.ways
    if cost.degree == 0:
        return 1 << 30 if budget else 0
    return int(budget ** (1.0 / cost.degree))


def _compile_quick(tree: Node) -> re.Pattern[str]:
    try:
        return re.compile(emit(tree, re2=False), re.ASCII | re.DOTALL)
    except (re.error, OverflowError, RecursionError) as error:
        raise RegexError(f"pattern not usable: {error}", 0) from error


def _compile_safe(tree: Node) -> Any:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.longest_match = True
    options.log_errors = False
    try:
        return re2.compile(emit(tree, re2=True).encode("latin-1"), options)
    except re2.error as error:
        raise RegexError(f"pattern too large: {error}", 0) from error


class GroupRef:
    """`\\0` to `\\9` in a replacement."""

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number


class UriRef:
    """`\\u` in a replacement: the current request URI."""

    __slots__ = ()


class Subst:
    """`/pattern/replacement/flags`, parsed. `parts` of the replacement: str, GroupRef, UriRef, what `parse_pv` gave."""

    __slots__ = ("regex", "parts", "replace_all")

    def __init__(self, regex: Regex, parts: list[object], replace_all: bool) -> None:
        self.regex = regex
        self.parts = parts
        self.replace_all = replace_all

    def edits(self, text: str, expand: Callable[[object], str]) -> list[tuple[int, int, str]]:
        """What to replace: (start, length, replacement), ascending; `expand` turns UriRef and `$` parts into text.

        Raises ValueError for a match of the empty string, as SIP Router refuses it.
        """
        edits: list[tuple[int, int, str]] = []
        pos = 0
        while len(edits) < MAX_SUBST_MATCHES:
            match = self.regex.search(text, pos)
            if match is None:
                break
            if match.start == match.end:
                raise ValueError("the pattern of a substitution matched the empty string")
            edits.append((match.start, match.end - match.start, self.replacement(match, expand)))
            pos = match.end
            if not self.replace_all:
                break
        return edits

    def run(self, text: str, expand: Callable[[object], str]) -> tuple[str, int]:
        """`text` with the matches replaced, and their number (0: nothing matched)."""
        edits = self.edits(text, expand)
        out: list[str] = []
        pos = 0
        for start, length, replacement in edits:
            out.append(text[pos:start])
            out.append(replacement)
            pos = start + length
        out.append(text[pos:])
        return "".join(out), len(edits)

    def replacement(self, match: Match, expand: Callable[[object], str]) -> str:
        """The replacement for one match; a group that took no part is empty."""
        out: list[str] = []
        for part in self.parts:
            if isinstance(part, str):
                out.append(part)
            elif isinstance(part, GroupRef):
                out.append(match.group(part.number) or "")
            else:
                out.append(expand(part))
        result = "".join(out)
        if len(result) > MAX_SUBST_RESULT:
            raise ValueError(f"replacement longer than {MAX_SUBST_RESULT} characters")
        return result


_REPLACEMENT_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
ParsePv = Callable[[str, int], tuple[object, int]]


def parse_subst(expression: str, parse_pv: ParsePv | None = None) -> Subst:
    """Parses `/pattern/replacement/flags`; the first character is the separator.

    Flags: `i` any case, `g` all matches, `s` `.` takes newlines and `^ $` mean the ends of the text.
    `parse_pv(text, pos)` reads the variable at the `$` at `pos`, and returns what stands for it and the offset behind
    it; without it `$` is ordinary. Raises RegexError with the position in `expression`.
    """
    if len(expression) < 3:
        raise RegexError("substitution too short", 0)
    separator = expression[0]
    if separator == "\\":
        raise RegexError("a backslash cannot separate", 0)
    pattern_end = 1
    while pattern_end < len(expression):
        if expression[pattern_end] == separator and expression[pattern_end - 1] != "\\":
            break
        pattern_end += 1
    if pattern_end >= len(expression):
        raise RegexError(f"no second {separator!r}", len(expression))
    parts, end = parse_replacement(expression, pattern_end + 1, separator, parse_pv)
    flags = expression[end + 1 :]
    for offset, flag in enumerate(flags):
        if flag not in "igs":
            raise RegexError(f"unknown flag {flag!r}", end + 1 + offset)
    try:
        regex = Regex(expression[1:pattern_end], icase="i" in flags, newline="s" not in flags)
    except RegexError as error:
        raise RegexError(error.message, error.position + 1) from error
    return Subst(regex, parts, "g" in flags)


def parse_replacement(text: str, pos: int, separator: str, parse_pv: ParsePv | None = None) -> tuple[list[object], int]:
    """Parses a replacement from `pos` to the separator (empty: to the end of text): its parts, and where it ends."""
    parts: list[object] = []
    literal: list[str] = []
    while pos < len(text) and text[pos] != separator:
        char = text[pos]
        part: object = None
        if char == "\\":
            if pos + 1 >= len(text):
                raise RegexError("trailing backslash", pos)
            part, pos = _replacement_escape(text[pos + 1]), pos + 2
        elif char == "$" and parse_pv is not None:
            part, pos = parse_pv(text, pos)
        else:
            part, pos = char, pos + 1
        if isinstance(part, str):
            literal.append(part)
            continue
        if literal:
            parts.append("".join(literal))
            literal.clear()
        parts.append(part)
        if len(parts) > MAX_SUBST_PARTS:
            raise RegexError(f"more than {MAX_SUBST_PARTS} parts in the replacement", pos)
    if separator and pos >= len(text):
        raise RegexError(f"no third {separator!r}", pos)
    if literal:
        parts.append("".join(literal))
    return parts, pos


def _replacement_escape(char: str) -> object:
    if char.isascii() and char.isdigit():
        return GroupRef(int(char))
    if char == "u":
        return UriRef()
    return _REPLACEMENT_ESCAPES.get(char, char)
