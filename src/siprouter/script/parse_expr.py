"""Expressions: operator precedence as in 3.1, conditions on message parts, function calls and their arguments."""

from __future__ import annotations

from siprouter.core.selects import split_select_path
from siprouter.script.keywords import (
    CONDITIONS,
    IP_CONDITIONS,
    PROTO_CONDITIONS,
    PROTO_WORDS,
    STRING_CONDITIONS,
    URI_CONDITIONS,
    VALUE_WORDS,
    WORD_OPERATORS,
)
from siprouter.script.lexer import ATTR, CAST, ID, IP6, NAME, NUM, NUM_ID, PVAR, SELECT, STR, Token
from siprouter.script.nodes import (
    Assign,
    Attr,
    Binary,
    BlockExpr,
    Call,
    Condition,
    Expr,
    Int,
    Logic,
    Myself,
    Name,
    Net,
    Pv,
    Select,
    Stmt,
    Str,
    Unary,
    Word,
)
from siprouter.script.stream import TokenStream, adjacent

OPERATORS: dict[str, tuple[int, str]] = {
    "||": (2, "||"), "or": (2, "||"),
    "&&": (3, "&&"), "and": (3, "&&"),
    "|": (4, "|"), "&": (5, "&"), "^": (6, "^"), "<<": (7, "<<"), ">>": (8, ">>"),
    "==": (9, "=="), "!=": (9, "!="), "=~": (9, "=~"),
    "eq": (9, "eq"), "ne": (9, "ne"), "ieq": (9, "ieq"), "ine": (9, "ine"),
    ">": (10, ">"), "<": (10, "<"), ">=": (10, ">="), "<=": (10, "<="),
    "+": (11, "+"), "-": (11, "-"), "*": (12, "*"), "/": (12, "/"), "mod": (12, "mod"),
}  # fmt: skip
"""sign or word -> (precedence, canonical sign); a larger precedence binds tighter"""
LOGICAL_AND = 3
EQUALITY = 9
UNARY = 13
DEFINED = 14
CAST_PRECEDENCE = 15

_EQUAL_SIGNS = {"==": "==", "!=": "!=", "eq": "==", "ne": "!="}
_MATCH_SIGNS = {**_EQUAL_SIGNS, "=~": "=~"}
_COMPARE_SIGNS = {**_EQUAL_SIGNS, ">": ">", "<": "<", ">=": ">=", "<=": "<="}
_WORD_PUNCTUATION = frozenset({".", "-", ":", "*", "/", "[", "]"})
_WORD_KINDS = frozenset({ID, NUM, NUM_ID, IP6})
NO_OPERANDS = {
    "max_len": "max_len is gone since 3.0, write a number such as 4096",
    "NULL": "write $null",
    "null": "write $null",
}
"""words of other versions, and what to write instead"""
MAX_ARGUMENTS = 64
MAX_CHAIN = 150
MAX_LOGIC = 2000


class ExprParser(TokenStream):
    """Parses expressions; blocks inside them are parsed by the statement parser, which derives from this."""

    def parse_block(self) -> list[Stmt]:
        """`{ … }`; implemented by the statement parser."""
        raise NotImplementedError

    def expression(self, least: int = 0) -> Expr:
        """An expression of operators that bind at least as tight as `least`."""
        self.enter()
        left = self.unary()
        chained = 0
        while True:
            token = self.token
            if token.kind == "!" and least <= EQUALITY and self._at_not_match():
                self.advance()
                self.advance()
                right = self.expression(EQUALITY + 1)
                matched = Binary(left.first, self.previous, "=~", left, right)
                left = Unary(left.first, self.previous, "!", matched)
                continue
            operator = OPERATORS.get(str(token.value)) if token.kind == ID else OPERATORS.get(token.kind)
            if operator is None or operator[0] < least:
                break
            self.advance()
            if operator[0] <= LOGICAL_AND:
                left = self._logic(left, operator)
                continue
            chained += 1
            if chained > MAX_CHAIN:
                raise self.fail("nesting", f"more than {MAX_CHAIN} operators in a row", token)
            right = self.expression(operator[0] + 1)
            left = Binary(left.first, self.previous, operator[1], left, right)
        self.leave()
        return left

    def _logic(self, left: Expr, operator: tuple[int, str]) -> Expr:
        """The rest of a row of && or of ||."""
        precedence, sign = operator
        operands = [left]
        while True:
            operands.append(self.expression(precedence + 1))
            token = self.token
            following = OPERATORS.get(str(token.value)) if token.kind == ID else OPERATORS.get(token.kind)
            if following is None or following[1] != sign:
                return Logic(left.first, self.previous, sign, operands)
            if len(operands) >= MAX_LOGIC:
                raise self.fail("nesting", f"more than {MAX_LOGIC} operands of {sign}", token)
            self.advance()

    def _at_not_match(self) -> bool:
        following = self.peek()
        return following.kind == "~" and adjacent(self.token, following)

    def unary(self) -> Expr:
        """An operand with the operators before it."""
        token = self.token
        kind = token.kind
        if kind in ("!", "~") or self.at_word("not"):
            self.advance()
            return self._unary("!" if kind == ID else kind, token, UNARY)
        if kind == "-":
            self.advance()
            number = self.take(NUM)
            if number is not None:
                return Int(token, number, -int(str(number.value)))
            return self._unary("-", token, UNARY)
        if kind == CAST:
            self.advance()
            return self._unary(str(token.value), token, CAST_PRECEDENCE)
        if kind == ID:
            word = token.value
            if word == "defined":
                self.advance()
                return self._unary("defined", token, DEFINED)
            if word in ("strlen", "strempty"):
                self.advance()
                self.expect("(")
                operand = self.expression()
                self.expect(")")
                return Unary(token, self.previous, str(word), operand)
        return self.primary()

    def _unary(self, op: str, first: Token, precedence: int) -> Expr:
        self.enter()
        operand = self.expression(precedence)
        self.leave()
        return Unary(first, self.previous, op, operand)

    def primary(self) -> Expr:
        """An operand without operators."""
        token = self.token
        kind = token.kind
        if kind == PVAR:
            self.advance()
            return Pv(token, token, str(token.value))
        if kind == STR:
            self.advance()
            return Str(token, token, str(token.value))
        if kind == NUM:
            self.advance()
            return Int(token, token, int(str(token.value)))
        if kind == ID:
            return self._word(token)
        if kind == "(":
            return self._parenthesised()
        if kind == "{":
            self.enter()
            body = self.parse_block()
            self.leave()
            return BlockExpr(token, self.previous, body)
        if kind in (ATTR, NAME):
            return self.variable()
        if kind == SELECT:
            self.advance()
            return self._select(token)
        raise self.unexpected("an expression")

    def variable(self) -> Expr:
        """A pseudo-variable or attribute, with the index of the latter."""
        token = self.advance()
        if token.kind == PVAR:
            return Pv(token, token, str(token.value))
        if token.kind == NAME:
            return Name(token, token, str(token.value)[1:])
        klass, name = token.value if isinstance(token.value, tuple) else ("", str(token.value))
        index: int | str | None = None
        if self.token.kind == "[":
            self.advance()
            if self.token.kind == "]":
                index = "all"
            else:
                sign = -1 if self.take("-") else 1
                index = sign * int(str(self.expect(NUM, "an index").value))
            self.expect("]")
        return Attr(token, self.previous, klass, name, index)

    def _parenthesised(self) -> Expr:
        """`(expression)` or `(lvalue = expression)`."""
        first = self.advance()
        self.enter()
        if self.token.kind in (PVAR, ATTR, NAME):
            start = self.index
            target = self.variable()
            if self.token.kind in ("=", "+="):
                sign = self.advance()
                value = self.expression()
                self.expect(")")
                self.leave()
                assign = Assign(target.first, self.previous, target, sign.kind, value)
                return BlockExpr(first, self.previous, [assign])
            self.seek(start)
        inner = self.expression()
        self.expect(")")
        self.leave()
        return inner

    def _select(self, token: Token) -> Expr:
        text = str(token.value)
        try:
            parts = split_select_path(text[1:])
        except ValueError as error:
            raise self.fail("syntax", str(error), token) from None
        return Select(token, token, text, tuple(parts))

    # --- words

    def _word(self, token: Token) -> Expr:
        """An operand that begins with a word: a condition, a function call or a word that is a number."""
        word = str(token.value)
        if word in CONDITIONS and self.peek().kind != "(":
            return self._condition()
        if word in VALUE_WORDS and self.peek().kind != "(":
            self.advance()
            return Int(token, token, VALUE_WORDS[word])
        if self.peek().kind == "(" or word in BARE_FUNCTIONS:
            return self.call()
        hint = NO_OPERANDS.get(word, f'put it in quotes ("{word}"), or define it: #!define {word} …')
        raise self.unexpected("an expression", hint)

    def call(self) -> Call:
        """A function call: `name(arguments)`, or a bare name where the function allows that."""
        first = self.advance()
        name = str(first.value)
        if self.token.kind != "(":
            return Call(first, first, name, [], bare=True)
        self.advance()
        self.enter()
        args: list[Expr] = []
        if self.token.kind != ")":
            args.append(self.argument())
            while self.take(","):
                if len(args) >= MAX_ARGUMENTS:
                    raise self.fail("nesting", f"more than {MAX_ARGUMENTS} arguments", self.token)
                args.append(self.argument())
        self.leave()
        if self.token.kind != ")":
            raise self.unexpected("',' or ')'")
        self.advance()
        return Call(first, self.previous, name, args)

    def argument(self) -> Expr:
        """One argument: an expression, or a bare word such as a host, an address or a route name."""
        if self._at_bare_word():
            return self.bare_word()
        return self.expression()

    def _at_bare_word(self) -> bool:
        token, following = self.token, self.peek()
        kind = token.kind
        if kind in (IP6, NUM_ID, "["):
            return True
        if kind == "*":
            return following.kind in (":", ",", ")")
        if kind == NUM:
            return following.kind == "." and adjacent(token, following)
        if kind != ID or following.kind == "(":
            return False
        word = token.value
        if word in WORD_OPERATORS or word in VALUE_WORDS or word in BARE_FUNCTIONS:
            return False
        if word in CONDITIONS:
            return following.kind in (",", ")", ".", ":")
        return True

    def bare_word(self) -> Word:
        """Names, numbers and the signs of hosts, addresses and sockets, as one text."""
        first = self.token
        parts: list[str] = []
        brackets = 0
        while self.token.kind in _WORD_KINDS or self.token.kind in _WORD_PUNCTUATION:
            if self.token.kind == "[":
                brackets += 1
            elif self.token.kind == "]":
                brackets -= 1
                if brackets < 0:
                    break
            elif parts and self.token.kind in _WORD_KINDS and self.previous.kind in _WORD_KINDS:
                break
            token = self.advance()
            parts.append(str(token.value) if token.macro else token.text)
        if not parts:
            raise self.unexpected("a name or an address")
        return Word(first, self.previous, "".join(parts))

    # --- conditions

    def _condition(self) -> Expr:
        first = self.advance()
        keyword = str(first.value)
        if keyword == "myself":
            return self._myself_first(first)
        if keyword in STRING_CONDITIONS:
            sign = self._sign(_MATCH_SIGNS, "==, != or =~")
            operand = self._string_operand(keyword)
        elif keyword in IP_CONDITIONS:
            sign = self._sign(_MATCH_SIGNS, "==, != or =~")
            operand = self._ip_operand()
        elif keyword in PROTO_CONDITIONS:
            sign = self._sign(_EQUAL_SIGNS, "== or !=")
            operand = self._proto_operand()
        else:
            sign = self._sign(_COMPARE_SIGNS, "==, !=, <, >, <= or >=")
            operand = self.expression(OPERATORS[sign][0] + 1)
        return Condition(first, self.previous, "uri" if keyword == "status" else keyword, sign, operand)

    def _sign(self, signs: dict[str, str], expected: str) -> str:
        token = self.token
        sign = signs.get(str(token.value)) if token.kind == ID else signs.get(token.kind)
        if sign is None:
            raise self.unexpected(expected)
        self.advance()
        return sign

    def _myself_first(self, first: Token) -> Expr:
        sign = self._sign(_EQUAL_SIGNS, "== or !=")
        token = self.token
        keyword = str(token.value)
        if token.kind != ID or (keyword not in URI_CONDITIONS and keyword not in IP_CONDITIONS):
            raise self.unexpected("uri, from_uri, to_uri, src_ip or dst_ip")
        self.advance()
        keyword = "uri" if keyword == "status" else keyword
        return Condition(first, token, keyword, sign, Myself(first, first))

    def _string_operand(self, keyword: str) -> Expr:
        token = self.token
        if token.kind == ID and self.peek().kind != "(":
            word = str(token.value)
            if word == "myself" and keyword != "method":
                self.advance()
                return Myself(token, token)
            if keyword == "method" and word not in WORD_OPERATORS and word not in CONDITIONS:
                self.advance()
                return Word(token, token, word)
        return self.expression(EQUALITY + 1)

    def _proto_operand(self) -> Expr:
        token = self.token
        if token.kind == ID and token.value in PROTO_WORDS:
            self.advance()
            return Int(token, token, PROTO_WORDS[str(token.value)])
        return self.expression(EQUALITY + 1)

    def _ip_operand(self) -> Expr:
        """An address or network, a host name, `myself`, or an expression."""
        token = self.token
        if token.kind == ID and token.value == "myself":
            self.advance()
            return Myself(token, token)
        following = self.peek()
        if token.kind in (IP6, "[") or (token.kind == NUM and following.kind == "."):
            return self._net()
        if token.kind == ID and following.kind != "(" and token.value not in WORD_OPERATORS:
            return self._host()
        return self.expression(EQUALITY + 1)

    def _net(self) -> Net:
        first = self.token
        address = self.address()
        mask = ""
        if self.token.kind == "/":
            self.advance()
            if self.token.kind == NUM and self.peek().kind != ".":
                mask = str(self.advance().value)
            else:
                mask = self.address()
        return Net(first, self.previous, address, mask)

    def address(self) -> str:
        """An IPv4 or IPv6 address as written, the latter without brackets."""
        if self.token.kind == "[":
            self.advance()
            text = str(self.expect(IP6, "an IPv6 address").value)
            self.expect("]")
            return text
        if self.token.kind == IP6:
            return str(self.advance().value)
        numbers = [self.expect(NUM, "an address").value]
        while len(numbers) < 4:
            self.expect(".", "an address")
            numbers.append(self.expect(NUM, "an address").value)
        return ".".join(str(number) for number in numbers)

    def _host(self) -> Word:
        first = self.expect(ID, "a host name")
        parts = [str(first.value)]
        while self.token.kind in (".", "-") and self.peek().kind in (ID, NUM_ID, NUM):
            parts.append(self.advance().kind)
            token = self.advance()
            parts.append(str(token.value) if token.macro else token.text)
        return Word(first, self.previous, "".join(parts))


BARE_FUNCTIONS = frozenset(
    {
        "add_local_rport", "append_branch", "force_rport", "add_rport", "force_tcp_alias", "add_tcp_alias",
        "revert_uri", "set_forward_close", "set_forward_no_connect", "set_reply_close", "set_reply_no_connect",
    }
)  # fmt: skip
"""core functions that may stand without parentheses"""
