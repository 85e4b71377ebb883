"""POSIX regular expressions to a syntax tree: what regcomp(3) of the GNU library accepts, extended and basic.

Everything is about bytes: a character is 0..255, a set of characters is a 256-bit integer. Case is folded and newline
taken out while parsing, so the tree alone says what matches. `emit` writes the tree in the dialect common to Python's
`re` and RE2; `measure` bounds the work of a backtracking matcher.
"""

from dataclasses import dataclass, field

ALL = (1 << 256) - 1
NEWLINE = 1 << 10
UNBOUNDED = -1
MAX_REPEAT = 32767  # RE_DUP_MAX
MAX_NESTING = 100
MAX_PATTERN = 16384


class RegexError(ValueError):
    """A pattern that cannot be compiled; `position` is the offset in the pattern."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(f"{message} at position {position}")
        self.message = message
        self.position = position


@dataclass(slots=True)
class Chars:
    """One character out of a set."""

    mask: int


@dataclass(slots=True)
class Anchor:
    """A place: `^ $` (lines or whole text, as `lines` says), `b B < >` (words), "`" and "'" (ends of the text)."""

    kind: str
    lines: bool


@dataclass(slots=True)
class Group:
    """A numbered subexpression."""

    body: "Node"
    number: int


@dataclass(slots=True)
class Repeat:
    """`body` at least `low` and at most `high` times."""

    body: "Node"
    low: int
    high: int


@dataclass(slots=True)
class Backref:
    """The same text as a group before."""

    number: int


@dataclass(slots=True)
class Concat:
    """One after the other; empty matches the empty text."""

    items: list["Node"] = field(default_factory=list)


@dataclass(slots=True)
class Alternation:
    """Any one of them."""

    items: list["Node"]


Node = Chars | Anchor | Group | Repeat | Backref | Concat | Alternation


def _span(first: int, last: int) -> int:
    return ((1 << (last - first + 1)) - 1) << first


def _set(text: str) -> int:
    mask = 0
    for char in text:
        mask |= 1 << ord(char)
    return mask


_UPPER = _span(65, 90)
_LOWER = _span(97, 122)
_DIGIT = _span(48, 57)
_WORD = _UPPER | _LOWER | _DIGIT | _set("_")
_SPACE = _set(" \t\n\r\v\f")
CLASSES = {
    "alpha": _UPPER | _LOWER,
    "digit": _DIGIT,
    "alnum": _UPPER | _LOWER | _DIGIT,
    "upper": _UPPER,
    "lower": _LOWER,
    "space": _SPACE,
    "blank": _set(" \t"),
    "punct": _span(33, 47) | _span(58, 64) | _span(91, 96) | _span(123, 126),
    "print": _span(32, 126),
    "graph": _span(33, 126),
    "cntrl": _span(0, 31) | 1 << 127,
    "xdigit": _DIGIT | _span(65, 70) | _span(97, 102),
}
_ESCAPED_SETS = {"w": _WORD, "W": ALL & ~_WORD, "s": _SPACE, "S": ALL & ~_SPACE}


def fold_case(mask: int) -> int:
    """`mask` with both cases of each ASCII letter in it."""
    return mask | (mask & _UPPER) << 32 | (mask & _LOWER) >> 32


class Parser:
    """Recursive descent over one pattern, given as Latin-1 text (one character a byte)."""

    def __init__(self, pattern: str, icase: bool, newline: bool, basic: bool) -> None:
        self.pattern = pattern
        self.icase = icase
        self.newline = newline
        self.basic = basic
        self.pos = 0
        self.groups = 0
        self.closed: set[int] = set()
        self.depth = 0

    def parse(self) -> Node:
        """The whole pattern; raises RegexError."""
        if len(self.pattern) > MAX_PATTERN:
            raise RegexError(f"pattern longer than {MAX_PATTERN} bytes", MAX_PATTERN)
        return self._alternation()

    def _at(self, token: str) -> bool:
        """True where the operator `token` of extended expressions stands here, in the way of this dialect."""
        if self.basic:
            token = "\\" + token
        return self.pattern.startswith(token, self.pos)

    def _operator_width(self) -> int:
        return 2 if self.basic else 1

    def _alternation(self) -> Node:
        branches = [self._branch()]
        while self._at("|"):
            self.pos += self._operator_width()
            branches.append(self._branch())
        return branches[0] if len(branches) == 1 else Alternation(branches)

    def _branch(self) -> Node:
        items: list[Node] = []
        start = self.pos
        while self.pos < len(self.pattern) and not self._at("|"):
            if self._at(")"):
                if self.depth:
                    break
                if self.basic:
                    raise RegexError("unmatched \\)", self.pos)
            items.append(self._repetitions(self._atom(start)))
        return items[0] if len(items) == 1 else Concat(items)

    def _repetitions(self, node: Node) -> Node:
        if isinstance(node, Anchor):  # cannot be repeated; basic expressions take the operator as an ordinary character
            self._refuse_operator()
            return node
        while self.pos < len(self.pattern):
            bounds = self._repetition()
            if bounds is None:
                break
            low, high = bounds
            if isinstance(node, Repeat) and (node.low, low) in ((0, 0), (1, 1)) and node.high == high == UNBOUNDED:
                continue  # a** is a*: no needless nesting
            node = Repeat(node, low, high)
        return node

    def _repetition(self) -> tuple[int, int] | None:
        """Bounds of the repetition operator that stands here, consumed; None where none does."""
        if self.pattern.startswith("*", self.pos):
            self.pos += 1
            return 0, UNBOUNDED
        if self._at("+"):
            self.pos += self._operator_width()
            return 1, UNBOUNDED
        if self._at("?"):
            self.pos += self._operator_width()
            return 0, 1
        if self._at("{"):
            return self._interval()
        return None

    def _interval(self) -> tuple[int, int]:
        start = self.pos
        self.pos += self._operator_width()
        close = "\\}" if self.basic else "}"
        end = self.pattern.find(close, self.pos)
        low_text, comma, high_text = self.pattern[self.pos : end].partition(",")
        valid = end >= 0 and _is_count(low_text, comma) and (_is_count(high_text, "") or not high_text)
        if not valid:
            raise RegexError("invalid interval", start)
        low = int(low_text or "0")
        high = (int(high_text) if high_text else UNBOUNDED) if comma else low
        if low > MAX_REPEAT or high > MAX_REPEAT or (high != UNBOUNDED and low > high):
            raise RegexError("invalid interval", start)
        self.pos = end + len(close)
        return low, high

    def _atom(self, branch_start: int) -> Node:
        if self._at("("):
            return self._group()
        char = self.pattern[self.pos]
        if char == "\\":
            return self._escape()
        if char == "[":
            return self._bracket()
        if char == ".":
            self.pos += 1
            return Chars(ALL & ~NEWLINE if self.newline else ALL)
        if char in "^$" and self._is_anchor(char, branch_start):
            self.pos += 1
            return Anchor(char, self.newline)
        if self.pos == branch_start:
            self._refuse_operator()
        self.pos += 1
        return self._literal(char)

    def _refuse_operator(self) -> None:
        if not self.basic and self.pattern[self.pos : self.pos + 1] in ("*", "+", "?", "{"):
            raise RegexError("nothing to repeat", self.pos)

    def _is_anchor(self, char: str, branch_start: int) -> bool:
        """Basic expressions have anchors only at the ends of an expression."""
        if not self.basic:
            return True
        if char == "^":
            return self.pos == branch_start
        rest = self.pattern[self.pos + 1 :]
        return not rest or rest.startswith(("\\)", "\\|"))

    def _literal(self, char: str) -> Chars:
        mask = 1 << ord(char)
        return Chars(fold_case(mask) if self.icase else mask)

    def _group(self) -> Node:
        start = self.pos
        self.pos += self._operator_width()
        self.groups += 1
        number = self.groups
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise RegexError(f"more than {MAX_NESTING} nested groups", start)
        body = self._alternation()
        if not self._at(")"):
            raise RegexError("unmatched (", start)
        self.pos += self._operator_width()
        self.depth -= 1
        self.closed.add(number)
        return Group(body, number)

    def _escape(self) -> Node:
        start = self.pos
        if start + 1 >= len(self.pattern):
            raise RegexError("trailing backslash", start)
        char = self.pattern[start + 1]
        self.pos += 2
        if char in _ESCAPED_SETS:
            return Chars(_ESCAPED_SETS[char])
        if char in "bB<>`'":
            return Anchor(char, False)
        if "1" <= char <= "9":
            if int(char) not in self.closed:
                raise RegexError(f"no group {char} before this reference", start)
            return Backref(int(char))
        return self._literal(char)

    def _bracket(self) -> Node:
        start = self.pos
        self.pos += 1
        negated = self.pattern.startswith("^", self.pos)
        self.pos += negated
        mask = 0
        first = True
        while first or not self.pattern.startswith("]", self.pos):
            if self.pos >= len(self.pattern):
                raise RegexError("unmatched [", start)
            mask |= self._bracket_item(start)
            first = False
        self.pos += 1
        if self.icase:
            mask = fold_case(mask)
        if negated:
            mask = ALL & ~mask
            if self.newline:
                mask &= ~NEWLINE
        return Chars(mask)

    def _bracket_item(self, start: int) -> int:
        if self.pattern.startswith("[:", self.pos):
            name = self._bracket_name(":", start)
            if name not in CLASSES:
                raise RegexError(f"unknown character class [:{name}:]", self.pos)
            if self.icase and name in ("upper", "lower"):
                return CLASSES["alpha"]
            return CLASSES[name]
        first = self._bracket_char(start)
        follows = self.pattern[self.pos : self.pos + 2]
        if len(follows) < 2 or follows[0] != "-" or follows[1] == "]":
            return 1 << first
        self.pos += 1
        last = self._bracket_char(start)
        if last < first:
            raise RegexError("invalid range end", self.pos)
        return _span(first, last)

    def _bracket_char(self, start: int) -> int:
        for kind in ".=":
            if self.pattern.startswith("[" + kind, self.pos):
                name = self._bracket_name(kind, start)
                if len(name) != 1:
                    raise RegexError(f"unknown collating element {name!r}", self.pos)
                return ord(name)
        if self.pos >= len(self.pattern):
            raise RegexError("unmatched [", start)
        self.pos += 1
        return ord(self.pattern[self.pos - 1])

    def _bracket_name(self, kind: str, start: int) -> str:
        end = self.pattern.find(kind + "]", self.pos + 2)
        if end < 0:
            raise RegexError("unmatched [", start)
        name = self.pattern[self.pos + 2 : end]
        self.pos = end + 2
        return name


def _is_count(text: str, empty_before: str) -> bool:
    return (text.isascii() and text.isdigit() and len(text) <= 6) or (not text and bool(empty_before))


_EMITTED_ANCHORS = {"b": r"\b", "B": r"\B", "<": r"\b(?=\w)", ">": r"\b(?<=\w)", "`": r"\A", "'": r"\Z"}


def emit(node: Node, re2: bool) -> str:
    """The tree as a pattern for RE2, or for Python's `re` (to be compiled with re.ASCII | re.DOTALL)."""
    if isinstance(node, Chars):
        return _emit_chars(node.mask, re2)
    if isinstance(node, Anchor):
        if node.kind == "^":
            return "(?m:^)" if node.lines else r"\A"
        if node.kind == "$" and node.lines:
            return "(?m:$)"
        end = r"\z" if re2 else r"\Z"
        return end if node.kind in "$'" else _EMITTED_ANCHORS[node.kind]
    if isinstance(node, Group):
        return f"({emit(node.body, re2)})"
    if isinstance(node, Repeat):
        return _emit_repeat(node, re2)
    if isinstance(node, Backref):
        return f"(?:\\{node.number})"
    if isinstance(node, Concat):
        return "".join(f"(?:{emit(i, re2)})" if isinstance(i, Alternation) else emit(i, re2) for i in node.items)
    return "|".join(emit(item, re2) for item in node.items)


def _emit_repeat(node: Repeat, re2: bool) -> str:
    body = emit(node.body, re2)
    if not isinstance(node.body, (Chars, Group)):
        body = f"(?:{body})"
    if node.high == UNBOUNDED and node.low < 2:
        return body + ("+" if node.low else "*")
    if (node.low, node.high) == (0, 1):
        return body + "?"
    high = "" if node.high == UNBOUNDED else str(node.high)
    return f"{body}{{{node.low},{high}}}"


def _emit_chars(mask: int, re2: bool) -> str:
    if mask == ALL:
        return "(?s:.)" if re2 else "."
    if mask.bit_count() == 1:
        return _emit_char(mask.bit_length() - 1)
    if mask == 0:
        return r"[^\x00-\xff]"
    complement = ALL & ~mask
    if len(_ranges(complement)) < len(_ranges(mask)):
        return f"[^{_emit_ranges(complement)}]"
    return f"[{_emit_ranges(mask)}]"


def _emit_char(code: int) -> str:
    char = chr(code)
    return char if char.isascii() and char.isalnum() else f"\\x{code:02x}"


def _emit_ranges(mask: int) -> str:
    parts = []
    for first, last in _ranges(mask):
        parts.append(_emit_char(first) if first == last else f"{_emit_char(first)}-{_emit_char(last)}")
    return "".join(parts)


def _ranges(mask: int) -> list[tuple[int, int]]:
    ranges = []
    code = 0
    while mask >> code:
        rest = mask >> code
        first = code + (rest & -rest).bit_length() - 1
        rest = ~(mask >> first)
        last = first + (rest & -rest).bit_length() - 2
        ranges.append((first, last))
        code = last + 1
    return ranges


@dataclass(slots=True)
class Cost:
    """Steps of a backtracking matcher on n characters: at most about `ways * n ** degree`.

    `exponential`: there is no such bound.
    `flat`: only plain sequences of single-character repetitions, for which greedy matching finds the longest match.
    `perl_only`: has what only a backtracking matcher can do (back references, `\\<`, `\\>`).
    """

    degree: int = 0
    ways: int = 1
    exponential: bool = False
    flat: bool = True
    perl_only: bool = False


_MANY = 64


def measure(node: Node) -> Cost:
    """The cost of matching `node` at one place."""
    if isinstance(node, Chars):
        return Cost()
    if isinstance(node, Anchor):
        return Cost(perl_only=node.kind in "<>")
    if isinstance(node, Backref):
        return Cost(flat=False, perl_only=True)
    if isinstance(node, Group):
        return measure(node.body)
    if isinstance(node, Repeat):
        return _measure_repeat(node)
    total = Cost()
    for part in map(measure, node.items):
        total.degree = total.degree + part.degree if isinstance(node, Concat) else max(total.degree, part.degree)
        total.ways = min(total.ways * part.ways, 1 << 30)
        total.exponential |= part.exponential
        total.flat &= part.flat
        total.perl_only |= part.perl_only
    if isinstance(node, Alternation):
        total.flat = False
        total.ways *= len(node.items)
    return total


def _measure_repeat(node: Repeat) -> Cost:
    cost = measure(node.body)
    cost.flat = cost.flat and isinstance(node.body, Chars)
    bounded = node.high != UNBOUNDED and node.high <= _MANY
    if cost.degree or cost.ways > 1:  # choices inside a loop
        if not bounded or node.high > 8:
            cost.exponential = True
            return cost
        cost.degree *= node.high
        cost.ways = min(cost.ways**node.high, 1 << 30)
    if bounded:
        cost.ways *= max(1, node.high - node.low + 1)
    else:
        cost.degree += 1
    return cost
