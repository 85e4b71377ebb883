"""One expression or statement given as text while the server runs: compiled as if it stood in a route block."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from siprouter.core.context import Context
from siprouter.core.env import LoadEnv
from siprouter.core.routes import BRANCH, CORE_ONREPLY, ERROR, FAILURE, LOCAL, ONSEND, REQUEST, TM_ONREPLY
from siprouter.core.values import Value
from siprouter.core.worker import Worker
from siprouter.script.compiler import compile_value
from siprouter.script.diagnostics import Diagnostics, TooManyErrorsError
from siprouter.script.lexer import EOF
from siprouter.script.nodes import BlockExpr, Expr, Return, RouteBlock
from siprouter.script.parse_stmt import StmtParser
from siprouter.script.preprocess import preprocess
from siprouter.script.resolve import Resolver
from siprouter.script.source import SourceFile
from siprouter.script.stream import ParseError
from siprouter.util.errors import NOWHERE, OperatorError

MAX_TEXT = 4096
BLOCKS = {
    REQUEST: ("route", "<expression>"),
    FAILURE: ("failure_route", "<expression>"),
    TM_ONREPLY: ("onreply_route", "<expression>"),
    BRANCH: ("branch_route", "<expression>"),
    ONSEND: ("onsend_route", ""),
    ERROR: ("error_route", ""),
    LOCAL: ("local_route", ""),
    CORE_ONREPLY: ("onreply_route", ""),
}


class Expression:
    """A compiled text: `run(ctx)` gives its value, or an awaitable of it where it `waits`; EvalError: it has none."""

    def __init__(self, text: str, run: Callable[[Context], Value | Awaitable[Value]], waits: bool) -> None:
        self.text = text
        self.run = run
        self.waits = waits


def compile_text(text: str, worker: Worker, kind: int = REQUEST, env: LoadEnv | None = None) -> Expression:
    """Compile an expression, or statements, for messages in a kind of route. Raises OperatorError.

    The value is what an assignment would store: of a call its return code. Other route blocks cannot be called.
    """
    if not text.strip():
        raise OperatorError("an expression is missing")
    if len(text) > MAX_TEXT:
        raise OperatorError(f"an expression of more than {MAX_TEXT} characters")
    try:
        try:
            expr = _parse(text, worker.script_mode)
        except OperatorError:
            statements = _statements(text, worker.script_mode)
            if statements is None:
                raise
            expr = statements
        return _compile(text, expr, worker, kind, env or worker.env)
    except RecursionError:
        raise OperatorError("the expression is nested too deeply") from None


def _statements(text: str, mode: str) -> Expr | None:
    """The text as statements of a block; None where it is none."""
    try:
        expr = _parse("{ " + text.rstrip().removesuffix(";") + "; }", mode)
    except OperatorError:
        return None
    return expr if isinstance(expr, BlockExpr) else None


def _parse(text: str, mode: str) -> Expr:
    diagnostics = Diagnostics()
    try:
        parser = StmtParser(preprocess(SourceFile("", text), diagnostics, None, mode).tokens, diagnostics)
        expr = parser.expression()
        if parser.token.kind != EOF:
            raise parser.unexpected("the end of the expression")
    except (ParseError, TooManyErrorsError):
        pass
    check(diagnostics)
    return expr


def _compile(text: str, expr: Expr, worker: Worker, kind: int, env: LoadEnv) -> Expression:
    diagnostics = Diagnostics()
    block = RouteBlock(expr.first, expr.last, *BLOCKS[kind], [Return(expr.first, expr.last, expr)])
    try:
        program = Resolver(env, diagnostics).resolve([block])
    except TooManyErrorsError:
        pass
    check(diagnostics)
    waits = program.units[0].waits
    run: Any = compile_value(program, worker, expr, waits)
    return Expression(text, run, waits)


def check(diagnostics: Diagnostics) -> None:
    """Raise the first error as OperatorError."""
    if diagnostics.errors:
        first = diagnostics.errors[0]
        expected = f", expected {first.expected}" if first.expected else ""
        raise OperatorError(first.message + expected, NOWHERE, first.suggestion)
