"""The transactions of one worker: creation, matching of requests, replies, ACKs, CANCELs (RFC 3261 17.1.3, 17.2.3)."""

from collections.abc import Callable

from siprouter.sip.message import Message
from siprouter.sip.names import H_FROM, H_ROUTE, H_TO, M_CANCEL
from siprouter.sip.via import Via
from siprouter.transaction.base import Config, Shared, TransactionUser
from siprouter.transaction.branch import Branch
from siprouter.transaction.events import E2EACK_IN, E2EACK_RETR_IN
from siprouter.transaction.server import F_LOCAL, LOCAL_REPLY
from siprouter.transaction.transaction import Transaction
from siprouter.transport.endpoint import Endpoint, Outlet
from siprouter.util.errors import PeerError
from siprouter.util.wheel import Wheel

COOKIE = "z9hG4bK"
# Our branch ids: cookie, 8 hex digits label, 12 hex digits nonce, ".", 16 hex digits loop mark, ".", branch number
LABEL_START = 7
LABEL_END = 15
TID_LENGTH = 44
NONCE_OCTETS = 6
ENTROPY_OCTETS = 6 * 512

MAX_SAME_KEY = 16
MAX_SAME_CALL = 64

# What `find_ack` returns beside the transaction
ACK_NONE = 0  # belongs to no transaction
ACK_NEGATIVE = 1  # hop by hop: for a final reply other than 2xx
ACK_LOCAL = 2  # for a 2xx of our own
ACK_RELAYED = 3  # for a 2xx that we relayed; only found where somebody watches for it


class Table(Shared):
    """At most `limit` transactions. `random_bytes(n)` gives unguessable octets."""

    __slots__ = (
        "by_dialog",
        "by_key",
        "by_label",
        "first_label",
        "limit",
        "next_label",
        "nonces",
        "random_bytes",
    )

    def __init__(
        self,
        wheel: Wheel,
        outlet: Outlet,
        config: Config,
        user: TransactionUser,
        clock: Callable[[], float],
        random_bytes: Callable[[int], bytes],
        limit: int = 500_000,
    ) -> None:
        super().__init__(wheel, outlet, config, user, clock)
        self.random_bytes = random_bytes
        self.limit = limit
        self.by_key: dict[str, Transaction] = {}
        self.by_dialog: dict[str, Transaction] = {}
        self.by_label: dict[int, Transaction] = {}
        self.nonces: list[str] = []
        self.first_label = int.from_bytes(random_bytes(3), "big")
        self.next_label = self.first_label

    def __len__(self) -> int:
        """How many transactions there are."""
        return len(self.by_label)

    # --- creation

    def create(self, request: Message, source: Endpoint, target: Endpoint, now: float, key: str = "") -> Transaction:
        """A transaction for a received request; replies go to `target`, `key` is its `request_key` where known.

        Raises PeerError when there are too many.
        """
        transaction = Transaction(self, request, request.method, target, now)
        if not key:
            key = request_key(request)
        first = self.by_key.get(key)
        if first is not None:
            count = 1
            other = first
            while other.sibling is not None:
                other = other.sibling
                count += 1
            if count >= MAX_SAME_KEY:
                raise PeerError(503, "Too many transactions with one identifier")
        self.register(transaction, loop_mark(request, source))
        transaction.key = key
        transaction.sibling = first
        self.by_key[key] = transaction
        if transaction.is_invite:
            self.link_dialog(transaction)
        return transaction

    def link_dialog(self, transaction: Transaction) -> None:
        """Into the chain of INVITEs with one Call-ID and CSeq number; one past the bound is not found that way."""
        request = transaction.request
        dialog_key = f"{request.cseq.number}\n{request.call_id_text()}"
        first = self.by_dialog.get(dialog_key)
        if first is not None:
            if first.same_call >= MAX_SAME_CALL:
                return
            transaction.same_call = first.same_call + 1
        transaction.dialog_key = dialog_key
        transaction.next_invite = first
        self.by_dialog[dialog_key] = transaction

    def create_local(self, request: Message | None, method: str, now: float) -> Transaction:
        """A transaction for a request of our own; `request` may be None. Raises PeerError when there are too many."""
        transaction = Transaction(self, request, method, None, now)
        transaction.flags |= F_LOCAL
        self.register(transaction, "0" * 16)
        self.stats.local += 1
        return transaction

    def register(self, transaction: Transaction, mark: str) -> None:
        """Give the transaction its label and identifier."""
        if len(self.by_label) >= self.limit:
            raise PeerError(503, "Too many transactions")
        label = self.next_label
        while label in self.by_label:
            label = (label + 1) & 0xFFFFFFFF
        self.next_label = (label + 1) & 0xFFFFFFFF
        if not self.nonces:
            self.nonces = make_nonces(self.random_bytes(ENTROPY_OCTETS))
        low = label
        transaction.label = label
        transaction.tid = f"{COOKIE}{low:08x}{self.nonces.pop()}.{mark}"
        self.by_label[label] = transaction
        self.stats.created += 1
        self.stats.current += 1

    def forget(self, transaction: Transaction) -> None:
        """Take a transaction out of all indexes."""
        if self.by_label.pop(transaction.label, None) is None:
            return
        self.stats.current -= 1
        if transaction.key:
            self.unlink_key(transaction)
        if transaction.dialog_key:
            self.unlink_dialog(transaction)

    def unlink_key(self, transaction: Transaction) -> None:
        """Out of the chain of transactions with one identifier."""
        first = self.by_key[transaction.key]
        if first is transaction:
            if transaction.sibling is None:
                del self.by_key[transaction.key]
            else:
                self.by_key[transaction.key] = transaction.sibling
        else:
            while first.sibling is not transaction:
                first = first.sibling
            first.sibling = transaction.sibling
        transaction.sibling = None

    def unlink_dialog(self, transaction: Transaction) -> None:
        """Out of the chain of INVITEs with one Call-ID and CSeq number."""
        first = self.by_dialog[transaction.dialog_key]
        if first is transaction:
            if transaction.next_invite is None:
                del self.by_dialog[transaction.dialog_key]
            else:
                self.by_dialog[transaction.dialog_key] = transaction.next_invite
        else:
            while first.next_invite is not transaction:
                first = first.next_invite
            first.next_invite = transaction.next_invite
        transaction.next_invite = None

    # --- matching

    def find_reply(self, reply: Message) -> Branch | None:
        """The branch that a reply belongs to, by our own Via; the method must be the request's, or CANCEL's."""
        branch = self.find_branch(reply.via.branch)
        transaction = None if branch is None else branch.owner
        if branch is None or transaction is None:
            return branch
        if reply.method != transaction.method and (reply.method_id != M_CANCEL or branch.cancel is None):
            return None
        return branch

    def find_branch(self, branch_id: str) -> Branch | None:
        """The branch with this identifier, that of our Via."""
        if len(branch_id) <= TID_LENGTH + 1 or branch_id[TID_LENGTH] != ".":
            return None
        label = hex_number(branch_id, LABEL_START, LABEL_END)
        index = hex_number(branch_id, TID_LENGTH + 1, len(branch_id))
        if label < 0:
            return None
        transaction = self.by_label.get(label)
        if transaction is None or not branch_id.startswith(transaction.tid):
            return None
        if not 0 <= index < len(transaction.branches):
            return None
        branch: Branch = transaction.branches[index]
        return branch

    def find_request(self, request: Message, key: str = "") -> Transaction | None:
        """The transaction that a request repeats (17.2.3). Not for ACK."""
        transaction = self.by_key.get(key or request_key(request))
        while transaction is not None:
            if transaction.method == request.method and self.is_same_hop(transaction, request, False):
                return transaction
            transaction = transaction.sibling
        return None

    def find_canceled(self, cancel: Message) -> Transaction | None:
        """The transaction that a CANCEL is meant for (9.2)."""
        transaction = self.by_key.get(request_key(cancel))
        while transaction is not None:
            if transaction.method != "CANCEL" and self.is_same_hop(transaction, cancel, True):
                return transaction
            transaction = transaction.sibling
        return None

    def is_canceled_already(self, request: Message) -> bool:
        """Whether a CANCEL for this new request came before it."""
        transaction = self.by_key.get(request_key(request))
        while transaction is not None:
            if transaction.method == "CANCEL" and self.is_same_hop(transaction, request, True):
                return True
            transaction = transaction.sibling
        return False

    def find_ack(self, ack: Message) -> tuple[int, Transaction | None]:
        """The transaction that an ACK belongs to, and how: ACK_NEGATIVE, ACK_LOCAL, ACK_RELAYED or ACK_NONE."""
        transaction = self.by_key.get(request_key(ack))
        while transaction is not None:
            if transaction.is_invite and transaction.status >= 300 and self.is_same_hop(transaction, ack, True):
                return ACK_NEGATIVE, transaction
            transaction = transaction.sibling
        transaction = self.by_dialog.get(f"{ack.cseq.number}\n{ack.call_id_text()}")
        if transaction is None:
            return ACK_NONE, None
        tag = ack.to_address().tag
        from_tag = ack.from_address().tag
        while transaction is not None:
            request: Message = transaction.request
            if transaction.status < 300 and request.from_address().tag == from_tag:
                if transaction.relayed_branch == LOCAL_REPLY:
                    if transaction.to_tag == tag:
                        return ACK_LOCAL, transaction
                elif transaction.watched & (E2EACK_IN | E2EACK_RETR_IN):
                    if transaction.totags is not None and tag in transaction.totags:
                        return ACK_RELAYED, transaction
            transaction = transaction.next_invite
        return ACK_NONE, None

    def is_same_hop(self, transaction: Transaction, request: Message, relaxed: bool) -> bool:
        """Compare what the key leaves out for requests without the RFC 3261 cookie; `relaxed`: To tags may differ."""
        via = request.via
        if via.branch.startswith(COOKIE):
            return True
        first: Message = transaction.request
        if relaxed:
            if first.to.uri != request.to.uri or first.from_.tag != request.from_address().tag:
                return False
        elif not same_value(first, request, H_FROM) or not same_value(first, request, H_TO):
            return False
        if self.config.ruri_matching and first.uri != request.uri:
            return False
        return not self.config.via1_matching or hop_text(first.via) == hop_text(request.via)

    def find_label(self, hash_index: int, label: int) -> Transaction | None:
        """The transaction with the identifier `hash_index:label`."""
        transaction = self.by_label.get(label)
        return transaction if transaction is not None and hash_index == label & 0xFFFF else None

    def find_call(self, call_id: str, cseq: str) -> Transaction | None:
        """The newest INVITE transaction with this Call-ID and CSeq number."""
        return self.by_dialog.get(f"{cseq}\n{call_id}")

    def close(self) -> None:
        """Drop all transactions and their timers, without a word to anybody."""
        for transaction in list(self.by_label.values()):
            transaction.destroy()


def make_nonces(entropy: bytes) -> list[str]:
    """The nonces of as many transactions as the octets suffice for, in hex."""
    return [entropy[i : i + NONCE_OCTETS].hex() for i in range(0, len(entropy), NONCE_OCTETS)]


def hex_number(text: str, start: int, end: int) -> int:
    """The number that up to eight hex digits make; -1 where there are more, none, or other characters."""
    value = 0
    if not start < end <= start + 8:
        return -1
    for i in range(start, end):
        c = ord(text[i])
        if 48 <= c <= 57:
            value = value * 16 + c - 48
        elif 97 <= c <= 102:
            value = value * 16 + c - 87
        elif 65 <= c <= 70:
            value = value * 16 + c - 55
        else:
            return -1
    return value


def request_key(request: Message) -> str:
    """What identifies a request hop by hop, its method aside; ACK and CANCEL have their INVITE's.

    With the RFC 3261 cookie: branch, sent-by, CSeq number and Call-ID (the last two for clients that use a branch
    twice); without it only the last two, and `is_same_hop` compares the rest.
    """
    via = request.via
    if via.branch.startswith(COOKIE):
        return f"{via.branch}\n{via.host}:{via.port}\n{request.cseq.number}\n{request.call_id_text()}"
    return f"\n{request.cseq.number}\n{request.call_id_text()}"


def same_value(one: Message, other: Message, header_id: int) -> bool:
    """Whether the first header of this id has the same value in both."""
    first = one.get(header_id)
    second = other.get(header_id)
    return first is not None and second is not None and one.value(first) == other.value(second)


def hop_text(via: Via) -> str:
    """A Via as its sender wrote it, without what we add to it."""
    return f"{via.transport} {via.host}:{via.port} {via.branch}"


def loop_mark(request: Message, source: Endpoint) -> str:
    """16 hex digits that are the same for a request that comes back with everything equal that routing looks at.

    That is the request URI, the Routes, the dialog's identifiers and where the request came from (RFC 3261 16.6
    step 8, RFC 5393). Python's string hash is keyed anew in each process, so that nobody else can make one.
    """
    route = ""
    if request.get(H_ROUTE) is not None:
        route = "\n".join([request.value(header) for header in request.all(H_ROUTE)])
    origin = (source.proto, source.ip, source.port)
    tags = (request.from_address().tag, request.to_address().tag)
    parts = (request.uri_text(), request.call_id_text(), tags, request.cseq.number, route, origin)
    digest = hash(parts)
    high = digest >> 32 & 0xFFFFFFFF
    low = digest & 0xFFFFFFFF
    return f"{high:08x}{low:08x}"


def is_loop(transaction: Transaction) -> bool:
    """Whether the request has been here before with nothing changed: our mark for it stands in one of its Vias."""
    request: Message | None = transaction.request
    if request is None:
        return False
    mark = transaction.tid[TID_LENGTH - 17 :].encode() + b"."
    return request.buf.find(mark, 0, request.body_start) >= 0
