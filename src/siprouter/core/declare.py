"""What a module folder declares. Conversion, checks, documentation, RPC help and the gap list are derived from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from siprouter.core.args import Arg
from siprouter.core.routes import ANY

KAMAILIO = "kamailio"
SER = "ser"
COMMON = "common"


@dataclass(frozen=True, slots=True)
class Param:
    """A module parameter. `kind` is "int", "str" or "int|str"; `setter` names a method that gets each value."""

    name: str
    kind: str
    default: int | str | None
    help: str
    setter: str = ""
    attribute: str = ""
    cfg_var: str = ""
    obsolete: str = ""
    versioned: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """A script function; `call(inst, ctx, *args) -> int`. `arities` overrides the counts that follow from `args`."""

    name: str
    call: Callable[..., Any]
    args: tuple[Arg, ...]
    routes: int
    help: str
    waits: bool = False
    arities: tuple[int, ...] = ()
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PVar:
    """A pseudo-variable: `get(inst, ctx)` and `set(inst, ctx, value)`.

    One with an inner name or index has `bind(inst, inner: InnerName) -> PvAccess` instead.
    """

    name: str
    help: str
    get: Callable[..., Any] | None = None
    set: Callable[..., Any] | None = None
    bind: Callable[..., Any] | None = None
    inner_required: bool = False
    waits: bool = False
    """what `get` and `set` call may use `core.waiting.wait_here`"""


@dataclass(frozen=True, slots=True)
class Transformation:
    """`{klass.name,args}`: `call(inst, ctx, value, *args) -> value`.

    Kinds in `args`: "int", "str", "char" (one character), "raw" (all that follows), "subst" (a `Substitution`).
    """

    klass: str
    name: str
    call: Callable[..., Any]
    args: tuple[str, ...]
    help: str
    least: int = -1


# Where a command runs in a server of several workers.
ONE_WORKER = "one"  # where it is asked: the answer is the same everywhere
EVERY_WORKER = "every"  # in every worker, for what it does; the answer is that of the one that is asked
ANY_WORKER = "any"  # in one worker after the other, until it succeeds
SUM_COUNTERS = "counters"  # where it is asked, with the counters of all workers in `Counter.total`
SUM_VALUES = "sum"  # in every worker; numbers are added up
JOIN_LISTS = "lists"  # in every worker; the values of all, one after the other


@dataclass(frozen=True, slots=True)
class Rpc:
    """An RPC command: `call(inst, call, *args)`; `args` as `rpc/call.py` describes them: "ss*d", "*.s+"."""

    name: str
    call: Callable[..., Any]
    args: str
    help: str
    returns_array: bool = False
    workers: str = ONE_WORKER
    call_id: Callable[..., str | None] | None = None


@dataclass(frozen=True, slots=True)
class Mi:
    """A management interface command: `call(inst, *args: str)` gives an `rpc.mi` tree or plain data."""

    name: str
    call: Callable[..., Any]
    help: str
    workers: str = ONE_WORKER
    call_id: Callable[..., str | None] | None = None


@dataclass(frozen=True, slots=True)
class Stat:
    """A statistic of the module; `getter(inst) -> int` when computed. `group` is the module's name unless given.

    A `shared` one is computed from what all workers share, and so the same in each: it is not summed. `cumulative`: it
    is computed and only grows, as those do that are counted; other computed ones go up and down.
    """

    name: str
    help: str
    getter: Callable[..., int] | None = None
    group: str = ""
    shared: bool = False
    cumulative: bool = False


@dataclass(frozen=True, slots=True)
class EventRoute:
    """`event_route[name]` that the module runs."""

    name: str
    help: str


@dataclass(frozen=True, slots=True)
class Select:
    """`@path`: `path` as in the inventory (`%s` any name, `[%i]` any index); `get(inst, ctx, *names) -> str | None`.

    `check(inst, *names) -> str` runs while the script is compiled: what is wrong with these names, "" for nothing.
    """

    path: str
    get: Callable[..., Any]
    help: str = ""
    check: Callable[..., str] | None = None


@dataclass(frozen=True, slots=True)
class CfgVar:
    """A setting that can be changed at run time (`cfg.set`); `group` is the module's name unless given."""

    name: str
    kind: str
    default: int | str | None
    help: str
    least: int = 0
    most: int = 0
    readonly: bool = False
    atomic: bool = False
    group: str = ""
    on_change: str = ""


@dataclass(frozen=True)
class Module:
    """A SIP Router module. `state(worker)` makes the instance whose attributes are the parameters."""

    name: str
    help: str
    state: Callable[[Any], Any]
    family: str = COMMON
    depends: tuple[str, ...] = ()
    """modules that must be loaded before; order of loading in the configuration still counts"""
    uses: tuple[str, ...] = ()
    """modules whose code is imported, and which need not be loaded"""
    params: Sequence[Param] = ()
    functions: Sequence[Function] = ()
    pvars: Sequence[PVar] = ()
    transformations: Sequence[Transformation] = ()
    rpcs: Sequence[Rpc] = ()
    mis: Sequence[Mi] = ()
    stats: Sequence[Stat] = ()
    event_routes: Sequence[EventRoute] = ()
    selects: Sequence[Select] = ()
    cfg_vars: Sequence[CfgVar] = ()
    exports: Sequence[str] = field(default_factory=tuple)


def param(
    name: str,
    kind: type[int | str] | str,
    default: int | str | None,
    help: str,
    *,
    setter: str = "",
    attribute: str = "",
    cfg_var: str = "",
    obsolete: str = "",
    versioned: bool = False,
) -> Param:
    """Declare a parameter.

    `cfg_var` names the run-time setting it initialises; `obsolete` says why it has no effect here (warned once);
    a `versioned` one is read by `load_version`, for each version of the script.
    """
    kind_name = kind if isinstance(kind, str) else ("int" if kind is int else "str")
    field_name = attribute or name.replace("-", "_")
    return Param(name, kind_name, default, help, setter, field_name, cfg_var, obsolete, versioned)


def function(
    name: str,
    call: Callable[..., Any],
    args: Sequence[Arg] = (),
    *,
    routes: int = ANY,
    help: str,
    waits: bool = False,
    arities: Sequence[int] = (),
    aliases: Sequence[str] = (),
) -> Function:
    """Declare a script function."""
    return Function(name, call, tuple(args), routes, help, waits, tuple(arities), tuple(aliases))


def pvar(
    name: str,
    *,
    help: str,
    get: Callable[..., Any] | None = None,
    set: Callable[..., Any] | None = None,
    bind: Callable[..., Any] | None = None,
    inner_required: bool = False,
    waits: bool = False,
) -> PVar:
    """Declare a pseudo-variable; routes with one that `waits` are coroutines."""
    return PVar(name, help, get, set, bind, inner_required, waits)


def transformation(
    path: str, call: Callable[..., Any], args: Sequence[str] = (), *, help: str, least: int = -1
) -> Transformation:
    """Declare the transformation `path` ("s.substr"); the first `least` arguments are required (all by default)."""
    klass, _, name = path.partition(".")
    return Transformation(klass, name, call, tuple(args), help, len(args) if least < 0 else least)


def rpc(
    name: str,
    call: Callable[..., Any],
    args: str = "",
    *,
    help: str,
    returns_array: bool = False,
    workers: str = ONE_WORKER,
    call_id: Callable[..., str | None] | None = None,
) -> Rpc:
    """Declare an RPC command. `workers`: ONE_WORKER … JOIN_LISTS; `call_id(*params)`: the call whose owner runs it."""
    return Rpc(name, call, args, help, returns_array, workers, call_id)


def mi(
    name: str,
    call: Callable[..., Any],
    *,
    help: str,
    workers: str = ONE_WORKER,
    call_id: Callable[..., str | None] | None = None,
) -> Mi:
    """Declare a management interface command; `workers` and `call_id` as for `rpc`."""
    return Mi(name, call, help, workers, call_id)


def stat(
    name: str,
    help: str,
    getter: Callable[..., int] | None = None,
    *,
    group: str = "",
    shared: bool = False,
    cumulative: bool = False,
) -> Stat:
    """Declare a statistic; the name may carry its group: "group:name"."""
    if ":" in name and not group:
        group, _, name = name.partition(":")
    return Stat(name, help, getter, group, shared, cumulative)


def event_route(name: str, help: str) -> EventRoute:
    """Declare an event route."""
    return EventRoute(name, help)


def select(path: str, get: Callable[..., Any], help: str = "", check: Callable[..., str] | None = None) -> Select:
    """Declare a select."""
    return Select(path, get, help, check)


def cfg_var(
    name: str,
    kind: type[int | str] | str,
    default: int | str | None,
    help: str,
    *,
    least: int = 0,
    most: int = 0,
    readonly: bool = False,
    atomic: bool = False,
    group: str = "",
    on_change: str = "",
) -> CfgVar:
    """Declare a run-time setting; least = most = 0 means no limits."""
    kind_name = kind if isinstance(kind, str) else ("int" if kind is int else "str")
    return CfgVar(name, kind_name, default, help, least, most, readonly, atomic, group, on_change)
