"""Text to tokens. `Lexer.run` goes on until a preprocessor directive or the end; preprocess.py drives it.

What `$` starts depends on the script mode: a pseudo-variable (KAMAILIO), an attribute of SER (SER), or either (MAX).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from siprouter.script.diagnostics import Diagnostics
from siprouter.script.keywords import VALUE_WORDS
from siprouter.script.source import SourceFile
from siprouter.util.errors import SourceLocation

MODE_KAMAILIO = "kamailio"
MODE_SER = "ser"
MODE_MAX = "max"

MAX_NUMBER = 0xFFFFFFFF
MAX_COMMENT_NESTING = 1000

# token kinds; punctuation and operators are their own kind
ID = "id"
NUM = "num"
NUM_ID = "numid"
STR = "str"
PVAR = "pvar"
ATTR = "attr"
NAME = "name"  # $name in MAX mode: a pseudo-variable if there is one, else an attribute
SELECT = "select"
IP6 = "ip6"
CAST = "cast"
EOF = "eof"

KIND_NAMES = {
    ID: "name",
    NUM: "number",
    NUM_ID: "name",
    STR: "string",
    PVAR: "variable",
    ATTR: "attribute",
    NAME: "variable",
    SELECT: "select",
    IP6: "IPv6 address",
    CAST: "cast",
    EOF: "end of file",
}


class Token:
    """A token; `value` is str, int (NUM) or (class, name) (ATTR). `macro`: the define it came from, "" for none."""

    __slots__ = ("end", "kind", "macro", "source", "start", "value")

    def __init__(
        self, kind: str, value: str | int | tuple[str, str], source: SourceFile, start: int, end: int, macro: str = ""
    ) -> None:
        self.kind = kind
        self.value = value
        self.source = source
        self.start = start
        self.end = end
        self.macro = macro

    @property
    def location(self) -> SourceLocation:
        """Where the token stands."""
        return self.source.locate(self.start, self.end)

    @property
    def text(self) -> str:
        """The token as written (for one out of a define: the name of the define)."""
        return self.source.text[self.start : self.end]

    def describe(self) -> str:
        """What an error message calls it."""
        if self.kind == EOF:
            return "end of file"
        text = str(self.value) if self.macro else self.text
        shown = text if len(text) <= 40 else text[:37] + "..."
        origin = f" (from #!define {self.macro})" if self.macro else ""
        if self.kind in KIND_NAMES:
            return f"{KIND_NAMES[self.kind]} {shown}{origin}"
        return f"'{shown}'{origin}"


class Directive:
    """A preprocessor directive: its word, and where it starts and its word ends."""

    __slots__ = ("end", "start", "word")

    def __init__(self, word: str, start: int, end: int) -> None:
        self.word = word
        self.start = start
        self.end = end


DIRECTIVES = (
    "define", "def", "trydefine", "trydef", "redefine", "redef", "ifdef", "ifndef", "else", "endif",
    "subst", "substdefs", "substdef", "include_file", "import_file",
)  # fmt: skip

_HEX4 = "[0-9a-fA-F]{1,4}"
_IP6 = (
    "(?=[0-9a-fA-F]{0,4}:[0-9a-fA-F]{0,4}:)"
    f"(?:(?:{_HEX4}:){{7}}{_HEX4}|(?:{_HEX4}:){{1,7}}(?::{_HEX4}){{1,7}}|:(?::{_HEX4}){{1,7}}|(?:{_HEX4}:){{1,7}}:|::)"
)
MODE_WORDS = ("KAMAILIO", "OPENSER", "SER", "MAXCOMPAT", "ALL")
_DIRECTIVE = rf"""(?:
    (?:\#!|!!)(?P<directive>{"|".join(DIRECTIVES)})(?!\w)
  | \#!(?P<mode>{"|".join(MODE_WORDS)})(?=[\ \t\r]*(?:\n|\Z))
  | (?P<include>(?:include_file|import_file)(?!\w))
)"""
_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_SELECT_PART = rf"[A-Za-z_]\w*(?:\[\s*(?:-?\d\w*|{_STRING})\s*\])?"
_IDENT = r"[A-Za-z_]\w*"

_COMMON = rf"""
    (?P<ws>(?:[\ \t\x08\r\n\f]|\\\r?\n)+)
  | (?P<ip6>{_IP6})
  | (?P<colon>(?:msg:len|uri:host|uri:port)(?!\w))
  | {_DIRECTIVE}
  | (?P<id>{_IDENT})
  | (?P<num>0[xX][0-9a-fA-F]+(?!\w)|[01]+b(?!\w)|[0-9]+(?!\w))
  | (?P<numid>\w+)
  | (?P<cast>\((?:int|str)\))
  | (?P<dstr>{_STRING})
  | (?P<sstr>'[^']*')
  | (?P<comment>(?:\#|//)[^\n]*)
  | (?P<block>/\*)
  | (?P<select>@{_SELECT_PART}(?:\.{_SELECT_PART})*)
  | (?P<rc>\$(?:\?|(?:retcode|rc)(?!\w)))
"""
_ATTR = rf"(?:(?P<attrclass>[ft][rud]?|g)\.)?(?P<attrname>{_IDENT})"
_PUNCTUATION = r"""
  | (?P<op>==|!=|>=|<=|=~|\+=|<<|>>|&&|\|\||[=<>!&|~^+\-*/,;:(){}\[\].])
"""
_DOLLAR = {
    MODE_KAMAILIO: rf"""
  | (?P<long>\$\()
  | \$(?P<short>{_IDENT})(?P<paren>\()?
  | %{_ATTR}
""",
    MODE_SER: rf"""
  | [$%]{_ATTR}
""",
    MODE_MAX: rf"""
  | (?P<long>\$\()
  | \$(?:(?P<maxclass>[ft][rud]?|g)\.(?P<maxname>{_IDENT}) | (?P<indexed>{_IDENT})(?=\[))
  | \$(?P<short>{_IDENT})(?P<paren>\()?
  | %{_ATTR}
""",
}
_DIRECTIVE_KINDS = ("directive", "mode", "include")
_FLAGS = re.VERBOSE | re.DOTALL | re.ASCII
MASTER = {mode: re.compile(_COMMON + dollar + _PUNCTUATION, _FLAGS) for mode, dollar in _DOLLAR.items()}
CONDITIONAL = re.compile(r"^[ \t]*(?:\#!|!!)(?P<word>ifdef|ifndef|else|endif)(?!\w)", re.MULTILINE | re.ASCII)

_ESCAPE = re.compile(rb"\\(?:(\r?\n)|([nrat\"\\])|x([0-9a-fA-F]{1,2})|([0-7]{2,3}))")
_SIMPLE_ESCAPES = {b"n": b"\n", b"r": b"\r", b"a": b"\a", b"t": b"\t", b'"': b'"', b"\\": b"\\"}
_NEXT_STRING = re.compile(rf"[ \t\x08\r\n]*({_STRING})", _FLAGS)
_COMMENT_EDGE = re.compile(r"/\*|\*/")


def _unescape_one(match: re.Match[bytes]) -> bytes:
    newline, simple, hexadecimal, octal = match.groups()
    if newline is not None:
        return b""
    if simple is not None:
        return _SIMPLE_ESCAPES[simple]
    return bytes((int(hexadecimal, 16) if hexadecimal is not None else int(octal, 8) & 0xFF,))


def unescape(text: str) -> str:
    """The inside of a double-quoted string with its escapes resolved; an unknown escape keeps its backslash."""
    if "\\" not in text:
        return text
    data = text.encode("utf-8", "surrogateescape")
    return _ESCAPE.sub(_unescape_one, data).decode("utf-8", "surrogateescape")


def parse_number(text: str) -> int:
    """The value of a number token: decimal, 0x hexadecimal, 0 octal, binary with a b suffix."""
    if text[:2] in ("0x", "0X"):
        return int(text[2:], 16)
    if text[-1] == "b":
        return int(text[:-1], 2)
    if text[0] == "0" and len(text) > 1:
        return int(text, 8) if all(digit < "8" for digit in text) else int(text)
    return int(text)


class Lexer:
    """Tokens of one source. `expand` is called for each name that may be a define; True: it added its tokens."""

    def __init__(
        self,
        source: SourceFile,
        mode: str,
        diagnostics: Diagnostics,
        expand: Callable[[Token, list[Token]], bool],
        names: dict[str, object],
        subst: Callable[[str, SourceLocation], str] | None = None,
    ) -> None:
        self.source = source
        self.mode = mode
        self.diagnostics = diagnostics
        self.pos = 0
        self.subst = subst
        self._expand = expand
        self._names = names

    def run(self, out: list[Token]) -> Directive | None:
        """Append tokens to `out` up to the next directive (returned; `pos` is behind its word) or the end (None)."""
        source = self.source
        text = source.text
        match = MASTER[self.mode].match
        names = self._names
        pos = self.pos
        while True:
            found = match(text, pos)
            if found is None:
                if pos >= len(text):
                    self.pos = pos
                    return None
                pos = self._bad_text(pos)
                continue
            kind = found.lastgroup
            end = found.end()
            if kind == "op":
                out.append(Token(text[pos:end], text[pos:end], source, pos, end))
            elif kind == "id":
                name = text[pos:end]
                token = Token(ID, name, source, pos, end)
                if name not in names or not self._expand(token, out):
                    out.append(token)
            elif kind in _DIRECTIVE_KINDS:
                self.pos = end
                return Directive(found[kind or ""], pos, end)
            elif kind != "ws" and kind != "comment":
                end = self._other(kind or "", found, out)
            pos = end

    def _other(self, kind: str, found: re.Match[str], out: list[Token]) -> int:
        """The rarer kinds; returns where to go on."""
        source, pos, end = self.source, found.start(), found.end()
        text = source.text
        if kind == "dstr":
            return self._double_quoted(pos, end, out)
        if kind == "num":
            out.append(self._number(pos, end))
        elif kind == "sstr":
            out.append(Token(STR, self._substituted(text[pos + 1 : end - 1], pos, end), source, pos, end))
        elif kind == "block":
            return self._comment(pos, end)
        elif kind == "colon":
            out.append(Token(ID, text[pos:end], source, pos, end))
        elif kind == "cast":
            out.append(Token(CAST, text[pos + 1 : end - 1], source, pos, end))
        elif kind in ("long", "paren"):
            return self._parenthesised(pos, end, out)
        elif kind in ("short", "rc"):
            out.append(Token(PVAR if self.mode != MODE_MAX or kind == "rc" else NAME, text[pos:end], source, pos, end))
        elif kind == "attrname":
            out.append(Token(ATTR, (found["attrclass"] or "", found["attrname"]), source, pos, end))
        elif kind == "maxname":
            out.append(Token(ATTR, (found["maxclass"], found["maxname"]), source, pos, end))
        elif kind == "indexed":
            out.append(Token(ATTR, ("", found["indexed"]), source, pos, end))
        else:  # select, ip6, numid
            out.append(Token(kind, text[pos:end], source, pos, end))
        return end

    def _number(self, start: int, end: int) -> Token:
        text = self.source.text[start:end]
        value = parse_number(text) if len(text) <= 40 else MAX_NUMBER + 1
        if value > MAX_NUMBER:
            location = self.source.locate(start, end)
            self.diagnostics.error("number-range", f"number {text[:40]} does not fit into 32 bits", location)
            value = 0
        return Token(NUM, value, self.source, start, end)

    def _substituted(self, value: str, start: int, end: int) -> str:
        return value if self.subst is None else self.subst(value, self.source.locate(start, end))

    def _double_quoted(self, start: int, end: int, out: list[Token]) -> int:
        """A string and those that follow it directly: they are one, as in C."""
        text = self.source.text
        value = unescape(text[start + 1 : end - 1])
        following = _NEXT_STRING.match(text, end)
        if following is not None:
            parts = [value]
            while following is not None:
                parts.append(unescape(following.group(1)[1:-1]))
                end = following.end()
                following = _NEXT_STRING.match(text, end)
            value = "".join(parts)
        out.append(Token(STR, self._substituted(value, start, end), self.source, start, end))
        return end

    def _comment(self, start: int, pos: int) -> int:
        """Skip a comment; comments nest."""
        depth = 1
        while depth:
            edge = _COMMENT_EDGE.search(self.source.text, pos)
            if edge is None:
                location = self.source.locate(start, start + 2)
                self.diagnostics.error("unclosed-comment", "comment without end", location, expected="*/")
                return len(self.source.text)
            depth += 1 if edge.group() == "/*" else -1
            pos = edge.end()
        return pos

    def _parenthesised(self, start: int, pos: int, out: list[Token]) -> int:
        """A variable with parentheses: everything up to the one that matches, on the same line."""
        text = self.source.text
        depth = 1
        while depth:
            char = text[pos : pos + 1]
            if char in ("", "\n"):
                location = self.source.locate(start, pos)
                message = f"missing ')' in pseudo-variable {text[start:pos].strip()[:40]}"
                self.diagnostics.error("unclosed-variable", message, location, expected="')'")
                return pos
            if char == "(":
                depth += 1
            elif char == ")":
                depth -= 1
            pos += 1
        out.append(Token(PVAR, text[start:pos], self.source, start, pos))
        return pos

    def _bad_text(self, pos: int) -> int:
        """Report text that starts no token, and skip it."""
        text = self.source.text
        char = text[pos]
        end = text.find("\n", pos)
        end = len(text) if end < 0 else end
        if char in "\"'":
            location = self.source.locate(pos, end)
            self.diagnostics.error("unclosed-string", "string without closing quote", location, expected=char)
            return len(text)
        stop = pos + 1
        if char not in "$%@":
            while stop < end and not text[stop].isascii():
                stop += 1
            message = f"unexpected character {char!r}"
        else:
            what = {"$": "a variable name", "%": "an attribute name", "@": "a select name"}[char]
            message = f"'{char}' without {what}"
        self.diagnostics.error("bad-character", message, self.source.locate(pos, stop))
        return stop

    def skip_to_conditional(self) -> Directive | None:
        """From inside a region that is left out: the next #!ifdef, #!ifndef, #!else or #!endif; None: there is none."""
        found = CONDITIONAL.search(self.source.text, self.pos)
        if found is None:
            self.pos = len(self.source.text)
            return None
        self.pos = found.end()
        return Directive(found["word"], found.start(), found.end())

    def rest_of_line(self) -> tuple[int, int]:
        """Span from `pos` to the end of the line; a line that ends in a backslash goes on. `pos` moves behind it."""
        text = self.source.text
        start = pos = self.pos
        while True:
            end = text.find("\n", pos)
            if end < 0:
                end = len(text)
                break
            before = end - 1 if end > start and text[end - 1] == "\r" else end
            if before <= start or text[before - 1] != "\\":
                break
            pos = end + 1
        self.pos = min(end + 1, len(text))
        return start, end


def number_word(token: Token) -> int | None:
    """The number that a token is, words such as `yes` included; None when it is none."""
    if token.kind == NUM:
        return token.value if isinstance(token.value, int) else None
    if token.kind == ID:
        return VALUE_WORDS.get(str(token.value))
    return None
