"""A worker: one event loop's world. What lives longer than a message hangs here; nothing is global to the process."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from types import MethodType
from typing import Any

from siprouter.core.avp import AvpKey
from siprouter.core.core_pvars import CORE_PVARS
from siprouter.core.counters import Counter, Counters
from siprouter.core.declare import Module, Param
from siprouter.core.env import LoadEnv
from siprouter.core.hooks import Hooks
from siprouter.core.observe import Observation
from siprouter.core.registry import Registry
from siprouter.core.routes import Script
from siprouter.core.settings import CfgError, CfgFramework, Settings
from siprouter.util.errors import OperatorError
from siprouter.util.hashing import call_shard
from siprouter.util.log import Log
from siprouter.util.text import to_bytes


@dataclass
class Surroundings:
    """What a worker is told or given from outside, so that tests can put a fake in its place.

    `clock()` is monotonic seconds, `wall_clock()` seconds since the epoch; `spawn(coroutine, name)` runs a coroutine
    beside the present message; `sleep(seconds)` waits; `random_bytes(n)` gives unguessable bytes.
    """

    outlet: Any
    resolver: Any
    wheel: Any
    clock: Callable[[], float]
    wall_clock: Callable[[], float]
    spawn: Callable[[Coroutine[Any, Any, Any], str], Any]
    sleep: Callable[[float], Awaitable[None]]
    random_bytes: Callable[[int], bytes]
    log: Log


class ModuleStats:
    """The statistics of one module instance as attributes; names that are no identifiers through `[]`."""

    def __init__(self) -> None:
        self._counters: dict[str, Counter] = {}

    def add(self, name: str, counter: Counter) -> None:
        """Make `counter` readable as attribute `name`."""
        self._counters[name] = counter
        setattr(self, name, counter)

    def __getitem__(self, name: str) -> Counter:
        return self._counters[name]

    def __getattr__(self, name: str) -> Counter:
        raise AttributeError(f"statistic {name} is not declared")


class Worker:
    """See docs/architecture.md, "`core/` interface"."""

    def __init__(self, surroundings: Surroundings, settings: Settings, state: Any, listeners: Any) -> None:
        self.outlet = surroundings.outlet
        self.resolver = surroundings.resolver
        self.wheel = surroundings.wheel
        self.now = surroundings.clock
        self.wall_clock = surroundings.wall_clock
        self.spawn = surroundings.spawn
        self.sleep = surroundings.sleep
        self.random_bytes = surroundings.random_bytes
        self.settings = settings
        self.core = settings.values
        """the core parameters' present values by name: a look-up in it costs a tenth of that of an attribute"""
        self.state = state
        self.listeners = listeners
        self.registry = Registry()
        self.registry.pvars.update((pv.name, (pv, self)) for pv in CORE_PVARS)
        self.avp_aliases: dict[str, AvpKey] = {}
        """what `$avp(alias)` stands for: the core parameter and the one of pv, both called avp_aliases"""
        self.cfg = CfgFramework()
        self.counters = Counters()
        self.hooks = Hooks()
        self.observation = Observation(self)
        self.modules: dict[str, Any] = {}
        self.module_order: list[str] = []
        self.script: Script | None = None
        self.script_mode = "kamailio"
        self.index = 0
        """our number among the workers of this server"""
        self.count = 1
        """how many workers there are"""
        self.started_at = surroundings.wall_clock()
        self.services: dict[str, Any] = {}
        """shared services without a layer of their own, by name: "forward" (stateless forwarding), "rpc", …"""
        self.env = LoadEnv(self)
        self.log = surroundings.log

    def is_myself(self, host: str, port: int = 0, proto: int = 0) -> bool:
        """Whether host (and port, protocol; 0 = any) is one of our listeners or aliases."""
        mine: bool = self.listeners.is_myself(host, port, proto)
        return mine

    def owns(self, call_id: str) -> bool:
        """Whether what arrives with this Call-ID comes to this worker."""
        return self.count == 1 or call_shard(to_bytes(call_id), self.count) == self.index

    def module(self, name: str) -> Any:
        """The instance of a loaded module. Raises OperatorError naming the loadmodule line that is missing."""
        inst = self.modules.get(name)
        if inst is None:
            raise OperatorError(f"module {name} is needed but not loaded", suggestion=f'add: loadmodule "{name}.so"')
        return inst

    def add_module(self, declared: Module) -> Any:
        """Instantiate a module: defaults as attributes, statistics, run-time settings; its names become known."""
        inst = declared.state(self)
        for group, var in ((item.group or declared.name, item) for item in declared.cfg_vars):
            callback = getattr(inst, var.on_change) if var.on_change else None
            self.cfg.declare(group, var, callback)
        if declared.cfg_vars:
            inst.cfg = self.cfg.group(declared.name)
        for param in declared.params:
            if not param.setter and not param.cfg_var:
                setattr(inst, param.attribute, param.default)
        stats = ModuleStats()
        for stat in declared.stats:
            getter = None if stat.getter is None else MethodType(stat.getter, inst)
            counter = self.counters.declare(stat.group or declared.name, stat.name, stat.help, getter)
            counter.shared = stat.shared
            stats.add(stat.name, counter)
        if declared.stats:
            inst.stats = stats
        self.registry.add(declared, inst)
        self.modules[declared.name] = inst
        self.module_order.append(declared.name)
        return inst

    def check_param(self, module: str, name: str, value: int | str) -> Param:
        """The parameter that takes `value`. Raises OperatorError (without place: the caller knows it)."""
        declared, _ = self.registry.modules[module]
        param = next((item for item in declared.params if item.name == name), None)
        if param is None:
            raise OperatorError(f"module {module} has no parameter '{name}'")
        if param.kind == "int" and not isinstance(value, int):
            raise OperatorError(f"parameter '{name}' of module {module} must be an integer, found \"{value}\"")
        if param.kind == "str" and not isinstance(value, str):
            message = f"parameter '{name}' of module {module} must be a string, found {value}"
            raise OperatorError(message, suggestion=f'"{value}"')
        return param

    def set_param(self, module: str, name: str, value: int | str) -> None:
        """Set a module parameter as modparam does. Raises OperatorError like `check_param`."""
        param = self.check_param(module, name, value)
        inst = self.registry.modules[module][1]
        if param.obsolete:
            self.log.warning("parameter %s of module %s has no effect: %s", name, module, param.obsolete)
        if param.setter:
            getattr(inst, param.setter)(value)
        elif param.cfg_var:
            try:
                self.cfg.set_initial(module, param.cfg_var, value)
            except CfgError as error:
                raise OperatorError(f"parameter '{name}' of module {module}: {error}") from None
        else:
            setattr(inst, param.attribute, value)

    def configure_modules(self) -> list[OperatorError]:
        """Run each module's `configure` in loading order; all their errors."""
        errors: list[OperatorError] = []
        for name in self.module_order:
            declared, inst = self.registry.modules[name]
            missing = [other for other in declared.depends if other not in self.modules]
            for other in missing:
                hint = f'add: loadmodule "{other}.so"'
                errors.append(OperatorError(f"module {name} needs module {other}", suggestion=hint))
            if missing:
                continue
            try:
                if hasattr(inst, "configure"):
                    inst.configure()
            except OperatorError as error:
                errors.append(error)
        return errors

    async def start_modules(self) -> None:
        """Run each module's `start` in loading order."""
        for name in self.module_order:
            inst = self.modules[name]
            if hasattr(inst, "start"):
                result = inst.start()
                if result is not None:
                    await result
        for callback in self.hooks.started:
            callback()

    async def stop_modules(self) -> None:
        """Run each module's `stop` in the reverse order; an error in one is logged and the others still stop."""
        for callback in self.hooks.stopping:
            callback()
        for name in reversed(self.module_order):
            inst = self.modules[name]
            try:
                if hasattr(inst, "stop"):
                    result = inst.stop()
                    if result is not None:
                        await result
            except Exception:
                self.log.exception("module %s did not stop cleanly", name)
        for callback in self.hooks.stopped:
            callback()
