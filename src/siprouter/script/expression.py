"""One expression or statement given as text while the server runs: compiled as if it stood in a route block."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from siprouter.core.context import Context
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


def compile_text(
    text: str, worker: Worker, kind: int = REQUEST, *, defines: dict[str, str] | None = None, statements: bool = True
) -> Expression:
    """Compile an expression, or where allowed statements, for messages in a kind of route. Raises OperatorError.

    The value is what an assignment would store: of a call its return code. Other route blocks cannot be called.
    """
    if not text.strip():
        raise OperatorError("an expression is missing")
    if len(text) > MAX_TEXT:
        raise OperatorError(f"an expression of more than {MAX_TEXT} characters")
    try:
        try:
            expr = _parse(text, worker.script_mode, defines)
        except OperatorError:
            block = _statements(text, worker.script_mode, defines) if statements else None
            if block is None:
                raise
            expr = block
        return _compile(text, expr, worker, kind)
    except RecursionError:
        raise OperatorError("the expression is nested too deeply") from None


def _statements(text: str, mode: str, defines: dict[str, str] | None) -> Expr | None:
    """The text as statements of a block; None where it is none."""
    try:
        expr = _parse("{ " + text.rstrip().removesuffix(";") + "; }", mode, defines)
    except OperatorError:
        return None
    return expr if isinstance(expr, BlockExpr) else None


def _parse(text: str, mode: str, defines: dict[str, str] | None) -> Expr:
    diagnostics = Diagnostics()
    try:
        parser = StmtParser(preprocess(SourceFile("", text), diagnostics, defines, mode).tokens, diagnostics)
        expr = parser.expression()
        if parser.token.kind != EOF:
            raise parser.unexpected("the end of the expression")
    except (ParseError, TooManyErrorsError):
        pass
    check(diagnostics)
    return expr


def _compile(text: str, expr: Expr, worker: Worker, kind: int) -> Expression:
    diagnostics = Diagnostics()
    block = RouteBlock(expr.first, expr.last, *BLOCKS.get(kind, BLOCKS[REQUEST]), [Return(expr.first, expr.last, expr)])
    try:
        program = Resolver(worker.env, diagnostics).resolve([block])
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


def defines_of(worker: Worker, given: dict[str, str]) -> dict[str, str]:
    """The `#!define`s of the running version of the script, and those `given` on the command line."""
    reloader = worker.services.get("reloader")
    if reloader is None:
        return given
    texts = reloader.current.texts
    found = preprocess(texts.source(texts.main), Diagnostics(), given, worker.script_mode, texts)
    return {name: define.text for name, define in found.defines.items()}
