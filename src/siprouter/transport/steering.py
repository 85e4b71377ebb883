"""Each message to the worker that owns its call: the owner is a hash of the Call-ID, whichever worker received it."""

from collections.abc import Callable

from siprouter.sip.call_id import find_call_id
from siprouter.sip.errors import MessageError
from siprouter.transport.endpoint import PROTO_UDP, Endpoint
from siprouter.transport.frames import MAX_FRAME, MESSAGE, build_record, build_records
from siprouter.transport.http import HttpRequest
from siprouter.transport.mailbox import Outbox, Post
from siprouter.transport.packed import EndpointCodec
from siprouter.transport.stream_parts import Receiver
from siprouter.util.hashing import call_shard
from siprouter.util.log import Log

ROOM = MAX_FRAME - 16


class Steering:
    """A Receiver in front of the one of this worker: keeps what is its own, and hands the rest over in one hop.

    A message without Call-ID stays where it is: it is refused anyway. `handed_over`, `taken` and `dropped` (the owner
    takes no more) count messages. `key` gives what the hash is made of, where Call-IDs are masked.
    """

    def __init__(
        self,
        post: Post,
        receiver: Receiver,
        codec: EndpointCodec,
        log: Log,
        key: Callable[[bytes], bytes] | None = None,
    ) -> None:
        self.index = post.index
        self.count = post.count
        self.handed_over = 0
        self.taken = 0
        self.dropped = 0
        self._boxes = post.boxes
        self._held: list[Outbox] = []
        self._key = key
        self._receiver = receiver
        self._codec = codec
        self._log = log
        post.handlers[MESSAGE] = self.take

    def receive(self, data: bytes, source: Endpoint) -> None:
        """See transport.stream.Receiver."""
        call_id = find_call_id(data)
        if self._key is not None:
            call_id = self._key(call_id)
        owner = call_shard(call_id, self.count) if call_id else self.index
        if owner == self.index:
            self._receiver.receive(data, source)
        else:
            self._hand_over(owner, data, source)

    def _hand_over(self, owner: int, data: bytes, source: Endpoint) -> None:
        payload = self._codec.pack_source(source) + data
        if len(payload) <= ROOM:
            records = [build_record(MESSAGE, self.index, payload)]
        else:
            records = build_records(MESSAGE, self.index, payload)
        box = self._boxes[owner]
        hold = source.proto == PROTO_UDP
        if box.put(records, False, hold):
            self.handed_over += 1
            if hold and box not in self._held:
                self._held.append(box)
            return
        self.dropped += 1
        if self.dropped % 1000 == 1:
            self._log.error("worker %d takes no more messages: %d dropped so far", owner, self.dropped)

    def flush(self) -> None:
        """The end of a batch of datagrams: what it held for others leaves."""
        for box in self._held:
            box.flush()
        self._held.clear()

    def take(self, _sender: int, payload: bytes) -> None:
        """A message that another worker received for us."""
        self.taken += 1
        start = payload[0] + 1
        self._receiver.receive(payload[start:], self._codec.unpack(payload[1:start]))

    def receive_http(self, request: HttpRequest, source: Endpoint) -> None:
        """See transport.stream.Receiver: any worker can answer."""
        self._receiver.receive_http(request, source)

    def reject(self, rest: bytes, source: Endpoint, error: MessageError) -> None:
        """See transport.stream.Receiver: what cannot be received whole is refused here."""
        self._receiver.reject(rest, source, error)
