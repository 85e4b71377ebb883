"""What Lua has for one version of the script: its two states, and the functions that scripts find there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siprouter.core.inventory.facts import module_facts
from siprouter.core.registry import available_modules
from siprouter.ksr.api import HostApi
from siprouter.ksr.functions import find, modules_of
from siprouter.ksr.values import CallError
from siprouter.modules.app_lua.modules import SR_MODULES, find_registered
from siprouter.modules.app_lua.sr import SOURCE, SrTable, number_text
from siprouter.modules.app_lua.state import DONE, STOPPED, Host, Limits, LuaState
from siprouter.script.diagnostics import did_you_mean
from siprouter.script.source import read_source
from siprouter.util.errors import OperatorError, SourceLocation
from siprouter.util.log import L_INFO
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker
    from siprouter.script.version import NewVersion

KSR = "KSR"
SR = "sr"
ALWAYS = frozenset({"corex", "hdr", "kx", "pv", "pvx", "x"})
"""tables of KSR that belong to no module, or whose functions the core has"""
PLACES = (
    "?.lua;?/init.lua;/usr/local/share/lua/5.1/?.lua;/usr/local/share/lua/5.1/?/init.lua;"
    "/usr/share/lua/5.1/?.lua;/usr/share/lua/5.1/?/init.lua"
)
"""where require() looks; relative ones begin in the folder of the configuration"""


MakeState = Callable[[], LuaState]


class LuaVersion:
    """`loaded` holds the files of parameter load and is what lua_run uses, None where there are none; `dynamic` is
    for lua_dofile and lua_dostring. One that is full of what its scripts keep is replaced by a new one."""

    def __init__(
        self, make_dynamic: MakeState, make_loaded: MakeState | None, folder: Path, complain: Callable[[str], None]
    ) -> None:
        """Raises OperatorError where the files cannot be loaded."""
        self._make_dynamic = make_dynamic
        self._make_loaded = make_loaded
        self._dynamic = make_dynamic()
        self._loaded = None if make_loaded is None else make_loaded()
        self.folder = folder
        self._complain = complain
        self._texts: dict[Path, tuple[tuple[int, int, int], str]] = {}

    @property
    def dynamic(self) -> LuaState:
        """The state for texts and files of the moment."""
        if not self._dynamic.room(0):
            self._dynamic = self._with_room(self._dynamic, self._make_dynamic)
        return self._dynamic

    @property
    def loaded(self) -> LuaState | None:
        """The state that the files of load were loaded into."""
        if self._loaded is not None and self._make_loaded is not None and not self._loaded.room(0):
            self._loaded = self._with_room(self._loaded, self._make_loaded)
        return self._loaded

    def _with_room(self, state: LuaState, make: MakeState) -> LuaState:
        """The state when it has room after all, else a new one; runs that wait go on in the old one."""
        state.tidy()
        if state.room(0) or state.runs:
            return state
        try:
            made = make()
        except OperatorError as error:
            self._complain(f"a Lua state is full, and cannot begin anew: {error}")
            return state
        self._complain("a Lua state was full: it begins anew, without the global variables that it had")
        return made

    def text(self, name: str) -> tuple[str, str]:
        """The text of a file now, and the name that Lua gives to it. Raises OSError, ValueError."""
        path = self.folder / name
        status = path.stat()
        stamp = status.st_mtime_ns, status.st_size, status.st_ino
        known = self._texts.get(path)
        if known is None or known[0] != stamp:
            if len(self._texts) >= 64:
                self._texts.clear()
            known = self._texts[path] = (stamp, read_source(path).text)
        return known[1], f"@{path}"


def load_version(worker: Worker, version: NewVersion, limits: Limits) -> LuaVersion:
    """Both states for a version, the files of it loaded. Raises OperatorError."""
    api = HostApi(worker, version.env)
    registered = [_registered(worker, str(value), place) for value, place in version.values("register")]
    folder = Path(version.path("x")).parent
    files = [(version.path(str(value)), place) for value, place in version.values("load")]
    texts = {path: version.read(path, place) for path, place in files}
    required: dict[str, str | None] = {}

    def find(name: str) -> str | None:
        if name not in required:
            required[name] = version.find(name)
        return required[name]

    def make_dynamic() -> LuaState:
        state = new_state(worker, api, registered, limits)
        state.host.read = _reader(folder)
        return state

    def make_loaded() -> LuaState:
        state = new_state(worker, api, registered, limits)
        state.host.read = find
        for path, place in files:
            _load(state, path, texts[path], place)
        state.host.read = _reader(folder)
        return state

    def complain(text: str) -> None:
        worker.log.error("%s", text, source=SOURCE)

    return LuaVersion(make_dynamic, make_loaded if files else None, folder, complain)


def hidden(worker: Worker, name: str) -> bool:
    """Whether `KSR.name` is nil: a module that is not loaded, although some of its functions are known."""
    return name not in ALWAYS and name not in worker.modules


def _registered(worker: Worker, name: str, place: SourceLocation) -> str:
    """The name of a module whose functions Lua is to have. Raises OperatorError where it is not there."""
    if name in worker.modules:
        return name
    if name in available_modules(worker.registry.ser):
        hint = f'add above: loadmodule "{name}.so"'
        raise OperatorError(f"app_lua: module {name} is registered for Lua but not loaded", place, hint)
    if name in SR_MODULES or any(fact["name"] == name for fact in module_facts()):
        message = f"app_lua: module {name}, registered for Lua, is not part of this program"
        raise OperatorError(message, place)
    hint = did_you_mean(name, worker.modules)
    raise OperatorError(f"app_lua: there is no module {name} to register for Lua", place, hint)


def _load(state: LuaState, path: str, text: str, place: SourceLocation) -> None:
    run = state.begin(None)
    outcome = state.run_chunk(run, text, f"@{path}")
    if run.raised is not None and outcome == STOPPED and not run.message:
        run.message = f"{path}: {run.raised}"
    if outcome != DONE and not (outcome == STOPPED and run.ended):
        called = f" (called from {run.callers})" if run.callers else ""
        raise OperatorError(f"Lua: {run.message}{called}", place)


def _reader(folder: Path) -> Callable[[str], str | None]:
    """Reads a file of require() at run time."""

    def read(name: str) -> str | None:
        path = folder / name
        try:
            return read_source(path).text if path.is_file() else None
        except (OSError, ValueError):
            return None

    return read


def new_state(worker: Worker, api: HostApi, registered: list[str], limits: Limits) -> LuaState:
    """A state in which scripts find `sr` and `KSR`."""

    def complain(text: str) -> None:
        worker.log.error("%s", text, source=SOURCE)

    def write(ctx: Context | None, *values: Any) -> None:
        if worker.log.level >= L_INFO:
            worker.log.info("%s", "\t".join(_shown(value) for value in values), source=SOURCE)

    table = SrTable(worker, api).functions()
    table["print"] = write
    host = Host({to_bytes(path): function for path, function in table.items()}, complain)
    host.find = _finder(api)
    host.names = lambda path: host.find is not None and _exists(host.find, path)
    state = LuaState(host, limits)
    state.define(*table)
    for name in registered:
        state.offer(f"{SR}.{name}")
    state.offer(KSR)
    for name in modules_of(api):
        if not hidden(worker, name):
            state.offer(f"{KSR}.{name}")
    state.search_with(PLACES)
    state.new_functions()
    return state


def _shown(value: Any) -> str:
    """A value as print() shows it."""
    if value is None:
        return "nil"
    return str(value).lower() if isinstance(value, bool) else number_text(value)


def _exists(lookup: Callable[[str], Any], path: str) -> bool:
    try:
        return lookup(path) is not None
    except CallError:
        return False


def _finder(api: HostApi) -> Callable[[str], Callable[..., Any] | None]:
    """Makes the functions of tables that have them only when they are asked for."""

    def lookup(path: str) -> Callable[..., Any] | None:
        table, _, rest = path.partition(".")
        module, _, name = rest.rpartition(".")
        if table == SR:
            return find_registered(api, module, name)
        call = find(api, module, name)
        return lambda ctx, *args: call(ctx, args)

    return lookup
