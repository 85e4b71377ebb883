"""What is known while a script is being loaded: modules, flag names, route names; used to fold arguments."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from siprouter.core.access import PvAccess
from siprouter.core.format import Format, parse_format
from siprouter.core.pvars import MAX_NESTING, parse_pvar
from siprouter.core.routes import ROUTE_NAMES
from siprouter.util.errors import NOWHERE, OperatorError, SourceLocation

if TYPE_CHECKING:
    from siprouter.core.registry import Registry
    from siprouter.core.worker import Worker


class LoadEnv:
    """One per load of a script (and one that stays with the worker for strings parsed at run time)."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.registry: Registry = worker.registry
        self.flag_names: dict[str, int] = {}
        self.avp_flag_names: dict[str, int] = {}
        """lower-case names that `avpflags` declared, and their numbers"""
        self.route_names: dict[int, set[str]] | None = None
        """names by kind (REQUEST, FAILURE, TM_ONREPLY, BRANCH); None: not known, everything is accepted"""
        self.waiting_variables = 0
        """how many references to variables that wait were resolved so far"""
        self._depth = 0

    def enter(self, location: SourceLocation) -> None:
        """One level of nesting deeper; OperatorError past the bound."""
        self._depth += 1
        if self._depth > MAX_NESTING:
            self._depth = 0
            raise OperatorError(f"pseudo-variables nested deeper than {MAX_NESTING}", location)

    def leave(self) -> None:
        """One level up."""
        self._depth -= 1

    def parse_pvar(self, text: str, location: SourceLocation = NOWHERE) -> PvAccess:
        """The pseudo-variable `text`. Raises OperatorError."""
        self._depth = 0
        return parse_pvar(text, self, location)

    def parse_format(self, text: str, location: SourceLocation = NOWHERE, lenient: bool = False) -> Format:
        """The string with variables `text`. Raises OperatorError."""
        self._depth = 0
        return parse_format(text, self, location, lenient)

    def check_route(self, kind: int, name: str, location: SourceLocation) -> None:
        """OperatorError unless a route block of this kind and name exists."""
        if self.route_names is None:
            return
        names = self.route_names.get(kind, set())
        if name not in names:
            close = difflib.get_close_matches(name, names, 1)
            block = ROUTE_NAMES.get(kind, "route").removesuffix("[…]").replace("request_route", "route")
            raise OperatorError(f"undefined {block}[{name}]", location, f"did you mean {close[0]}?" if close else "")
