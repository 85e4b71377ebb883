"""Statistics by name, without a group: those of the script, and those of the core and all modules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.args import ArgType, Constant, Dynamic, Folded, Int
from siprouter.core.counters import Counter
from siprouter.core.values import Value, to_text
from siprouter.util.errors import OperatorError, SourceLocation

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv
    from siprouter.core.worker import Worker

GROUP = "script"
NO_RESET = "no_reset"
SOURCE = "statistics"


class Statistics:
    """The instance of the statistics module."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def add_variable(self, text: str) -> None:
        """modparam variable: `name` or `name/no_reset`."""
        name, slash, flag = text.partition("/")
        if not name:
            raise OperatorError("statistic without a name")
        if slash and flag.lower() != NO_RESET:
            raise OperatorError(f"unknown flag '{flag}' of statistic {name}", suggestion=f"{name}/{NO_RESET}")
        if self._worker.counters.find(GROUP, name) is not None:
            raise OperatorError(f"statistic {name} is defined already")
        self._worker.counters.declare(GROUP, name, no_reset=bool(slash))

    def update(self, ctx: Context, counter: Counter | None, step: int) -> int:
        """update_stat(variable, value): false for a name that does not exist."""
        if counter is None:
            return -1
        counter.add(step)
        return 1

    def reset(self, ctx: Context, counter: Counter | None) -> int:
        """reset_stat(variable): false for a name that does not exist."""
        if counter is None:
            return -1
        counter.reset()
        return 1


class Statistic(ArgType):
    """The name of a statistic, or a variable that holds one; the function gets the Counter, None for a wrong name."""

    kind = "the name of a statistic"

    def __init__(self) -> None:
        super().__init__("variable")

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        text = to_text(value)
        if text.startswith("$"):
            access = env.parse_pvar(text, location)
            return Dynamic(lambda ctx: self.convert(ctx, access.get(ctx)))
        counter = env.worker.counters.find_by_name(text)
        if counter is None:
            hint = f'modparam("{SOURCE}", "variable", "{text}")'
            raise OperatorError(f"statistic '{text}' is not defined", location, hint)
        return Constant(counter)

    def convert(self, ctx: Context, value: Value) -> Counter | None:
        worker: Worker = ctx.worker
        counter = worker.counters.find_by_name(to_text(value))
        if counter is None:
            worker.log.error("statistic '%s' is not defined", to_text(value), source=SOURCE)
        return counter


class Step(Int):
    """What to add to a statistic: an integer with or without sign; a constant 0 is a mistake."""

    def __init__(self) -> None:
        super().__init__("value")

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        folded = super().fold(value, env, location)
        if isinstance(folded, Constant) and folded.value == 0:
            raise OperatorError("updating a statistic by 0 changes nothing", location)
        return folded
