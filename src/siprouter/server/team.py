"""A worker of several: its part of the conversation with the others and with the supervisor."""

from __future__ import annotations

import asyncio
import inspect
import pickle
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any

from siprouter.core.blacklist import note_undelivered
from siprouter.rpc.call import mi_here, run_here
from siprouter.rpc.everywhere import ASK_COUNTERS, ASK_MI, ASK_RPC, local_counters
from siprouter.rpc.values import RpcError, RpcValue
from siprouter.sip.call_id import find_call_id
from siprouter.transport.endpoint import PROTO_UDP, Endpoint
from siprouter.transport.frames import ANSWER, CALL, DRAINED, READY, RELEASE, ROSTER
from siprouter.transport.mailbox import Post
from siprouter.transport.packed import EndpointCodec
from siprouter.transport.sharing import SharedConnections
from siprouter.transport.steering import Steering
from siprouter.util.errors import InternalError
from siprouter.util.hashing import call_shard

if TYPE_CHECKING:
    from siprouter.rpc.mi import MiArgument
    from siprouter.server.seat import Seat
    from siprouter.server.startup import Assembly

ANSWER_SECONDS = 10.0
ID_STEP = 1 << 24
"""connections that a worker may have before another one takes its place and numbers its own from there"""

ASK_SETTINGS = "settings"
ASK_UNDELIVERED = "undelivered"
MAX_TASKS = 1000
"""errors about datagrams are not handed over while so much is under way"""


class WorkerTeam:
    """See `rpc.everywhere.Team`. `ask` and `offer` are calls between workers, by name, with plain values."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seat: Seat, assembly: Assembly) -> None:
        self.index = seat.index
        self.count = seat.count
        self.log = assembly.log
        self.released = asyncio.Event()
        self.post = Post(loop, seat.index, seat.reading, seat.writing, assembly.log)
        self._loop = loop
        self._seat = seat
        self._worker = assembly.worker
        self._offers: dict[str, Callable[..., Any]] = {}
        self._waiting: dict[int, tuple[int, asyncio.Future[Any]]] = {}
        self._last = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._codec = EndpointCodec(list(assembly.outlet.listeners))
        self._outlet = assembly.outlet
        self.connections = self._share_connections(seat)
        self.steering: Steering | None = None
        self.post.handlers.update(
            {CALL: self._called, ANSWER: self._answered, ROSTER: self._roster_changed, RELEASE: self._release}
        )
        self._offer_commands()
        self._worker.services["hand_undelivered"] = self.hand_undelivered

    def _share_connections(self, seat: Seat) -> SharedConnections:
        table = self._outlet.table
        first = sum(seat.roster.restarts) * ID_STEP * seat.count + seat.index
        table.number(first or seat.count, seat.count)
        self._outlet.others = SharedConnections(self.post, self._outlet, self._codec, self._loop.time)
        return self._outlet.others

    def receiver(self, receiver: Any) -> Steering:
        """What is to stand between the sockets and the receiver of this worker."""
        self.steering = Steering(self.post, receiver, self._codec, self.log, self._worker.services.get("call_key"))
        return self.steering

    def declare_counters(self) -> None:
        """The group `workers`."""
        declare = self._worker.counters.declare
        steering, connections = self.steering, self.connections
        assert steering is not None
        boxes = self.post.boxes
        for name, text, read in (
            ("handed_over", "messages handed to the worker that owns their call", lambda: steering.handed_over),
            ("taken", "messages taken over from the worker that received them", lambda: steering.taken),
            ("dropped", "messages dropped because their owner takes no more", lambda: steering.dropped),
            ("queue_full", "records to other workers that did not fit", lambda: sum(box.full for box in boxes)),
            ("queued", "octets that wait for other workers", lambda: sum(box.waiting for box in boxes)),
            ("written", "messages sent on connections of other workers", lambda: connections.written),
            ("write_failed", "those of them that could not be sent", lambda: connections.failed),
        ):
            declare("workers", name, text, read)
        restarts = declare("workers", "restarts", "workers that died and were started again", self.restarts)
        number = declare("workers", "workers", "how many workers there are", lambda: self.count)
        restarts.shared = number.shared = True
        growing = ("handed_over", "taken", "dropped", "queue_full", "written", "write_failed", "restarts")
        self._worker.registry.cumulative.update(("workers", name) for name in growing)

    def restarts(self) -> int:
        """How often a worker was started again."""
        return sum(self._seat.roster.restarts)

    # --- life

    def start(self) -> None:
        """Begin to listen to the others, and ask for what only they know."""
        self.post.start()
        self.connections.start()

    def ready(self) -> None:
        """Tell the supervisor that this worker works."""
        self.post.send(self.count, READY)

    async def drained(self, seconds: float) -> None:
        """Tell the supervisor that nothing is left to do, and wait until the others have said so too."""
        self.post.send(self.count, DRAINED)
        try:
            async with asyncio.timeout(seconds):
                await self.released.wait()
        except TimeoutError:
            pass

    def close(self) -> None:
        """Ends the conversation."""
        for task in self._tasks:
            task.cancel()
        self.post.close()

    def _release(self, _sender: int, _payload: bytes) -> None:
        self.released.set()

    def _roster_changed(self, _sender: int, payload: bytes) -> None:
        """Somebody came or went; who went took along what was under way there."""
        roster, gone = pickle.loads(payload)
        self._seat.roster = roster
        if gone < 0:
            return
        self.post.reader.forget(gone)
        self.connections.gone(gone)
        for number, (index, future) in list(self._waiting.items()):
            if index == gone and not future.done():
                del self._waiting[number]
                future.set_exception(RpcError(500, f"worker {gone} died meanwhile"))

    def roster(self) -> list[dict[str, RpcValue]]:
        """See `rpc.everywhere.Team`."""
        roster = self._seat.roster
        return [
            {"worker": index, "pid": roster.pids[index], "restarts": roster.restarts[index]}
            for index in range(self.count)
        ]

    def processes(self) -> list[tuple[int, str]]:
        """(process id, description) of all processes of the server."""
        found = [(self._seat.main_pid, "supervisor")]
        return found + [(pid, f"worker {index}") for index, pid in enumerate(self._seat.roster.pids)]

    # --- calls between workers

    def offer(self, what: str, function: Callable[..., Any]) -> None:
        """Let the others call `function`, which may be a coroutine function, and raise RpcError."""
        self._offers[what] = function

    def ask(self, worker: int, what: str, *args: Any, seconds: float = ANSWER_SECONDS) -> Awaitable[Any]:
        """See `rpc.everywhere.Team`."""
        self._last += 1
        number = self._last
        future: asyncio.Future[Any] = self._loop.create_future()
        self._waiting[number] = (worker, future)
        self.post.send(worker, CALL, pickle.dumps((number, what, args)))
        return self._answer(worker, number, future, seconds)

    async def _answer(self, worker: int, number: int, future: asyncio.Future[Any], seconds: float) -> Any:
        try:
            async with asyncio.timeout(seconds):
                return await future
        except TimeoutError:
            raise RpcError(500, f"worker {worker} does not answer") from None
        finally:
            self._waiting.pop(number, None)

    def _called(self, sender: int, payload: bytes) -> None:
        number, what, args = pickle.loads(payload)
        self.spawn(self._serve(sender, number, what, args))

    async def _serve(self, sender: int, number: int, what: str, args: tuple[Any, ...]) -> None:
        try:
            function = self._offers.get(what)
            if function is None:
                raise InternalError(f"no worker offers {what}")
            result = function(*args)
            good, value = True, await result if inspect.isawaitable(result) else result
        except RpcError as error:
            good, value = False, (error.code, error.message)
        except Exception:
            self.log.exception("%s for worker %d", what, sender)
            good, value = False, (500, "internal server error")
        self.post.send(sender, ANSWER, pickle.dumps((number, good, value)))

    def _answered(self, _sender: int, payload: bytes) -> None:
        number, good, value = pickle.loads(payload)
        waiting = self._waiting.get(number)
        if waiting is None or waiting[1].done():
            return
        if good:
            waiting[1].set_result(value)
        else:
            waiting[1].set_exception(RpcError(*value))

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside."""
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- ICMP errors

    def hand_undelivered(self, data: bytes, to: Endpoint) -> bool:
        """Tell the owner of the call that a datagram did not arrive; False where it is ours, or cannot be told."""
        call_id = find_call_id(data)
        key = self._worker.services.get("call_key")
        if key is not None:
            call_id = key(call_id)
        owner = call_shard(call_id, self.count) if call_id else self.index
        if owner == self.index:
            return False
        if len(self._tasks) < MAX_TASKS:
            self.spawn(self._tell_undelivered(owner, data, to))
        return True

    async def _tell_undelivered(self, owner: int, data: bytes, to: Endpoint) -> None:
        try:
            await self.ask(owner, ASK_UNDELIVERED, data, to.ip, to.port)
        except RpcError as error:
            self.log.debug("worker %d does not hear of an undelivered datagram: %s", owner, error)

    # --- what every worker offers

    def _offer_commands(self) -> None:
        worker = self._worker

        async def rpc(name: str, params: list[RpcValue], transport: str, autoconvert: bool) -> list[RpcValue]:
            return await run_here(worker, name, params, transport, autoconvert)

        async def mi(name: str, arguments: list[MiArgument]) -> Any:
            if name not in worker.registry.mis:
                raise RpcError(500, f"command {name} not found")
            return await mi_here(worker, name, arguments)

        self.offer(ASK_RPC, rpc)
        self.offer(ASK_MI, mi)
        self.offer(ASK_COUNTERS, lambda: local_counters(worker))

        def undelivered(data: bytes, ip: str, port: int) -> None:
            note_undelivered(worker, data, Endpoint(PROTO_UDP, ip, port))

        self.offer(ASK_UNDELIVERED, undelivered)
        self.offer(ASK_SETTINGS, lambda: run_time_settings(worker))

    async def take_settings(self) -> None:
        """A worker that comes later takes over what was changed at run time meanwhile."""
        for index in self.post.others:
            try:
                found = await self.ask(index, ASK_SETTINGS, seconds=1.0)
            except RpcError:
                continue
            for group, name, value in found:
                if (group, name) in self._worker.cfg.vars and self._worker.cfg.get(group, name) != value:
                    self._worker.cfg.set_now(group, name, value)
            return


def run_time_settings(worker: Any) -> list[tuple[str, str, Any]]:
    """(group, name, value) of all settings that can change while the server runs."""
    return [
        (group, name, worker.cfg.get(group, name)) for (group, name), var in worker.cfg.vars.items() if not var.readonly
    ]
