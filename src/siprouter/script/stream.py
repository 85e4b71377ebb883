"""The parser's view of the tokens: look, take, demand, and report what was found instead."""

from __future__ import annotations

from siprouter.script.diagnostics import Diagnostics
from siprouter.script.lexer import EOF, ID, Token

MAX_NESTING = 150


class ParseError(Exception):
    """The present statement makes no sense; reported already. The parser goes on after it."""


class TokenStream:
    """A cursor over tokens that end with EOF."""

    def __init__(self, tokens: list[Token], diagnostics: Diagnostics) -> None:
        self.tokens = tokens
        self.diagnostics = diagnostics
        self.index = 0
        self.token = tokens[0]
        self._nesting = 0

    def advance(self) -> Token:
        """Take the present token."""
        token = self.token
        if token.kind != EOF:
            self.index += 1
            self.token = self.tokens[self.index]
        return token

    def peek(self, distance: int = 1) -> Token:
        """A token ahead; EOF past the end."""
        index = self.index + distance
        return self.tokens[index] if index < len(self.tokens) else self.tokens[-1]

    @property
    def previous(self) -> Token:
        """The token taken last."""
        return self.tokens[self.index - 1] if self.index else self.tokens[0]

    def seek(self, index: int) -> None:
        """Go back (or forth) to a token."""
        self.index = index
        self.token = self.tokens[index]

    def take(self, kind: str) -> Token | None:
        """The present token if it is of this kind."""
        return self.advance() if self.token.kind == kind else None

    def take_word(self, *words: str) -> Token | None:
        """The present token if it is one of these words."""
        return self.advance() if self.at_word(*words) else None

    def at_word(self, *words: str) -> bool:
        """Whether the present token is one of these words."""
        return self.token.kind == ID and self.token.value in words

    def expect(self, kind: str, what: str = "") -> Token:
        """Take a token of this kind. Raises ParseError."""
        if self.token.kind == kind:
            return self.advance()
        raise self.unexpected(what or f"'{kind}'")

    def unexpected(self, expected: str, suggestion: str = "", token: Token | None = None) -> ParseError:
        """Report the present token as one that cannot stand there; to be raised."""
        token = token or self.token
        message = f"unexpected {token.describe()}"
        self.diagnostics.error("syntax", message, token.location, expected=expected, suggestion=suggestion)
        return ParseError()

    def fail(self, code: str, message: str, token: Token, expected: str = "", suggestion: str = "") -> ParseError:
        """Report an error at `token`; to be raised."""
        self.diagnostics.error(code, message, token.location, expected=expected, suggestion=suggestion)
        return ParseError()

    def enter(self) -> None:
        """One level of nesting deeper. Raises ParseError past the bound."""
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise self.fail("nesting", f"nested deeper than {MAX_NESTING} levels", self.token)

    def leave(self) -> None:
        """One level up."""
        self._nesting -= 1


def adjacent(left: Token, right: Token) -> bool:
    """Whether nothing stands between two tokens."""
    if left.source is not right.source:
        return False
    return left.end == right.start or (bool(left.macro) and left.start == right.start)


def starts_line(token: Token, before: Token) -> bool:
    """Whether `token` stands on a later line than `before` ends."""
    if token.source is not before.source:
        return True
    return "\n" in token.source.text[before.end : token.start]
