"""Sessions: what a control connection says, turned into calls and replies. They read no socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from siprouter.core.worker import Worker
from siprouter.rpc.binrpc import REPLY, BinrpcError, Packet, PacketReader, build_fault, build_packet, parse_request
from siprouter.rpc.call import call_rpc
from siprouter.rpc.fifo import FifoError, FifoReader, FifoRequest, build_rpc_reply, unescape
from siprouter.rpc.values import RpcError
from siprouter.util.errors import InternalError

MAX_DATAGRAM_REPLY = 65507
MAX_REPLY = 16 * 1024 * 1024


class Session(Protocol):
    """One connection, or one datagram. `payload` names its protocol; once `closed`, nothing more is to be read."""

    payload: str
    closed: bool

    @property
    def unfinished(self) -> bool:
        """Whether part of a request has come."""

    def receive(self, data: bytes) -> AsyncIterator[bytes]:
        """Take received bytes; run the requests that are complete and give their replies in order."""


class BinrpcSession:
    """Speaks binrpc. After a header that cannot be understood there is a fault, and the session is closed."""

    payload = "binrpc"

    def __init__(self, worker: Worker, autoconvert: bool = False, max_reply: int = MAX_REPLY) -> None:
        self.closed = False
        self._worker = worker
        self._autoconvert = autoconvert
        self._max_reply = max_reply
        self._reader = PacketReader()

    @property
    def unfinished(self) -> bool:
        """Whether part of a packet has come."""
        return self._reader.pending > 0

    async def receive(self, data: bytes) -> AsyncIterator[bytes]:
        """See Session."""
        self._reader.feed(data)
        while not self.closed:
            try:
                packet = self._reader.next()
            except BinrpcError as error:
                self.closed = True
                yield build_fault(0, error.status, f"bad request: {error.reason}")
                return
            if packet is None:
                return
            yield await self._answer(packet)

    async def _answer(self, packet: Packet) -> bytes:
        try:
            method, params = parse_request(packet)
            reply = await call_rpc(self._worker, method, params, transport=self.payload, autoconvert=self._autoconvert)
            built = build_packet(REPLY, packet.cookie, reply.values)
        except BinrpcError as error:
            return build_fault(packet.cookie, error.status, error.reason)
        except RpcError as error:
            return build_fault(packet.cookie, error.code, error.message)
        except InternalError as error:
            self._worker.log.error("RPC reply cannot be sent: %s", error)
            return build_fault(packet.cookie, 500, "internal server error")
        if len(built) > self._max_reply:
            return build_fault(packet.cookie, 500, "reply too big")
        return built


class FifoRpcSession:
    """Speaks the text protocol of ctl's `fifo` over a socket: replies go back there, whatever reply file is named."""

    payload = "fifo"

    def __init__(self, worker: Worker, max_reply: int = MAX_REPLY) -> None:
        self.closed = False
        self._worker = worker
        self._max_reply = max_reply
        self._reader = FifoReader()

    @property
    def unfinished(self) -> bool:
        """Whether part of a request has come."""
        return self._reader.pending > 0

    async def receive(self, data: bytes) -> AsyncIterator[bytes]:
        """See Session."""
        self._reader.feed(data)
        while True:
            try:
                request = self._reader.next()
            except FifoError as error:
                yield build_rpc_reply(error.status, error.reason, [])
                continue
            if request is None:
                return
            reply = await answer_fifo_rpc(self._worker, request)
            yield reply if len(reply) <= self._max_reply else build_rpc_reply(500, "reply too big", [])


async def answer_fifo_rpc(worker: Worker, request: FifoRequest) -> bytes:
    """Run the RPC command of a text request; its argument lines are converted to what the command expects."""
    try:
        params = [unescape(line.rstrip()) for line in request.lines]
        reply = await call_rpc(worker, request.command, params, transport="fifo", autoconvert=True)
    except FifoError as error:
        return build_rpc_reply(error.status, error.reason, [])
    except RpcError as error:
        return build_rpc_reply(error.code, error.message, [])
    return build_rpc_reply(200, "OK", reply.values)
