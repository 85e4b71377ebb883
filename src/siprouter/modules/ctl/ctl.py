"""The control sockets of one worker: what was configured, what is open, and who is connected."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from siprouter.rpc.addresses import FIFO, UDP, ControlAddress, parse_address
from siprouter.rpc.channels import DatagramListener, StreamListener, make_listener
from siprouter.rpc.fifo import FifoError, FifoRequest, build_rpc_reply
from siprouter.rpc.fifo_io import FifoListener, write_reply
from siprouter.rpc.owner import Ownership, group_id, has_control, user_id
from siprouter.rpc.sessions import (
    MAX_DATAGRAM_REPLY,
    MAX_REPLY,
    BinrpcSession,
    FifoRpcSession,
    Session,
    answer_fifo_rpc,
)
from siprouter.rpc.values import RpcError, RpcValue
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.core.worker import Worker
    from siprouter.rpc.call import RpcCall

DEFAULT_SOCKET = "unixs:/tmp/ser_ctl"
REPLY_DIRECTORY = "/tmp"
BINRPC = "binrpc"
TEXT = "fifo"


class Ctl:
    """The instance of the ctl module."""

    mode: int
    autoconversion: int

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._uid = -1
        self._gid = -1
        self._addresses: list[tuple[str, ControlAddress]] = []
        self._listeners: list[StreamListener | DatagramListener] = []
        self._fifos: list[FifoListener] = []

    # Parameters

    def add_binrpc(self, text: str) -> None:
        """modparam binrpc."""
        self._add(BINRPC, text, UDP)

    def add_fifo(self, text: str) -> None:
        """modparam fifo."""
        self._add(TEXT, text, FIFO)

    def _add(self, payload: str, text: str, default: str) -> None:
        try:
            address = parse_address(text, default)
        except ValueError as error:
            raise OperatorError(f"bad control address '{text}': {error}") from None
        if payload == BINRPC and address.transport == FIFO:
            raise OperatorError(f"binrpc cannot use a FIFO ('{text}')", suggestion="use unix:, unixd:, udp: or tcp:")
        self._addresses.append((payload, address))

    def set_user(self, user: int | str) -> None:
        """modparam user."""
        try:
            self._uid = user_id(user)[0]
        except ValueError as error:
            raise OperatorError(str(error)) from None

    def set_group(self, group: int | str) -> None:
        """modparam group."""
        try:
            self._gid = group_id(group)
        except ValueError as error:
            raise OperatorError(str(error)) from None

    # Life

    def configure(self) -> None:
        """With no address configured, the default one."""
        if not self._addresses:
            self._add(BINRPC, DEFAULT_SOCKET, UDP)

    async def start(self) -> None:
        """Open everything. Raises OperatorError for the first address that cannot be had."""
        if not has_control(self._worker):
            return
        ownership = Ownership(self.mode, self._uid, self._gid)
        for payload, address in self._addresses:
            try:
                if address.transport == FIFO:
                    await self._open_fifo(address, ownership)
                else:
                    listener = make_listener(
                        address, ownership, self._session(payload, address), self._worker.log, payload
                    )
                    await listener.open()
                    self._listeners.append(listener)
            except OSError as error:
                await self.stop()
                raise OperatorError(f"ctl cannot listen on {address}: {error}") from error

    async def _open_fifo(self, address: ControlAddress, ownership: Ownership) -> None:
        fifo = FifoListener(address.name, ownership, self._handle_fifo, self._worker.log)
        await fifo.open()
        self._fifos.append(fifo)

    def _session(self, payload: str, address: ControlAddress) -> Callable[[], Session]:
        """What makes the session of a new connection or datagram."""
        limit = MAX_DATAGRAM_REPLY if address.is_datagram else MAX_REPLY
        if payload == BINRPC:
            return lambda: BinrpcSession(self._worker, bool(self.autoconversion), limit)
        return lambda: FifoRpcSession(self._worker, limit)

    async def stop(self) -> None:
        """Close everything and remove sockets and FIFOs from the file system."""
        listeners, self._listeners = self._listeners, []
        fifos, self._fifos = self._fifos, []
        for listener in (*listeners, *fifos):
            await listener.close()

    async def _handle_fifo(self, request: FifoRequest | FifoError) -> None:
        if isinstance(request, FifoError):
            self._worker.log.error("bad FIFO request: %s", request.reason, source="ctl")
            reply = build_rpc_reply(request.status, request.reason, [])
        else:
            reply = await answer_fifo_rpc(self._worker, request)
        if not request.reply_file:
            return
        try:
            await write_reply(f"{REPLY_DIRECTORY}/{request.reply_file}", reply, self._worker.sleep)
        except OSError as error:
            self._worker.log.error("no FIFO reply to %s: %s", request.reply_file, error, source="ctl")

    # RPC commands

    def rpc_listen(self, call: RpcCall) -> RpcValue:
        """ctl.listen: protocol, transport, name and port of each socket."""
        found: list[RpcValue] = []
        for payload, address in self._addresses:
            found += [payload, address.transport, address.name, str(address.port) if address.port else ""]
        return found

    def rpc_who(self, call: RpcCall) -> RpcValue:
        """ctl.who: protocol, transport, remote address and port, local address and port of each connection."""
        found: list[RpcValue] = []
        for listener in self._listeners:
            if not isinstance(listener, StreamListener):
                continue
            for connection in listener.connections:
                found += [listener.payload, listener.address.transport]
                if listener.address.is_path:
                    found += ["<anonymous unix socket>", "", listener.address.name, ""]
                else:
                    found += [*map(str, connection.remote), *map(str, connection.local)]
        if not found:
            raise RpcError(400, "no open stream connection")
        return found

    def rpc_connections(self, call: RpcCall) -> int:
        """ctl.connections: how many there are."""
        return sum(len(item.connections) for item in self._listeners if isinstance(item, StreamListener))
