"""Statements of route blocks. An error skips to the end of its statement, so that the next ones are still looked at."""

from __future__ import annotations

from siprouter.script.keywords import CONDITIONS, CONTROL, ROUTE_KEYWORDS
from siprouter.script.lexer import ATTR, EOF, ID, NAME, PVAR, STR, Token
from siprouter.script.nodes import (
    Assign,
    Block,
    Break,
    CallStmt,
    Case,
    Drop,
    Exit,
    Expr,
    If,
    Return,
    Stmt,
    Switch,
    While,
)
from siprouter.script.parse_expr import BARE_FUNCTIONS, ExprParser
from siprouter.script.stream import ParseError, starts_line

TEST_HINT = "tests belong into if (...)"
MAX_ELSE_IF = 300
MAX_LOOPS = 12


class StmtParser(ExprParser):
    """Parses the inside of route blocks."""

    _loops = 0
    _unclosed_at = -1

    def parse_block(self) -> list[Stmt]:
        """`{ statements }`. Raises ParseError when there is no brace."""
        opening = self.expect("{")
        self.enter()
        body = self._statements("}")
        self.leave()
        self._close(opening, "block")
        return body

    def _close(self, opening: Token, what: str) -> None:
        """The brace at the end; where it is missing, that is said once for all the blocks that are open."""
        if self.take("}") or self._unclosed_at == self.index:
            return
        self._unclosed_at = self.index
        message = f"{what} without closing brace"
        expected = f"'}}' before {self.token.describe()}"
        self.diagnostics.error("unclosed-block", message, opening.location, expected=expected)

    def _statements(self, *ends: str) -> list[Stmt]:
        """Statements up to a token of kind (or a word of) `ends`, or the end of the file."""
        body: list[Stmt] = []
        while not self._at_end(ends):
            start, nesting, loops = self.index, self._nesting, self._loops
            try:
                statement = self.statement()
                if statement is not None:
                    body.append(statement)
            except ParseError:
                self._nesting, self._loops = nesting, loops
                self._recover(start)
        return body

    def _at_end(self, ends: tuple[str, ...]) -> bool:
        token = self.token
        if token.kind != ID:
            return token.kind == EOF or token.kind in ends
        # a route block cannot begin inside another: a brace is missing before it
        return token.value in ends or (token.value in ROUTE_KEYWORDS and self.peek().kind in ("{", "["))

    def _recover(self, start: int) -> None:
        """Skip to behind the next `;` of this level, or to the `}` that ends it."""
        if self.index == start and self.token.kind not in ("}", ";"):
            self.advance()
        depth = 0
        while self.token.kind != EOF:
            kind = self.token.kind
            if kind == "{":
                depth += 1
            elif kind == "}":
                if depth == 0:
                    return
                depth -= 1
                if depth == 0:
                    self.advance()
                    if not self.at_word("else"):
                        return
                    continue
            elif kind == ";" and depth == 0:
                self.advance()
                return
            elif depth == 0 and self._begins_line() and self._at_start():
                return
            self.advance()

    def _at_start(self) -> bool:
        """Whether the present token can only be the beginning of something."""
        if self.at_word("if", "while", "switch", "case", "default"):
            return True
        return self.at_word(*ROUTE_KEYWORDS) and self.peek().kind in ("{", "[")

    def _begins_line(self) -> bool:
        return self.index > 0 and starts_line(self.token, self.previous)

    def statement(self) -> Stmt | None:
        """One statement; None for a stray `;`. Raises ParseError."""
        token = self.token
        kind = token.kind
        if kind == ID:
            word = str(token.value)
            if word in CONTROL:
                return self._control(word)
            if self.peek().kind == "(" or word in BARE_FUNCTIONS:
                call = self.call()
                self._semicolon()
                return CallStmt(token, call.last, call)
            raise self._bad_word(token)
        if kind in (PVAR, ATTR, NAME):
            return self._assignment()
        if kind == ";":
            self.advance()
            return None
        if kind == "{":
            body = self.parse_block()
            return Block(token, self.previous, body)
        raise self.unexpected("a statement", TEST_HINT if kind == "(" else "")

    def _bad_word(self, token: Token) -> ParseError:
        word, following = str(token.value), self.peek()
        if word in CONDITIONS:
            return self.unexpected("a statement", TEST_HINT)
        if following.kind == STR:
            return self.unexpected("'('", f"write {word}(...)", following)
        if following.kind in ("=", "+="):
            return self.unexpected("a variable before '='", f"write $var({word})", token)
        hint = f"did you mean {word}()?"
        self.advance()
        return self.fail("syntax", f"unexpected name {word}", token, expected="a function call", suggestion=hint)

    def _semicolon(self) -> None:
        """The end of a simple statement. A missing one is reported where it should stand, and parsing goes on."""
        if self.take(";"):
            return
        before = self.previous
        place = before.source.locate(before.end, before.end + 1)
        if self.token.kind in ("}", EOF) or starts_line(self.token, before):
            self.diagnostics.error("missing-semicolon", "missing ';'", place, expected=f"';' after {before.describe()}")
            return
        raise self.unexpected("';'")

    def _assignment(self) -> Stmt:
        first = self.token
        target = self.variable()
        sign = self.take("=") or self.take("+=")
        if sign is None:
            hint = "use '=' to assign, or test it with if (...)" if self.token.kind == "==" else ""
            raise self.unexpected("'='", hint)
        value = self.expression()
        statement = Assign(first, self.previous, target, sign.kind, value)
        self._semicolon()
        return statement

    # --- control words

    def _control(self, word: str) -> Stmt:
        if word == "if":
            return self._if()
        if word == "while":
            return self._while()
        if word == "switch":
            return self._switch()
        if word == "break":
            first = self.advance()
            self._semicolon()
            return Break(first, first)
        if word in ("return", "exit", "drop"):
            return self._end(word)
        hint = {"else": "there is no if before it; is a brace missing?"}.get(word, "it belongs into a switch")
        error = self.unexpected("a statement", hint)
        self.advance()
        raise error

    def _end(self, word: str) -> Stmt:
        first = self.advance()
        value: Expr | None = None
        if self.token.kind == "(" and self.peek().kind == ")":
            self.advance()
            self.advance()
        elif self.token.kind not in (";", "}", EOF) and not starts_line(self.token, first):
            value = self.expression()
        last = self.previous
        self._semicolon()
        if word == "return":
            return Return(first, last, value)
        return Exit(first, last, value) if word == "exit" else Drop(first, last, value)

    def _body(self) -> list[Stmt]:
        """What an if or while governs: a block, or one statement."""
        if self.token.kind == "{":
            return self.parse_block()
        self.enter()
        statement = self.statement()
        self.leave()
        return [] if statement is None else [statement]

    def _if(self) -> Stmt:
        first = self.advance()
        branches: list[tuple[Expr, list[Stmt]]] = []
        orelse: list[Stmt] = []
        while True:
            test = self.expression()
            branches.append((test, self._body()))
            if not self.take_word("else"):
                break
            if not self.at_word("if"):
                orelse = self._body()
                break
            if len(branches) >= MAX_ELSE_IF:
                raise self.fail("nesting", f"more than {MAX_ELSE_IF} else if", self.token)
            self.advance()
        return If(first, self.previous, branches, orelse)

    def _while(self) -> Stmt:
        first = self.advance()
        test = self.expression()
        self._enter_loop(first)
        body = self._body()
        self._loops -= 1
        return While(first, self.previous, test, body)

    def _enter_loop(self, first: Token) -> None:
        self._loops += 1
        if self._loops > MAX_LOOPS:
            raise self.fail("nesting", f"more than {MAX_LOOPS} loops and switches inside each other", first)

    def _switch(self) -> Stmt:
        first = self.advance()
        subject = self.expression()
        opening = self.expect("{")
        self._enter_loop(first)
        self.enter()
        cases: list[Case] = []
        while not self._at_end(("}",)):
            cases.append(self._case())
        self.leave()
        self._loops -= 1
        self._close(opening, "switch")
        return Switch(first, self.previous, subject, cases)

    def _case(self) -> Case:
        first = self.token
        label: Expr | None = None
        regex = False
        if self.take_word("case"):
            regex = self.take("/") is not None
            label = self.expression()
            if regex:
                self.take("/")
        elif not self.take_word("default"):
            raise self.unexpected("case or default")
        self.expect(":", "':' after the label")
        body = self._statements("}", "case", "default")
        return Case(first, self.previous, label, regex, body)
