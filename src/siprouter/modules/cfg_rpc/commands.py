"""The cfg.* commands on the worker's cfg framework."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.settings import CfgError
from siprouter.rpc.values import RpcError, RpcValue

if TYPE_CHECKING:
    from siprouter.core.worker import Worker
    from siprouter.rpc.call import RpcCall

TYPE_TEXT = {"int": "(parameter type is integer)", "str": "(parameter type is string)"}


class CfgRpc:
    """The instance of the cfg_rpc module. Faults say which rule a change breaks."""

    def __init__(self, worker: Worker) -> None:
        self._cfg = worker.cfg

    def set_now(self, call: RpcCall, group: str, name: str, value: int | str) -> None:
        """cfg.set_now_int, cfg.set_now_string."""
        try:
            self._cfg.set_now(group, name, value)
        except CfgError as error:
            raise RpcError(400, f"Failed to set the variable: {error}") from None

    def set_delayed(self, call: RpcCall, group: str, name: str, value: int | str) -> None:
        """cfg.set_delayed_int, cfg.set_delayed_string."""
        try:
            self._cfg.set_delayed(group, name, value)
        except CfgError as error:
            raise RpcError(400, f"Failed to set the variable: {error}") from None

    def commit(self, call: RpcCall) -> None:
        """cfg.commit."""
        try:
            self._cfg.commit()
        except CfgError as error:
            raise RpcError(400, f"Failed to commit the changes: {error}") from None

    def rollback(self, call: RpcCall) -> None:
        """cfg.rollback."""
        self._cfg.rollback()

    def get(self, call: RpcCall, group: str, name: str) -> RpcValue:
        """cfg.get: the value; a string that is not set is empty."""
        try:
            value = self._cfg.get(group, name)
        except CfgError as error:
            raise RpcError(400, f"Failed to get the variable: {error}") from None
        return "" if value is None else value

    def help(self, call: RpcCall, group: str, name: str) -> RpcValue:
        """cfg.help: description and type, two strings."""
        var = self._cfg.vars.get((group, name))
        if var is None:
            raise RpcError(400, "Failed to get the variable description")
        return [var.help, TYPE_TEXT[var.kind]]

    def list(self, call: RpcCall) -> RpcValue:
        """cfg.list: `group: name` of each setting, group by group."""
        order = {group: index for index, group in enumerate(self._cfg.groups)}
        names = sorted(self._cfg.vars, key=lambda key: order[key[0]])
        return [f"{group}: {name}" for group, name in names]

    def diff(self, call: RpcCall) -> RpcValue:
        """cfg.diff: a structure for each change that waits for cfg.commit."""
        return [
            {
                "group name": group,
                "variable name": name,
                "old value": self._cfg.get(group, name),
                "new value": value,
            }
            for (group, name), value in self._cfg.pending.items()
        ]
