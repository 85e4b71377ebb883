"""Comparing two strings by their octets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.textops.state import TextOps


def cmp_str(inst: TextOps, ctx: Context, first: str, second: str) -> int:
    """cmp_str(a, b): 1 equal, -1 greater, -2 less"""
    return _result(to_bytes(first), to_bytes(second))


def cmp_istr(inst: TextOps, ctx: Context, first: str, second: str) -> int:
    """cmp_istr(a, b): as cmp_str, without regard to the case of ASCII letters"""
    return _result(to_bytes(first).lower(), to_bytes(second).lower())


def starts_with(inst: TextOps, ctx: Context, text: str, start: str) -> int:
    """starts_with(text, start): 1 yes; -1 `text` is shorter or greater, -2 it is less"""
    data, prefix = to_bytes(text), to_bytes(start)
    return -1 if len(data) < len(prefix) else _result(data[: len(prefix)], prefix)


def _result(first: bytes, second: bytes) -> int:
    if first == second:
        return 1
    return -1 if first > second else -2
