"""One Lua state: running functions and texts in it, one message after the other or, where they wait, by turns.

Everything that Lua is given passes `LuaState.room` first: where the state is full, memory that is asked for from
outside of Lua code would end the process.
"""

from __future__ import annotations

import re
import weakref
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siprouter.core.routes import ERROR, ONSEND
from siprouter.ksr.errors import LeaveScript
from siprouter.ksr.values import CallError
from siprouter.util.errors import OperatorError, PeerError
from siprouter.util.text import to_bytes, to_str

try:
    from lupa import lua51
except ImportError:  # pragma: no cover  where the extra is not installed
    lua51 = None

if TYPE_CHECKING:
    from siprouter.core.context import Context

OK, FAIL, WAIT, WARN, STOP = range(5)
"""what a call from Lua is answered with; see driver.lua"""

AT_ONCE = ERROR | ONSEND
"""kinds of routes in which nothing may wait"""

DONE, FAILED, WAITS, STOPPED = "done", "failed", "waits", "stopped"
"""how far a run came"""

LOG_LINE = b"!"
READ = b"?read"
INTERVAL = 10_000
"""instructions between two looks at the clock"""
RESERVE = 256 * 1024
"""octets that are kept free for what the server gives to Lua"""
LEAST_MEMORY = 2 * 1024 * 1024
KEPT_CHUNKS = 256
MAX_NESTED = 16
MAX_WAITS = 10_000
CANNOT_WAIT = (
    ": a function that waits cannot be called in a metamethod, an iterator, or what string.gsub or table.sort call"
)
FULL = "the Lua state is full: memory_limit allows no more"


@dataclass(frozen=True, slots=True)
class Limits:
    """`seconds` of processor time between two waits, `loading` the same for files at start, `memory` in octets."""

    seconds: float
    loading: float
    memory: int


_SHORTENED = re.compile(r"\.\.\.([^\n]{16,}?):(?=[0-9])")
"""the end of a file's name, with a line behind it"""


class LuaFailure(Exception):
    """A run that failed: the message names file and line."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Run:
    """One script that runs, with its message; `ctx` None while files are loaded."""

    __slots__ = (
        "callers",
        "ctx",
        "ended",
        "id",
        "in_task",
        "may_wait",
        "message",
        "pending",
        "raised",
        "result",
        "waits",
    )

    def __init__(self, number: int, ctx: Context | None, may_wait: bool) -> None:
        self.id = number
        self.ctx = ctx
        self.may_wait = may_wait and ctx is not None and not ctx.route_type & AT_ONCE
        self.in_task = False
        """whether what runs it is a coroutine, so that another one may begin at once"""
        self.pending: Started | None = None
        """what it waits for"""
        self.raised: BaseException | None = None
        """what it was stopped with"""
        self.ended = False
        """the script ended the route on purpose"""
        self.result: Any = None
        self.message = ""
        self.callers = ""
        self.waits = 0

    def forget_pending(self) -> None:
        """Nobody is going to wait for it any more."""
        pending, self.pending = self.pending, None
        if pending is not None:
            pending.close()


class Started:
    """An awaitable that may have begun already, up to its first wait: `first`."""

    __slots__ = ("_first", "_steps")

    def __init__(self, steps: Generator[Any, Any, Any], first: Any = None) -> None:
        self._steps = steps
        self._first = first

    def __await__(self) -> Generator[Any, Any, Any]:
        steps, waited_for = self._steps, self._first
        self._first = None
        if waited_for is None:
            result = yield from steps
            return result
        while True:
            try:
                value = yield waited_for
            except BaseException as error:
                try:
                    waited_for = steps.throw(error)
                except StopIteration as end:
                    return end.value
            else:
                try:
                    waited_for = steps.send(value)
                except StopIteration as end:
                    return end.value

    def close(self) -> None:
        """Give up waiting."""
        self._steps.close()


class Host:
    """What Lua calls. It holds no strong reference to the state: nobody could free the two together."""

    def __init__(self, functions: dict[bytes, Callable[..., Any]], log_line: Callable[[str], None]) -> None:
        self.functions = functions
        self.current: Run | None = None
        self.names: Callable[[str], bool] | None = None
        """whether there is a function that is made when it is asked for"""
        self.find: Callable[[str], Callable[..., Any] | None] | None = None
        self.read: Callable[[str], str | None] | None = None
        """the text of a file that belongs to this version; None: there is none"""
        self.state: weakref.ref[LuaState] | None = None
        self._log_line = log_line

    def __call__(self, name: bytes, *args: Any) -> Any:
        """Serve one call; see driver.lua. Never raises: an exception must not cross Lua."""
        run = self.current
        state = None if self.state is None else self.state()
        if run is None or state is None:
            return FAIL, b"nothing runs here"
        if not state.room(0):
            return self._stop(run, state, LuaFailure(FULL))
        try:
            function = self.functions.get(name) or self._function(name)
            if function is None:
                answer = self._about(name, args)
            else:
                values = [to_str(value) if value.__class__ is bytes else value for value in args]
                value = function(run.ctx, *values)
                if value is None or value.__class__ is int:
                    return OK, value
                if value.__class__ is str:
                    return self._packed(run, state, OK, to_bytes(value))
                answer = self._answered(run, value, name)
        except LeaveScript:
            run.ended = True
            return self._stop(run, state, None)
        except PeerError as error:
            return self._stop(run, state, error)
        except CallError as error:
            answer = FAIL, f"{error.message} ({error.suggestion})" if error.suggestion else error.message
        except OperatorError as error:
            answer = FAIL, str(error)
        except Exception as error:
            answer = FAIL, f"{to_str(name)}() failed: {type(error).__name__}: {error}"
        except BaseException as error:
            return self._stop(run, state, error)
        return self._packed(run, state, *[to_lua(item) for item in answer])

    def _function(self, name: bytes) -> Callable[..., Any] | None:
        """A function that is asked for the first time; None for what only the driver asks. Raises CallError."""
        if name[:1] in (b"?", b"!"):
            return None
        function = None if self.find is None else self.find(to_str(name))
        if function is None:
            raise CallError(f"{to_str(name)}() is not known")
        self.functions[name] = function
        return function

    def _answered(self, run: Run, value: Any, name: bytes) -> tuple[Any, ...]:
        """What a function gave: begin what it waits for, and answer at once where that does not wait after all."""
        if isinstance(value, Awaitable):
            if not run.may_wait:
                return OK, at_once(value, to_str(name))
            run.forget_pending()
            if run.in_task:
                steps = value.__await__()
                try:
                    first = next(steps)
                except StopIteration as end:
                    return OK, end.value
                run.pending = Started(steps, first)
            else:
                run.pending = Started(value.__await__())
            run.waits += 1
            if run.waits > MAX_WAITS:
                raise CallError(f"{to_str(name)}(): the script has waited {MAX_WAITS} times")
            return (WAIT,)
        return value if value.__class__ is tuple else (OK, value)

    def _about(self, name: bytes, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Questions of the driver."""
        text = to_str(args[0]) if args else ""
        if name == LOG_LINE:
            self._log_line(text)
            return OK, None
        if name == READ:
            found = None if self.read is None else self.read(text)
            return OK, found
        known = self.names is not None and self.names(to_str(name[1:]))
        return (OK if known else FAIL), None

    def _stop(self, run: Run, state: LuaState, error: BaseException | None) -> tuple[int]:
        run.raised = run.raised or error
        state.make_room(0)
        return (STOP,)

    def _packed(self, run: Run, state: LuaState, *answer: Any) -> tuple[Any, ...]:
        """An answer in values of Lua, where there is room for it."""
        size = sum([len(value) for value in answer if value.__class__ is bytes])
        if not state.room(size):
            return self._stop(run, state, LuaFailure(FULL))
        return answer


def at_once(awaitable: Awaitable[Any], name: str) -> Any:
    """The result where it does not wait after all. Raises CallError where it does."""
    steps = awaitable.__await__()
    try:
        next(steps)
    except StopIteration as end:
        return end.value
    except RuntimeError:  # it looks for an event loop
        pass
    steps.close()
    raise CallError(f"{name}() waits, which this kind of route cannot")


def to_lua(value: Any) -> Any:
    """A value as Lua gets it: text as octets; everything that is no plain value becomes nil."""
    if value.__class__ is str:
        return to_bytes(value)
    return value if isinstance(value, int | float | bytes) else None


def deny(_object: object, name: object, _setting: bool) -> Any:
    """Lua sees no attribute of anything in Python."""
    raise AttributeError(name)


class LuaState:
    """Runs scripts, each with its message. Not a run within MAX_NESTED others of the same state."""

    def __init__(self, host: Host, limits: Limits) -> None:
        """Raises OperatorError where the library is missing."""
        if lua51 is None:
            raise OperatorError("app_lua needs the package lupa", suggestion="pip install siprouter[lua]")
        self.limits = limits
        self.host = host
        self._lua = lua51.LuaRuntime(
            encoding=None,
            source_encoding="utf-8",
            attribute_filter=deny,
            register_eval=False,
            register_builtins=False,
            unpack_returned_tuples=True,
            max_memory=limits.memory,
        )
        driver = Path(__file__).with_name("driver.lua").read_bytes()
        functions = self._lua.compile(driver, name=b"=driver")(host, LOG_LINE, INTERVAL)
        self._functions = {to_str(name): function for name, function in functions.items()}
        self._chunks: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._last = 0
        self._compiled = ""
        self._depth = 0
        self._grown = False
        host.state = weakref.ref(self)

    # --- what scripts find

    def define(self, *paths: str) -> None:
        """Make functions of the host known: "sr.hdr.append"."""
        for path in paths:
            self._functions["define"](to_bytes(path))

    def offer(self, path: str) -> None:
        """A table whose functions are made when they are asked for."""
        self._functions["offer"](to_bytes(path))

    def search_with(self, path: str) -> None:
        """Where require() looks: patterns with "?", separated by ";"."""
        self._functions["search_with"](to_bytes(path))

    def has_function(self, name: str) -> bool:
        """Whether there is a global function of this name."""
        return self.room(len(name)) and bool(self._functions["has_function"](to_bytes(name)))

    def new_functions(self) -> list[str]:
        """Names of the global functions that there are since it was asked last."""
        return to_str(self._functions["new_functions"]()).split(" ")

    # --- memory

    @property
    def memory(self) -> int:
        """Octets in use."""
        used: int = self._lua.get_memory_used()
        return used

    def room(self, size: int) -> bool:
        """Whether so many octets can be given to Lua now without danger."""
        return self.memory + size + RESERVE <= self.limits.memory

    def make_room(self, size: int) -> None:
        """Allow Lua more for the moment: it is about to be told to stop. `tidy` takes it back."""
        self._lua.set_max_memory(max(self.memory, self.limits.memory) + size + 4 * RESERVE)
        self._grown = True

    def tidy(self) -> None:
        """Collect what is left behind; where that is still too much, the state stays full and refuses to run."""
        self.make_room(0)
        self._functions["collect"](200 if self.memory * 4 < self.limits.memory else 110)
        if self._depth == 0:
            self._lua.set_max_memory(max(self.limits.memory, self.memory + RESERVE))
            self._grown = False

    # --- runs

    @property
    def runs(self) -> bool:
        """Whether a script runs in it at this moment."""
        return self._depth > 0

    def begin(self, ctx: Context | None, may_wait: bool = True) -> Run:
        """A run, to be given to `run_function` or `run_chunk` once."""
        self._last += 1
        return Run(self._last, ctx, may_wait)

    def run_function(self, run: Run, name: str, args: tuple[Any, ...] = ()) -> str:
        """Call a global function; how far it came."""
        return self._step(run, "run_function", to_bytes(name), *[to_lua(value) for value in args])

    def run_chunk(self, run: Run, code: str, name: str) -> str:
        """Run a text; `name` as Lua has it: "@" and a file, or "=" and what is shown. Texts are kept compiled."""
        key = self._chunks.get((code, name))
        if key is None:
            try:
                key = self._compile(code, name)
            except LuaFailure as failure:
                run.message = self._in_full(failure.message)
                return FAILED
        else:
            self._chunks.move_to_end((code, name))
        return self._step(run, "run_chunk", key)

    def _compile(self, code: str, name: str) -> int:
        data = to_bytes(code)
        if not self.room(4 * len(data)):
            self.tidy()
            if not self.room(4 * len(data)):
                raise LuaFailure(FULL)
        self._last += 1
        self._compiled = name
        try:
            message = self._functions["compile"](self._last, data, to_bytes(name))
        except lua51.LuaError as error:
            self._recover(0)
            raise LuaFailure(text_of(error)) from None
        if message is not None:
            raise LuaFailure(to_str(message))
        self._chunks[code, name] = self._last
        if len(self._chunks) > KEPT_CHUNKS:
            self._functions["forget"](self._chunks.popitem(last=False)[1])
        return self._last

    def _in_full(self, text: str) -> str:
        """A message with the names of files in it whole: Lua leaves out the beginning of long ones."""
        return _SHORTENED.sub(self._full_name, text) if "..." in text else text

    def _full_name(self, found: re.Match[str]) -> str:
        for name in (self._compiled, *(known for _, known in self._chunks)):
            if name.startswith("@") and name.endswith(found[1]):
                return f"{name[1:]}:"
        return found[0]

    def go_on(self, run: Run, status: int, value: Any) -> str:
        """Continue a run that waits with what it waited for; how far it came."""
        run.pending = None
        run.in_task = True
        packed = to_lua(value)
        if packed.__class__ is bytes and not self.room(len(packed)):
            status, packed = STOP, None
            run.raised = run.raised or LuaFailure(FULL)
        return self._step(run, "go_on", status, packed)

    def drop(self, run: Run) -> None:
        """Forget a run that waits."""
        run.forget_pending()
        self._functions["drop"](run.id)

    def _step(self, run: Run, what: str, *args: Any) -> str:
        if self._depth >= MAX_NESTED:
            run.message = f"scripts that call one another deeper than {MAX_NESTED}"
            return FAILED
        size = sum(len(value) for value in args if value.__class__ is bytes)
        if not self.room(size):
            self.tidy()
            if not self.room(size):
                if what == "go_on":
                    self.drop(run)
                run.message = FULL
                return FAILED
        seconds = self.limits.loading if run.ctx is None else self.limits.seconds
        outer, self.host.current = self.host.current, run
        self._depth += 1
        try:
            answer = self._functions[what](run.id, seconds, *args)
        except lua51.LuaError as error:
            self._recover(run.id)
            answer = b"failed", to_bytes(text_of(error)), b""
        finally:
            self._depth -= 1
            self.host.current = outer
        if self._grown and self._depth == 0:
            self.tidy()
        return self._outcome(run, answer)

    def _recover(self, number: int) -> None:
        """After an error that Lua could not handle itself: no memory."""
        self.make_room(0)
        self._functions["recover"](number, self.limits.seconds)
        self.tidy()

    def _outcome(self, run: Run, answer: Any) -> str:
        kind, *rest = answer if isinstance(answer, tuple) else (answer,)
        found = to_str(kind)
        cannot_wait = found == FAILED and run.pending is not None
        if found != WAITS:
            run.forget_pending()
        if found == DONE:
            run.result = to_str(rest[0]) if isinstance(rest[0], bytes) else rest[0]
        elif found == FAILED:
            run.message, run.callers = self._in_full(to_str(rest[0])), self._in_full(to_str(rest[1]))
            if cannot_wait:
                run.message += CANNOT_WAIT
        elif found == STOPPED and rest and rest[0] is not None:
            run.message = self._in_full(to_str(rest[0]))
        return found


def has_library() -> bool:
    """Whether the package that runs Lua is installed."""
    return lua51 is not None


def text_of(error: Exception) -> str:
    """The message of an error of Lua."""
    if isinstance(error, lua51.LuaMemoryError):
        return FULL
    value = error.args[0] if error.args else ""
    return to_str(value) if isinstance(value, bytes) else str(value)
