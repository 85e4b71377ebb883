"""The requests of the Debug Adapter Protocol, and the answers to them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from siprouter.core.context import Context
from siprouter.core.observe import Frame
from siprouter.core.values import Value
from siprouter.core.worker import Worker
from siprouter.debug.framing import Json
from siprouter.debug.session import STEPS, RequestError, Session, number_of, source_of, text_of
from siprouter.debug.stops import Flow
from siprouter.debug.variables import Variable, scopes, shown, type_of, variable
from siprouter.script.expression import compile_text
from siprouter.script.runtime import EvalError
from siprouter.util.errors import OperatorError, PeerError

MAX_HANDLES = 100_000
MAX_LIST = 1000  # items of a request, and frames of an answer
EVALUATE_SECONDS = 30.0

CAPABILITIES: Json = {
    "supportsConfigurationDoneRequest": True,
    "supportsFunctionBreakpoints": True,
    "supportsConditionalBreakpoints": True,
    "supportsHitConditionalBreakpoints": True,
    "supportsLogPoints": True,
    "supportsEvaluateForHovers": True,
    "supportsSetVariable": True,
    "supportsSetExpression": True,
    "supportsBreakpointLocationsRequest": True,
    "supportsLoadedSourcesRequest": True,
    "supportsDelayedStackTraceLoading": True,
    "supportsTerminateRequest": True,
    "supportTerminateDebuggee": True,
    "supportsClipboardContext": True,
}

Children = Callable[[], list[Variable]]


class Adapter:
    """One connection. `write(message)` sends; `stop()` ends the server; `owned`: it ends with its client.

    `file` is the configuration that runs; `claim(adapter)` whether this client may have the server.
    """

    def __init__(
        self,
        worker: Worker,
        write: Callable[[Json], None],
        *,
        file: str,
        defines: dict[str, str],
        stop: Callable[[], None],
        owned: bool,
        claim: Callable[[Adapter], bool],
    ) -> None:
        self.worker = worker
        self.file = file
        self.owned = owned
        self.session = Session(worker, self.event, defines)
        self.closing = False
        """the client has said goodbye"""
        self._write = write
        self._stop = stop
        self._claim = claim
        self._sequence = 0
        self._ready = False
        self._debugs = True
        self._lines_from = 1
        self._columns_from = 1
        self._frames: dict[int, tuple[Flow, Frame]] = {}
        self._lists: dict[int, tuple[Flow, Children]] = {}
        self._handle = 0
        self._after: list[Callable[[], None]] = []

    # --- messages

    def _send(self, message: Json) -> None:
        self._sequence += 1
        self._write({"seq": self._sequence, **message})

    def event(self, name: str, body: Json) -> None:
        """Send an event."""
        self._shift(body)
        self._shift(body.get("breakpoint", {}))
        self._send({"type": "event", "event": name, "body": body})

    async def take(self, message: Json) -> None:
        """Handle one message of the client."""
        if message.get("type") != "request":
            return
        command, sequence = message.get("command"), message.get("seq")
        arguments = message.get("arguments") or {}
        answer: Json = {"type": "response", "request_seq": sequence if isinstance(sequence, int) else 0}
        answer |= {"command": command if isinstance(command, str) else "", "success": True}
        try:
            if not isinstance(arguments, dict):
                raise RequestError("arguments must be an object")
            body = await self._handle_request(answer["command"], arguments)
            if body is not None:
                answer["body"] = body
        except RequestError as error:
            answer |= {"success": False, "message": str(error)}
            answer["body"] = {"error": {"id": 1, "format": str(error).replace("{", "(").replace("}", ")")}}
        except Exception:
            self.worker.log.exception("debug adapter: request %s failed", answer["command"])
            answer |= {"success": False, "message": "internal error"}
        self._send(answer)
        after, self._after = self._after, []
        for action in after:
            action()

    async def _handle_request(self, command: str, arguments: Json) -> Json | None:
        handler: Callable[[Json], Json | None | Awaitable[Json | None]] | None = self._handlers().get(command)
        if handler is None:
            raise RequestError(f"unknown request {command[:40]}")
        if not self._ready and command not in ("initialize", "disconnect"):
            raise RequestError("initialize comes first")
        found = handler(arguments)
        return await found if isinstance(found, Awaitable) else found

    def _handlers(self) -> dict[str, Callable[[Json], Any]]:
        return {
            "initialize": self.initialize,
            "launch": self.begin,
            "attach": self.begin,
            "configurationDone": self.configuration_done,
            "setBreakpoints": self.set_breakpoints,
            "setFunctionBreakpoints": self.set_functions,
            "setExceptionBreakpoints": lambda _: {"breakpoints": []},
            "breakpointLocations": self.locations,
            "loadedSources": self.sources,
            "threads": lambda _: {"threads": self.session.threads()},
            "stackTrace": self.stack,
            "scopes": self.scopes,
            "variables": self.variables,
            "evaluate": self.evaluate,
            "setVariable": self.set_variable,
            "setExpression": self.set_expression,
            "continue": self.go_on,
            "next": lambda arguments: self.step("next", arguments),
            "stepIn": lambda arguments: self.step("stepIn", arguments),
            "stepOut": lambda arguments: self.step("stepOut", arguments),
            "pause": self.session.pause_next,
            "disconnect": self.disconnect,
            "terminate": self.terminate,
        }

    # --- beginning and end

    def initialize(self, arguments: Json) -> Json:
        """What we can do; who comes second is refused."""
        if self._ready:
            raise RequestError("initialize comes once")
        if not self._claim(self):
            raise RequestError("another client debugs this server")
        self._ready = True
        self._lines_from = 0 if arguments.get("linesStartAt1") is False else 1
        self._columns_from = 0 if arguments.get("columnsStartAt1") is False else 1
        self._after.append(lambda: self._send({"type": "event", "event": "initialized"}))
        return CAPABILITIES

    def begin(self, arguments: Json) -> None:
        """launch, attach: the server runs already."""
        program = text_of(arguments, "program")
        if program and source_of(program)["name"] != source_of(self.file)["name"]:
            raise RequestError(f"this server runs {self.file}, not {program}")
        self._debugs = not arguments.get("noDebug")
        self.session.stop_on_entry = bool(arguments.get("stopOnEntry"))

    def configuration_done(self, arguments: Json) -> None:
        """From now on messages stop."""
        if self._debugs:
            self.session.attach()

    def close(self) -> None:
        """The client is gone: nothing waits for it."""
        self.session.detach()

    def disconnect(self, arguments: Json) -> None:
        """Goodbye, to the server as well where it says so, or where the server is the client's own."""
        self.closing = True
        if self._ready and arguments.get("terminateDebuggee", self.owned):
            self._after.append(self._stop)

    def terminate(self, arguments: Json) -> None:
        """End the server."""
        self.session.detach()
        self._after.append(lambda: self.event("terminated", {}))
        self._after.append(self._stop)

    # --- where to stop

    def set_breakpoints(self, arguments: Json) -> Json:
        """Lines of one file."""
        path = text_of(object_of(arguments, "source"), "path")
        if not path:
            raise RequestError("a source without path")
        wanted = [self._placed(item) for item in objects_of(arguments, "breakpoints")]
        found = self.session.set_breakpoints(path, wanted)
        for item in found:
            self._shift(item)
        return {"breakpoints": found}

    def _placed(self, item: Json) -> Json:
        """Our line and column for those of the client."""
        shifted = {"line": number_of(item, "line") + 1 - self._lines_from}
        if item.get("column") is not None:
            shifted["column"] = number_of(item, "column") + 1 - self._columns_from
        return {**item, "column": 0, **shifted}

    def _shift(self, item: Json) -> Json:
        """Their lines and columns for ours."""
        for key in ("line", "endLine"):
            if key in item:
                item[key] += self._lines_from - 1
        for key in ("column", "endColumn"):
            if key in item:
                item[key] += self._columns_from - 1
        return item

    def set_functions(self, arguments: Json) -> Json:
        """Route blocks by name."""
        names = [text_of(item, "name") for item in objects_of(arguments, "breakpoints")]
        return {"breakpoints": self.session.set_functions(names)}

    def locations(self, arguments: Json) -> Json:
        """Where in some lines messages can stop."""
        path = text_of(object_of(arguments, "source"), "path")
        first = number_of(arguments, "line") + 1 - self._lines_from
        last = number_of(arguments, "endLine", first - 1 + self._lines_from) + 1 - self._lines_from
        places = self.session.places.between(path, first, last)[:MAX_LIST]
        return {"breakpoints": [self._shift({"line": place.line, "column": place.column}) for place in places]}

    def sources(self, arguments: Json) -> Json:
        """The files of the configuration."""
        script = self.worker.script
        return {"sources": [source_of(path) for path in (script.files if script is not None else ())]}

    # --- running

    def go_on(self, arguments: Json) -> Json:
        """Let a message go on."""
        return {"allThreadsContinued": self.session.resume(arguments)}

    def step(self, command: str, arguments: Json) -> None:
        """One of the steps."""
        self.session.step_to(arguments, STEPS[command])

    # --- looking

    def _new_handle(self) -> int:
        if len(self._frames) + len(self._lists) > MAX_HANDLES:
            self._frames = {key: one for key, one in self._frames.items() if one[0].stopped}
            self._lists = {key: one for key, one in self._lists.items() if one[0].stopped}
            if len(self._frames) + len(self._lists) > MAX_HANDLES:
                raise RequestError("too many variables are open")
        self._handle += 1
        return self._handle

    def stack(self, arguments: Json) -> Json:
        """The route blocks that a message is in, innermost first."""
        flow = self.session.flow(number_of(arguments, "threadId") - 1)
        if flow is None or not flow.stopped:
            return {"stackFrames": [], "totalFrames": 0}
        frames = list(flow.frame.stack())
        first = number_of(arguments, "startFrame", 0)
        count = number_of(arguments, "levels", 0) or MAX_LIST
        return {
            "stackFrames": [self._frame(flow, frame) for frame in frames[first : first + min(count, MAX_LIST)]],
            "totalFrames": len(frames),
        }

    def _frame(self, flow: Flow, frame: Frame) -> Json:
        handle = self._new_handle()
        self._frames[handle] = flow, frame
        place = frame.place
        told = {"line": place.line, "column": place.column}
        if place.end_line == place.line:  # not the whole body of an `if`
            told |= {"endLine": place.end_line, "endColumn": place.end_column}
        return {"id": handle, "name": frame.route.name, "source": source_of(place.file), **self._shift(told)}

    def _stopped_frame(self, handle: int) -> tuple[Flow, Frame]:
        found = self._frames.get(handle)
        if found is None or not found[0].stopped:
            raise RequestError("this message does not wait any more")
        return found

    def scopes(self, arguments: Json) -> Json:
        """What there is to see of a message; the same in all of its frames."""
        flow, frame = self._stopped_frame(number_of(arguments, "frameId"))
        found = []
        for name, children in scopes(frame.ctx):
            reference = self._list(flow, children)
            found.append({"name": name, "variablesReference": reference, "expensive": name == "Pseudo-variables"})
        return {"scopes": found}

    def _list(self, flow: Flow, children: Children) -> int:
        handle = self._new_handle()
        self._lists[handle] = flow, children
        return handle

    def _children(self, arguments: Json) -> tuple[Flow, list[Variable]]:
        found = self._lists.get(number_of(arguments, "variablesReference"))
        if found is None or not found[0].stopped:
            raise RequestError("this message does not wait any more")
        return found[0], found[1]()

    def variables(self, arguments: Json) -> Json:
        """The lines of a scope."""
        flow, found = self._children(arguments)
        if arguments.get("filter") == "indexed":
            found = []
        first = number_of(arguments, "start", 0)
        count = number_of(arguments, "count", 0) or len(found)
        return {"variables": [self._variable(flow, item) for item in found[first : first + count]]}

    def _variable(self, flow: Flow, item: Variable) -> Json:
        told: Json = {"name": item.name, "value": shown(item.value), "type": type_of(item.value)}
        told["variablesReference"] = 0 if item.children is None else self._list(flow, item.children)
        if item.expression:
            told["evaluateName"] = item.expression
        if item.assign is None:
            told["presentationHint"] = {"attributes": ["readOnly"]}
        return told

    # --- evaluating and setting

    async def evaluate(self, arguments: Json) -> Json:
        """An expression for a message that has stopped; in the console statements, too."""
        text, where = text_of(arguments, "expression"), text_of(arguments, "context")
        if where == "hover" and not text.startswith(("$", "@")):
            raise RequestError("only variables are evaluated on hover")
        value = await self._value(text, self._context(arguments), statements=where == "repl")
        result = shown(value) if where != "clipboard" or value is None else str(value)
        return {"result": result, "type": type_of(value), "variablesReference": 0}

    def _context(self, arguments: Json) -> Context:
        if arguments.get("frameId") is None:
            flow = next(self.session.stopped(), None)
            if flow is None:
                raise RequestError("no message has stopped")
            return flow.ctx
        return self._stopped_frame(number_of(arguments, "frameId"))[1].ctx

    async def _value(self, text: str, ctx: Context, statements: bool = False) -> Value:
        """The value of an expression. Raises RequestError."""
        try:
            defines = self.session.defines
            expression = compile_text(text, self.worker, ctx.route_type, defines=defines, statements=statements)
            found = expression.run(ctx)
            if isinstance(found, Awaitable):
                async with asyncio.timeout(EVALUATE_SECONDS):
                    return await found
            return found
        except OperatorError as error:
            raise RequestError(f"{error.message} ({error.suggestion})" if error.suggestion else error.message) from None
        except (EvalError, PeerError) as error:
            raise RequestError(str(error)) from None
        except TimeoutError:
            raise RequestError(f"no value after {EVALUATE_SECONDS:.0f} seconds") from None

    async def set_variable(self, arguments: Json) -> Json:
        """A line of a scope gets the value of an expression; null takes it away."""
        name = text_of(arguments, "name")
        flow, found = self._children(arguments)
        item = next((one for one in found if one.name == name), None)
        if item is None:
            raise RequestError(f"there is no {name} here")
        return await self._assign(item, arguments, flow.ctx)

    async def set_expression(self, arguments: Json) -> Json:
        """A pseudo-variable gets the value of an expression."""
        ctx = self._context(arguments)
        text = text_of(arguments, "expression")
        item = variable(ctx, text)
        if item is None:
            raise RequestError(f"{text} is not a variable")
        return await self._assign(item, arguments, ctx)

    async def _assign(self, item: Variable, arguments: Json, ctx: Context) -> Json:
        if item.assign is None:
            raise RequestError(f"{item.name} cannot be set")
        text = text_of(arguments, "value").strip()
        value = None if text in ("null", "$null") else await self._value(text, ctx)
        try:
            item.assign(value)
        except (OperatorError, PeerError, EvalError) as error:
            raise RequestError(str(error)) from None
        now = variable(ctx, item.expression) if item.expression else None
        return {"value": shown(value if now is None else now.value), "type": type_of(value), "variablesReference": 0}


def object_of(arguments: Json, name: str) -> Json:
    """An object of a request. Raises RequestError."""
    value = arguments.get(name)
    if not isinstance(value, dict):
        raise RequestError(f"{name} must be an object")
    return value


def objects_of(arguments: Json, name: str) -> list[Json]:
    """A list of objects of a request. Raises RequestError."""
    value = arguments.get(name) or []
    if not isinstance(value, list) or len(value) > MAX_LIST or not all(isinstance(item, dict) for item in value):
        raise RequestError(f"{name} must be a list of at most {MAX_LIST} objects")
    return value
