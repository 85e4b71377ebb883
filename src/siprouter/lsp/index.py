"""Names in a configuration: where they are made and used, and the outline. Works on tokens, so that half-typed text
is understood as far as it goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from siprouter.core.args import RouteName
from siprouter.lsp.columns import Columns
from siprouter.lsp.findings import MAX_SYMBOLS, MAX_USES, Analysis, Span, Symbol, Use
from siprouter.lsp.vocabulary import Vocabulary, route_block_kind
from siprouter.script.keywords import CONTROL, ROUTE_KEYWORDS
from siprouter.script.lexer import ATTR, EOF, ID, NAME, NUM, NUM_ID, PVAR, STR, Token
from siprouter.script.load import module_name
from siprouter.script.preprocess import Preprocessed
from siprouter.script.source import SourceFile
from siprouter.script.stream import starts_line

_WORDS = (ID, NUM, NUM_ID, STR)
_OPEN = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}
_VARIABLE = re.compile(r"\$\(?([A-Za-z_]\w*)(?:\(([^()$\n]{1,80})\)|)")
_ATTRIBUTE = re.compile(r"[$%](?:([ft][rud]?|g)\.)?([A-Za-z_]\w*)")
_DEFINE_USE = re.compile(r"^[ \t]*(?:#!|!!)(?:ifn?def|\w*define|\w*def)[ \t]+([A-Za-z_]\w*)", re.MULTILINE)
MAX_SHOWN = 60


class Index:
    """One pass over the tokens; fills an Analysis."""

    def __init__(
        self, preprocessed: Preprocessed, sources: dict[str, SourceFile], vocabulary: Vocabulary, columns: Columns
    ) -> None:
        self._tokens = preprocessed.tokens
        self._defines = preprocessed.defines
        self._sources = sources
        self._vocabulary = vocabulary
        self._columns = columns
        self._calls: list[tuple[str, int]] = []
        self._spans: dict[tuple[str, int, str], Span] = {}
        self._seen: set[tuple[str, str, int]] = set()

    def fill(self, analysis: Analysis) -> None:
        """Add symbols, uses, flags and defines to `analysis`."""
        self._analysis = analysis
        self._define_symbols()
        index = 0
        while self._tokens[index].kind != EOF:
            index = self._top(index)
        order = {path: number for number, path in enumerate(analysis.files)}
        analysis.symbols.sort(key=lambda item: (order.get(item.span.file, 0), item.span.line, item.span.column))
        del analysis.symbols[MAX_SYMBOLS:]

    # --- top level

    def _top(self, index: int) -> int:
        """One item of the top level; where to go on."""
        token, following = self._tokens[index], self._peek(index, 1)
        if token.kind == ID and not token.macro:
            word = str(token.value)
            if word in ROUTE_KEYWORDS and following.kind in ("{", "["):
                return self._route(index)
            if word == "loadmodule" and following.kind == STR:
                self._symbol("module", module_name(str(following.value)), "loadmodule", token, following, following)
                return index + 2
            if word == "modparam":
                return self._modparam(index)
            if word in ("flags", "bool", "avpflags"):
                return self._flags(index)
            if following.kind == "=" and (index == 0 or starts_line(token, self._tokens[index - 1])):
                value = self._peek(index, 2)
                self._symbol("param", word, f"= {_shown(value)}", token, value, token)
                return index + 2
        self._name(index)
        return index + 1

    def _modparam(self, index: int) -> int:
        """`modparam("module", "name", value)`."""
        row = [self._peek(index, distance) for distance in range(1, 7)]
        if [one.kind for one in row[:4]] == ["(", STR, ",", STR]:
            last = row[5] if row[4].kind == "," else row[3]
            value = f"= {_shown(last)}" if last is row[5] else ""
            self._symbol("modparam", f"{row[1].value}: {row[3].value}", value, self._tokens[index], last, row[3])
            if last is row[5]:
                self._texts(last)
            return index + 5
        return index + 1

    def _flags(self, index: int) -> int:
        first = self._tokens[index]
        index += 1
        while self._tokens[index].kind in (ID, STR):
            token = self._tokens[index]
            self._analysis.flags.append(str(token.value))
            self._symbol("flag", str(token.value), str(first.value), token, token, token)
            index += 1
            if self._tokens[index].kind == ":":
                index += 2
            if self._peek(index, 0).kind != ",":
                break
            index += 1
        return index

    def _define_symbols(self) -> None:
        for define in self._defines.values():
            source = self._sources.get(define.location.file)
            self._analysis.defines[define.name] = define.text[:200]
            if source is not None and source.path in self._analysis.files:
                span = self._columns.of(source, define.location)
                self._analysis.symbols.append(Symbol("define", define.name, define.text[:MAX_SHOWN], span, span))
        for path in self._analysis.files:
            source = self._sources[path]
            for found in _DEFINE_USE.finditer(source.text):
                makes = "def" in found[0].split()[0].replace("ifdef", "").replace("ifndef", "")
                self._use("define", found[1], source, found.start(1), found.end(1), makes)

    # --- route blocks

    def _route(self, index: int) -> int:
        first = self._tokens[index]
        kind = ROUTE_KEYWORDS[str(first.value)]
        name, named = "", first
        index += 1
        if self._tokens[index].kind == "[":
            index += 1
            named, parts = self._peek(index, 0), []
            while self._tokens[index].kind in (*_WORDS, ":", "-", "."):
                token = self._tokens[index]
                parts.append(str(token.value))
                index += 1
            name = "".join(parts)
            self._use(kind, name, named.source, named.start, self._tokens[index - 1].end, defines=True)
            index += self._tokens[index].kind == "]"
        last, index = self._body(index)
        self._symbol(kind, name, str(first.value), first, last, named)
        return index

    def _body(self, index: int) -> tuple[Token, int]:
        """From the opening brace to the one that closes it, or to what must be the next block: last token, next."""
        depth = 0
        last = self._tokens[index]
        self._calls = []
        while self._tokens[index].kind != EOF:
            token = self._tokens[index]
            if depth and self._begins_block(index):
                break
            last = token
            if token.kind == "{":
                depth += 1
            elif token.kind == "}":
                depth -= 1
                if depth <= 0:
                    return last, index + 1
            else:
                self._inside(index)
            index += 1
            if not depth:
                break
        return last, index

    def _begins_block(self, index: int) -> bool:
        """Whether a line here begins like a route block: then a brace is missing before it."""
        token, following = self._tokens[index], self._peek(index, 1)
        if token.kind != ID or token.value not in ROUTE_KEYWORDS or token.macro or token.source.text is None:
            return False
        at_start = token.start == 0 or token.source.text[token.start - 1] == "\n"
        return at_start and following.kind in ("{", "[")

    def _inside(self, index: int) -> None:
        """One token of a route block."""
        token = self._tokens[index]
        kind = token.kind
        if kind == "(":
            before = self._tokens[index - 1]
            self._calls.append((str(before.value) if before.kind == ID else "", 0))
        elif kind == ")":
            if self._calls:
                self._calls.pop()
        elif kind == "," and self._calls:
            name, number = self._calls[-1]
            self._calls[-1] = (name, number + 1)
        elif kind == ";":
            self._calls.clear()
        else:
            self._name(index)
            self._argument(index)

    def _argument(self, index: int) -> None:
        """A token that is a whole argument: perhaps it names a route."""
        token = self._tokens[index]
        whole = token.kind in _WORDS and self._tokens[index - 1].kind in ("(", ",")
        if not whole or not self._calls or self._peek(index, 1).kind not in (")", ","):
            return
        name, number = self._calls[-1]
        text = str(token.value)
        kind = ""
        if name == "route":
            kind = "route"
        elif isinstance(declared := self._vocabulary.argument(name, number), RouteName):
            kind = route_block_kind(declared.route_kind)
        if kind and text and "$" not in text:
            self._use(kind, text, token.source, token.start, token.end)

    def _name(self, index: int) -> None:
        """Functions, variables and defines."""
        token = self._tokens[index]
        if token.macro:
            self._use("define", token.text, token.source, token.start, token.end)
            return
        if token.kind == ID and self._peek(index, 1).kind == "(":
            if token.value not in CONTROL and token.value != "route":
                self._use("function", str(token.value), token.source, token.start, token.end)
        elif token.kind in (PVAR, NAME, ATTR, STR):
            self._texts(token)

    def _texts(self, token: Token) -> None:
        """Variables within a token."""
        if token.macro or "$" not in (text := token.text):
            return
        for found in (_ATTRIBUTE if self._analysis.ser else _VARIABLE).finditer(text):
            start, end = token.start + found.start(), token.start + found.end()
            if self._analysis.ser:
                name = f"${found[1]}.{found[2]}" if found[1] else f"${found[2]}"
            else:
                name = f"${found[1]}({found[2]})" if found[2] is not None else f"${found[1]}"
            self._use("variable", name, token.source, start, end)

    # --- collecting

    def _peek(self, index: int, distance: int) -> Token:
        return self._tokens[min(index + distance, len(self._tokens) - 1)]

    def _use(self, kind: str, name: str, source: SourceFile, start: int, end: int, defines: bool = False) -> None:
        key = (kind, source.path, start)
        if key in self._seen or len(self._analysis.uses) >= MAX_USES:
            return
        self._seen.add(key)
        self._analysis.uses.append(Use(kind, name, self._columns.span(source, start, end), defines))

    def _symbol(self, kind: str, name: str, detail: str, first: Token, last: Token, named: Token) -> None:
        end = last.end if last.source is first.source and last.end >= first.end else first.end
        span = self._columns.span(first.source, first.start, end)
        inside = named.source is first.source and first.start <= named.start <= named.end <= end
        named = named if inside else first
        name_span = self._columns.span(named.source, named.start, named.end)
        self._analysis.symbols.append(Symbol(kind, name, detail, span, name_span))


def _shown(token: Token) -> str:
    text = token.text
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def loaded_modules(tokens: list[Token]) -> Iterator[str]:
    """The names in the loadmodule lines, in order."""
    for number, token in enumerate(tokens[:-1]):
        if token.kind == ID and token.value == "loadmodule" and tokens[number + 1].kind == STR:
            yield module_name(str(tokens[number + 1].value))
