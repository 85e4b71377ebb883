"""Preprocessor: defines, conditional text, string substitutions, included files and script modes. Gives the token list.

`#!define` (`#!def`), `#!ifdef`, `#!ifndef`, `#!else`, `#!endif`, `#!subst`, `include_file` and the mode lines are
those of 3.1; `#!trydef`, `#!redef`, `#!substdef`, `#!substdefs` and `import_file` came later and are understood too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from siprouter.script.diagnostics import ERROR, WARNING, Diagnostics, did_you_mean
from siprouter.script.keywords import GRAMMAR_WORDS
from siprouter.script.lexer import (
    DIRECTIVES,
    EOF,
    MODE_KAMAILIO,
    MODE_MAX,
    MODE_SER,
    STR,
    Directive,
    Lexer,
    Token,
)
from siprouter.script.params import PARAM_NAMES
from siprouter.script.source import SourceFile, Texts, read_source
from siprouter.util.errors import SourceLocation
from siprouter.util.regex import RegexError, Subst, parse_subst

MAX_INCLUDE_DEPTH = 10
MAX_INCLUDES = 1000
MAX_DEFINES = 4096
MAX_CONDITIONALS = 256
MAX_EXPANSION_DEPTH = 64
MAX_EXPANDED_TOKENS = 1_000_000
MAX_TOKENS = 5_000_000
MAX_SUBSTITUTIONS = 256

MODES = {
    "KAMAILIO": MODE_KAMAILIO,
    "OPENSER": MODE_KAMAILIO,
    "SER": MODE_SER,
    "MAXCOMPAT": MODE_MAX,
    "ALL": MODE_MAX,
}
_IDENT = re.compile(r"[ \t]*([A-Za-z_]\w*)", re.ASCII)
_FILE_NAME = re.compile(r'[ \t]*"((?:[^"\\\n]|\\.)*)"')
_FILE_ESCAPE = re.compile(r"\\(.)")
_CONTINUATION = re.compile(r"\\\r?\n")
_LINE_REST = re.compile(r"[ \t\r]*(?:(?:#|//)[^\n]*)?$")
_STRING_START = re.compile(r"""[ \t]*(?=["'])""")
_UNKNOWN_DIRECTIVE = re.compile(r"^[ \t]*#!([a-z_]{3,20})\b", re.MULTILINE)
_RESERVED = GRAMMAR_WORDS | frozenset(PARAM_NAMES)


@dataclass(slots=True)
class Define:
    """What a name stands for; `prototypes` are its tokens, made at first use."""

    name: str
    text: str
    location: SourceLocation
    prototypes: list[Token] | None = None
    fixed: bool = False
    """given on the command line: lines of the file do not change it"""


@dataclass(slots=True)
class _Conditional:
    """An open #!ifdef: whether its present part counts, and whether the text around it does."""

    location: SourceLocation
    active: bool
    outer_active: bool
    seen_else: bool = False


@dataclass(slots=True)
class Preprocessed:
    """The result: all tokens with an EOF token at the end."""

    tokens: list[Token]
    mode: str
    files: list[str]
    defines: dict[str, Define] = field(default_factory=dict)
    texts: Texts = field(default_factory=Texts)


class Preprocessor:
    """One run over a file and all that it includes."""

    def __init__(
        self,
        diagnostics: Diagnostics,
        defines: dict[str, str] | None = None,
        mode: str = MODE_MAX,
        again: Texts | None = None,
        read: Callable[[Path], SourceFile] = read_source,
    ) -> None:
        """`again`: take included files from there; else `read` does, as `read_source`."""
        self.diagnostics = diagnostics
        self._read = read
        self.texts = Texts()
        self._again = again
        self.mode = mode
        self.tokens: list[Token] = []
        self.files: list[str] = []
        self.defines: dict[str, Define] = {}
        self._conditionals: list[_Conditional] = []
        self._substitutions: list[Subst] = []
        self._lexers: list[Lexer] = []
        self._expanding: list[str] = []
        self._expanded = 0
        self._names: dict[str, object] = {}
        for name, text in (defines or {}).items():
            place = SourceFile(f"-D {name}", text)
            diagnostics.add_source(place)
            self._define(name, text, place.locate(0, len(text)), fixed=True)

    def run(self, source: SourceFile) -> Preprocessed:
        """All tokens of `source`."""
        self.texts.main = source.path
        self._file(source)
        end = len(source.text)
        self.tokens.append(Token(EOF, "", source, end, end))
        return Preprocessed(self.tokens, self.mode, self.files, self.defines, self.texts)

    def _file(self, source: SourceFile) -> None:
        self.files.append(source.path)
        self.texts.files[source.path] = source.text
        self.diagnostics.add_source(source)
        self._warn_unknown_directives(source)
        depth = len(self._conditionals)
        lexer = Lexer(source, self.mode, self.diagnostics, self._expand, self._names, self._substitute)
        self._lexers.append(lexer)
        while True:
            directive = lexer.run(self.tokens) if self._active() else lexer.skip_to_conditional()
            if len(self.tokens) > MAX_TOKENS:
                self.diagnostics.error(
                    "too-large", f"more than {MAX_TOKENS} tokens", source.locate(lexer.pos, lexer.pos)
                )
                break
            if directive is None:
                break
            self._directive(directive, lexer, depth)
        for conditional in self._conditionals[depth:]:
            message = "#!ifdef without #!endif; it reaches to the end of the file"
            self.diagnostics.warning("unclosed-ifdef", message, conditional.location)
        del self._conditionals[depth:]
        self._lexers.pop()

    def _active(self) -> bool:
        return not self._conditionals or (self._conditionals[-1].active and self._conditionals[-1].outer_active)

    def _warn_unknown_directives(self, source: SourceFile) -> None:
        for match in _UNKNOWN_DIRECTIVE.finditer(source.text):
            word = match.group(1)
            hint = "" if word in DIRECTIVES else did_you_mean(word, DIRECTIVES)
            if hint:
                location = source.locate(match.start(1), match.end(1))
                message = f"#!{word} is no directive, the line is a comment"
                self.diagnostics.warning("unknown-directive", message, location, suggestion=hint)

    # --- directives

    def _directive(self, directive: Directive, lexer: Lexer, depth: int) -> None:
        word = directive.word
        location = lexer.source.locate(directive.start, directive.end)
        if word in ("ifdef", "ifndef"):
            self._ifdef(word, location, lexer)
        elif word in ("else", "endif"):
            self._else_or_endif(word, location, lexer, depth)
        elif word in MODES:
            self.mode = MODES[word]
            for active in self._lexers:
                active.mode = self.mode
        elif word in ("subst", "substdef", "substdefs"):
            self._subst(word, location, lexer)
        elif word in ("include_file", "import_file"):
            self._include(directive, location, lexer)
        else:
            self._define_line(word, location, lexer)

    def _name(self, lexer: Lexer, location: SourceLocation, word: str) -> tuple[str, SourceLocation] | None:
        found = _IDENT.match(lexer.source.text, lexer.pos)
        if found is None:
            self.diagnostics.error("bad-directive", f"#!{word} without a name", location, expected="a name")
            lexer.rest_of_line()
            return None
        lexer.pos = found.end()
        return found.group(1), lexer.source.locate(found.start(1), found.end(1))

    def _check_rest(self, lexer: Lexer) -> None:
        """Warn about text after a directive; comments are fine."""
        text = lexer.source.text
        end = text.find("\n", lexer.pos)
        end = len(text) if end < 0 else end
        rest = text[lexer.pos : end]
        if not _LINE_REST.match(rest):
            start = lexer.pos + len(rest) - len(rest.lstrip())
            location = lexer.source.locate(start, end)
            self.diagnostics.warning("text-after-directive", "text after a directive is ignored", location)
        lexer.pos = end

    def _ifdef(self, word: str, location: SourceLocation, lexer: Lexer) -> None:
        named = self._name(lexer, location, word)
        name = named[0] if named is not None else ""
        if named is not None:
            self._check_rest(lexer)
        if len(self._conditionals) >= MAX_CONDITIONALS:
            self.diagnostics.error("nesting", f"#!{word} nested deeper than {MAX_CONDITIONALS}", location)
            lexer.pos = len(lexer.source.text)
            return
        defined = name in self.defines
        self._conditionals.append(_Conditional(location, defined == (word == "ifdef"), self._active()))

    def _else_or_endif(self, word: str, location: SourceLocation, lexer: Lexer, depth: int) -> None:
        self._check_rest(lexer)
        if len(self._conditionals) <= depth:
            # SIP Router passes over one #!endif too many, and stock configurations have such
            severity = WARNING if word == "endif" else ERROR
            self.diagnostics.report(severity, "unmatched-directive", f"#!{word} without #!ifdef", location)
            return
        if word == "endif":
            self._conditionals.pop()
            return
        conditional = self._conditionals[-1]
        if conditional.seen_else:
            self.diagnostics.error("unmatched-directive", "second #!else of one #!ifdef", location)
        conditional.seen_else = True
        conditional.active = not conditional.active

    def _define_line(self, word: str, location: SourceLocation, lexer: Lexer) -> None:
        named = self._name(lexer, location, word)
        if named is None:
            return
        name, place = named
        start, end = lexer.rest_of_line()
        text = _CONTINUATION.sub("", lexer.source.text[start:end]).lstrip(" \t\x08\r").rstrip("\r")
        old = self.defines.get(name)
        if old is not None and (old.fixed or word in ("trydef", "trydefine")):
            return
        if old is not None and word in ("define", "def"):
            hint = f"it was defined at {old.location}" if old.location.file else ""
            self.diagnostics.error("redefined", f"{name} is already defined", place, suggestion=hint)
            return
        self._define(name, text, place)

    def _define(self, name: str, text: str, location: SourceLocation, fixed: bool = False) -> None:
        if len(self.defines) >= MAX_DEFINES:
            self.diagnostics.error("too-many-defines", f"more than {MAX_DEFINES} defines", location)
            return
        if name in _RESERVED and text:
            message = f"{name} is a word of the language, defining it replaces nothing"
            self.diagnostics.warning("reserved-define", message, location)
        define = Define(name, text, location, fixed=fixed)
        self.defines[name] = define
        if name not in _RESERVED:
            self._names[name] = define

    def _expand(self, token: Token, out: list[Token]) -> bool:
        """Put what the define called `token` stands for into `out`."""
        name = str(token.value)
        define = self.defines[name]
        if name in self._expanding or len(self._expanding) >= MAX_EXPANSION_DEPTH:
            message = f"define {name} refers to itself"
            self.diagnostics.error("recursive-define", message, token.location)
            return True
        if define.prototypes is None:
            define.prototypes = self._lex_define(define, token)
        self._expanding.append(name)
        for prototype in define.prototypes:
            self._expanded += 1
            if self._expanded > MAX_EXPANDED_TOKENS:
                message = f"defines grow to more than {MAX_EXPANDED_TOKENS} tokens"
                self.diagnostics.error("too-large", message, token.location)
                break
            copy = Token(prototype.kind, prototype.value, token.source, token.start, token.end, name)
            if prototype.kind != "id" or prototype.value not in self._names or not self._expand(copy, out):
                if prototype.kind == STR:
                    copy.value = self._substitute(str(prototype.value), token.location)
                out.append(copy)
        self._expanding.pop()
        return True

    def _lex_define(self, define: Define, use: Token) -> list[Token]:
        """The tokens of the text of a define; errors in it are reported where it is used first."""
        tokens: list[Token] = []
        findings = Diagnostics()
        lexer = Lexer(SourceFile(define.name, define.text), self.mode, findings, lambda token, out: False, {})
        directive = lexer.run(tokens)
        for item in findings.errors:
            message = f"in the text of define {define.name}: {item.message}"
            hint = f"it was defined at {define.location}" if define.location.file else ""
            self.diagnostics.error(item.code, message, use.location, suggestion=hint)
        if directive is not None:
            message = f"the text of define {define.name} contains #!{directive.word}"
            self.diagnostics.error("bad-directive", message, use.location)
        return tokens

    # --- substitution in strings

    def _subst(self, word: str, location: SourceLocation, lexer: Lexer) -> None:
        value = self._string_argument(lexer, location, word)
        if value is None:
            return
        if word != "subst":
            self._subst_define(word, value, location)
            if word == "substdef":
                return
        if len(self._substitutions) >= MAX_SUBSTITUTIONS:
            self.diagnostics.error("too-large", f"more than {MAX_SUBSTITUTIONS} substitutions", location)
            return
        try:
            self._substitutions.append(parse_subst(value))
        except RegexError as error:
            self.diagnostics.error(
                "bad-subst", f"bad substitution: {error}", location, expected="/pattern/replacement/"
            )

    def _subst_define(self, word: str, value: str, location: SourceLocation) -> None:
        """`!NAME!text!` of #!substdef: a define."""
        parts = value.split(value[0]) if value else []
        if len(parts) < 4 or not re.fullmatch(r"[A-Za-z_]\w*", parts[1], re.ASCII):
            self.diagnostics.error("bad-subst", f"bad #!{word}", location, expected='"!NAME!text!"')
            return
        self._define(parts[1], parts[2], location)

    def _string_argument(self, lexer: Lexer, location: SourceLocation, word: str) -> str | None:
        text = lexer.source.text
        found = _STRING_START.match(text, lexer.pos)
        if found is None:
            self.diagnostics.error("bad-directive", f"#!{word} without a string", location, expected="a string")
            lexer.rest_of_line()
            return None
        start = found.end()
        end = text.find("\n", start)
        line = SourceFile(lexer.source.path, text[: len(text) if end < 0 else end])
        inner = Lexer(line, self.mode, self.diagnostics, lambda token, out: False, {})
        inner.pos = start
        tokens: list[Token] = []
        inner.run(tokens)
        lexer.pos = inner.pos
        if not tokens or tokens[0].kind != STR:
            return None
        return str(tokens[0].value)

    def _substitute(self, value: str, location: SourceLocation) -> str:
        for rule in self._substitutions:
            try:
                value, _ = rule.run(value, lambda part: "")
            except ValueError as error:
                self.diagnostics.error("bad-subst", f"substitution failed: {error}", location)
        return value

    # --- included files

    def _include(self, directive: Directive, location: SourceLocation, lexer: Lexer) -> None:
        word = directive.word
        found = _FILE_NAME.match(lexer.source.text, lexer.pos)
        if found is None or not found.group(1):
            message = f"{word} without a file name"
            self.diagnostics.error("bad-include", message, location, expected='"file name"')
            lexer.rest_of_line()
            return
        lexer.pos = found.end()
        name = _FILE_ESCAPE.sub(lambda match: {"t": "\t", "n": "\n", "r": "\r"}.get(match[1], match[1]), found.group(1))
        place = lexer.source.locate(found.start(1) - 1, found.end(1) + 1)
        if len(self._lexers) > MAX_INCLUDE_DEPTH or len(self.files) > MAX_INCLUDES:
            message = f"files included deeper than {MAX_INCLUDE_DEPTH}, or more than {MAX_INCLUDES} files"
            self.diagnostics.error("nesting", message, place)
            return
        if self._again is not None:
            source = self._again.included(lexer.source.path, name)
        else:
            source = self._read_include(name, Path(lexer.source.path).parent, place, optional=word == "import_file")
        if source is not None:
            self.texts.includes[lexer.source.path, name] = source.path
            source.included_at = (lexer.source, directive.start, lexer.pos)
            self._file(source)

    def _read_include(self, name: str, folder: Path, place: SourceLocation, optional: bool) -> SourceFile | None:
        """The file, looked for in the working directory first and then beside the including file."""
        problem = "not found"
        for path in dict.fromkeys((Path(name), folder / name)):
            try:
                if path.exists() and not path.is_file():
                    problem = "not a file"
                    break
                return self._read(path)
            except FileNotFoundError:
                continue
            except (OSError, ValueError) as error:
                problem = getattr(error, "strerror", None) or str(error)
                break
        else:
            if optional:
                return None
        self.diagnostics.error("bad-include", f"cannot read included file {name}: {problem}", place)
        return None


def preprocess(
    source: SourceFile,
    diagnostics: Diagnostics,
    defines: dict[str, str] | None = None,
    mode: str = MODE_MAX,
    again: Texts | None = None,
    read: Callable[[Path], SourceFile] = read_source,
) -> Preprocessed:
    """Tokens of `source` with `defines` (name -> text) given on the command line; see Preprocessor."""
    return Preprocessor(diagnostics, defines, mode, again, read).run(source)
