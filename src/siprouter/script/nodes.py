"""The parsed configuration. Every node knows its first and last token, and so its place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from siprouter.script.lexer import Token
from siprouter.script.source import Texts
from siprouter.util.errors import SourceLocation


@dataclass(slots=True, eq=False)
class Node:
    """Base of all nodes."""

    first: Token
    last: Token

    @property
    def location(self) -> SourceLocation:
        """From the first token to the end of the last."""
        end = self.last.end if self.last.source is self.first.source else self.first.end
        return self.first.source.locate(self.first.start, max(end, self.first.start))


# --- expressions


@dataclass(slots=True, eq=False)
class Expr(Node):
    """Something with a value."""


@dataclass(slots=True, eq=False)
class Int(Expr):
    """A number."""

    value: int


@dataclass(slots=True, eq=False)
class Str(Expr):
    """A string, not expanded."""

    value: str


@dataclass(slots=True, eq=False)
class Pv(Expr):
    """A pseudo-variable; `text` as written, with `$`."""

    text: str


@dataclass(slots=True, eq=False)
class Attr(Expr):
    """An attribute of SER: `$name`, `$f.name`, `%name[1]`. `index`: None for none, "all" for `[]`."""

    klass: str
    name: str
    index: int | str | None = None


@dataclass(slots=True, eq=False)
class Name(Expr):
    """`$name` in MAX mode: the pseudo-variable of that name, else an attribute."""

    name: str


@dataclass(slots=True, eq=False)
class Select(Expr):
    """`@path`; `parts` are names, strings and numbers in order."""

    text: str
    parts: tuple[str | int, ...]


@dataclass(slots=True, eq=False)
class Word(Expr):
    """A bare word where a function or condition takes one: a host, an address, a flag, a route, a protocol."""

    text: str


@dataclass(slots=True, eq=False)
class Myself(Expr):
    """`myself`."""


@dataclass(slots=True, eq=False)
class Net(Expr):
    """An address or network: "10.0.0.0" with prefix length or mask as text, "" for a single address."""

    address: str
    mask: str = ""


@dataclass(slots=True, eq=False)
class Unary(Expr):
    """`op` is one of ! ~ - int str defined strlen strempty."""

    op: str
    operand: Expr


@dataclass(slots=True, eq=False)
class Binary(Expr):
    """`op` is the canonical sign: == != =~ eq ne ieq ine < > <= >= + - * / mod | & ^ << >>."""

    op: str
    left: Expr
    right: Expr


@dataclass(slots=True, eq=False)
class Logic(Expr):
    """`op` is && or ||; all operands of a row of the same operator."""

    op: str
    operands: list[Expr]


@dataclass(slots=True, eq=False)
class Condition(Expr):
    """`method == …`, `uri == myself`, `src_ip == net` and the like; `op` is == != =~ < > <= >=."""

    keyword: str
    op: str
    operand: Expr


@dataclass(slots=True, eq=False)
class Call(Expr):
    """A function call; `bare` when written without parentheses."""

    name: str
    args: list[Expr]
    bare: bool = False


@dataclass(slots=True, eq=False)
class BlockExpr(Expr):
    """`{ actions }` or `(lvalue = expression)` as a value: true when its return code is positive."""

    body: list[Stmt]


# --- statements


@dataclass(slots=True, eq=False)
class Stmt(Node):
    """Something that is done."""


@dataclass(slots=True, eq=False)
class CallStmt(Stmt):
    """A call for its effect."""

    call: Call


@dataclass(slots=True, eq=False)
class Assign(Stmt):
    """`target = value` (op "=") or `target += value`."""

    target: Expr
    op: str
    value: Expr


@dataclass(slots=True, eq=False)
class If(Stmt):
    """`if` and its `else if`s in order, each with its test and body; then `orelse`."""

    branches: list[tuple[Expr, list[Stmt]]]
    orelse: list[Stmt]


@dataclass(slots=True, eq=False)
class While(Stmt):
    """A loop, bounded by max_while_loops."""

    test: Expr
    body: list[Stmt]


@dataclass(slots=True, eq=False)
class Case(Node):
    """`label` None: default. `regex`: `case /"…":`."""

    label: Expr | None
    regex: bool
    body: list[Stmt]


@dataclass(slots=True, eq=False)
class Switch(Stmt):
    """Cases fall through until a break, as in C."""

    subject: Expr
    cases: list[Case]


@dataclass(slots=True, eq=False)
class Break(Stmt):
    """Ends the loop, switch or block around it."""


@dataclass(slots=True, eq=False)
class Return(Stmt):
    """`value` None: 1."""

    value: Expr | None


@dataclass(slots=True, eq=False)
class Exit(Stmt):
    """Ends the script."""

    value: Expr | None


@dataclass(slots=True, eq=False)
class Drop(Stmt):
    """Ends the script and drops the message or branch, where that has a meaning."""

    value: Expr | None


@dataclass(slots=True, eq=False)
class Block(Stmt):
    """Statements in braces on their own."""

    body: list[Stmt]


# --- top level


@dataclass(slots=True, eq=False)
class ListenAddress:
    """[proto:](host, …)[:port]; proto "" and port 0 when not given."""

    proto: str
    hosts: tuple[str, ...]
    port: int


@dataclass(slots=True, eq=False)
class GlobalParam(Node):
    """`name = value`; `name` is the canonical one. `value`: int, str, or list of ListenAddress."""

    name: str
    value: Any


@dataclass(slots=True, eq=False)
class CustomParam(Node):
    """`group.name = value desc "…"`."""

    group: str
    name: str
    value: int | str
    description: str = ""


@dataclass(slots=True, eq=False)
class LoadModule(Node):
    """`loadmodule "path"`."""

    path: str


@dataclass(slots=True, eq=False)
class LoadPath(Node):
    """`loadpath "dir:dir"` or `mpath`."""

    path: str


@dataclass(slots=True, eq=False)
class ModParam(Node):
    """`modparam("module regex", "name", value)`."""

    modules: str
    name: str
    value: int | str
    name_token: Token
    modules_token: Token


@dataclass(slots=True, eq=False)
class FlagDecl(Node):
    """`flags name[:number], …`: (name, number or None, token)."""

    flags: list[tuple[str, int | None, Token]]


@dataclass(slots=True, eq=False)
class AvpFlagDecl(Node):
    """`avpflags name, …`."""

    names: list[str]


@dataclass(slots=True, eq=False)
class RouteBlock(Node):
    """`kind` as in keywords.ROUTE_KEYWORDS; `name` "" when unnamed (also `[0]`)."""

    kind: str
    name: str
    body: list[Stmt]


@dataclass(slots=True, eq=False)
class Config:
    """A whole configuration in the order of the file."""

    mode: str
    files: list[str] = field(default_factory=list)
    params: list[GlobalParam] = field(default_factory=list)
    custom: list[CustomParam] = field(default_factory=list)
    modules: list[LoadModule | LoadPath | ModParam] = field(default_factory=list)
    flags: list[FlagDecl] = field(default_factory=list)
    avp_flags: list[AvpFlagDecl] = field(default_factory=list)
    routes: list[RouteBlock] = field(default_factory=list)
    texts: Texts = field(default_factory=Texts)
