"""What `KSR` has beside the functions that modules declare: its own functions, and names that later versions gave.

Facts about names, parameters and results are those of KEMI in Kamailio 5.x.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

INT, BOOL, TEXT, VALUE, NONE = "int", "bool", "str", "value", "none"
"""what a function gives: a return code, True or False, text, a value or null, nothing"""


@dataclass(frozen=True, slots=True)
class LibraryFunction:
    """`KSR.module.name(…)`: `call(api, ctx, *args)`.

    `params`: a name each with its type, "name:s" text, "name:i" integer, "name:v" any value, "*name:v" any number.

    `anywhere`: also outside of routes, `ctx` is None there. `waits`: a coroutine.
    """

    module: str
    name: str
    call: Callable[..., Any]
    params: tuple[str, ...]
    result: str
    help: str
    anywhere: bool = False
    waits: bool = False


def entry(
    path: str,
    call: Callable[..., Any],
    params: str = "",
    result: str = INT,
    help: str = "",
    *,
    anywhere: bool = False,
    waits: bool = False,
) -> LibraryFunction:
    """Declare `path`, "pv.get" or "info"; `params` separated by blanks."""
    module, _, name = path.rpartition(".")
    return LibraryFunction(module, name, call, tuple(params.split()), result, help, anywhere, waits)
