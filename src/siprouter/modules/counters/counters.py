"""Counters that the configuration makes, and the commands on every counter of the worker."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from siprouter.core.counters import Counter
from siprouter.rpc.values import RpcError, RpcValue
from siprouter.util.errors import OperatorError, SourceLocation

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv
    from siprouter.core.worker import Worker
    from siprouter.rpc.call import RpcCall

DEFAULT_HELP = "custom script counter"
_DEFINITION = re.compile(r"(?:([^.: ]+)\.)?([^.: ]+)(?:[: ][ \t]*(.*))?", re.DOTALL)


class ScriptCounters:
    """The instance of the counters module."""

    script_cnt_grp_name: str

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def add_counter(self, text: str) -> None:
        """modparam script_counter: `[group.]name`, then a blank or a colon and a description."""
        match = _DEFINITION.fullmatch(text)
        if match is None:
            raise OperatorError(f"bad counter definition '{text}'", suggestion="[group.]name description")
        group, name, description = match.groups()
        group = group or self.script_cnt_grp_name
        if self._worker.counters.find(group, name) is not None:
            self._worker.log.error("counter %s.%s is defined already", group, name, source="counters")
            return
        self._worker.counters.declare(group, name, description or DEFAULT_HELP)

    # Script functions

    def inc(self, ctx: Context, counter: Counter) -> int:
        """cnt_inc(name)."""
        counter.inc()
        return 1

    def add(self, ctx: Context, counter: Counter, number: int) -> int:
        """cnt_add(name, number)."""
        counter.add(number)
        return 1

    def reset(self, ctx: Context, counter: Counter) -> int:
        """cnt_reset(name)."""
        counter.reset()
        return 1

    # RPC commands

    def _find(self, group: str, name: str) -> Counter:
        counter = self._worker.counters.find(group, name)
        if counter is None:
            raise RpcError(400, f"non-existent counter {group}.{name}")
        return counter

    def rpc_get(self, call: RpcCall, group: str, name: str | None = None) -> RpcValue:
        """cnt.get."""
        return self.rpc_get_all(call, group) if name is None else self._find(group, name).total()

    def rpc_get_raw(self, call: RpcCall, group: str, name: str) -> int:
        """cnt.get_raw."""
        return self._find(group, name).value

    def rpc_get_all(self, call: RpcCall, group: str) -> RpcValue:
        """cnt.grp_get_all: a structure, empty for an unknown group."""
        return {counter.name: counter.total() for counter in self._worker.counters.in_group(group)}

    def rpc_groups(self, call: RpcCall) -> RpcValue:
        """cnt.grps_list."""
        return list[RpcValue](self._worker.counters.groups())

    def rpc_help(self, call: RpcCall, group: str, name: str) -> str:
        """cnt.help."""
        counter = self._find(group, name)
        if not counter.help:
            raise RpcError(400, f"no description for counter {group}.{name}")
        return counter.help

    def rpc_reset(self, call: RpcCall, group: str, name: str) -> None:
        """cnt.reset."""
        self._find(group, name).reset()

    def rpc_names(self, call: RpcCall, group: str) -> RpcValue:
        """cnt.var_list."""
        return [counter.name for counter in self._worker.counters.in_group(group)]


def find_counter(text: str, env: LoadEnv, location: SourceLocation) -> Counter:
    """The counter `[group.]name` of a script function's argument. Raises ValueError: it must exist when loading."""
    counters = env.worker.counters
    group, dot, name = text.partition(".")
    if not dot:
        group, name = env.worker.module("counters").script_cnt_grp_name, text
    counter = counters.find(group, name)
    if counter is None:
        known = [f"{other.group}.{other.name}" for other in counters]
        close = difflib.get_close_matches(f"{group}.{name}", known, 1)
        hint = f"did you mean {close[0]}?" if close else f'define it: modparam("counters", "script_counter", "{text}")'
        raise ValueError(f"no counter {group}.{name}; {hint}")
    return counter
