"""A table with a fake clock, an outlet that records, and a transaction user that builds small messages."""

import random

from siprouter.sip.message import parse_message
from siprouter.transaction.base import PENDING, Config
from siprouter.transaction.table import ACK_NONE, Table
from siprouter.transport.endpoint import PROTO_TCP, PROTO_UDP, Endpoint
from siprouter.util.wheel import Wheel

CALLER = Endpoint(PROTO_UDP, "192.0.2.1", 5060)
CALLER_TCP = Endpoint(PROTO_TCP, "192.0.2.1", 5061, 7)


def callee(number=0, proto=PROTO_UDP):
    return Endpoint(proto, f"198.51.100.{10 + number}", 5060)


def request_bytes(method="INVITE", **given):
    values = {
        "uri": "sip:bob@example.com",
        "branch": "z9hG4bKcaller1",
        "sent_by": "192.0.2.1:5060",
        "transport": "UDP",
        "call_id": "call-1",
        "cseq": 1,
        "cseq_method": method,
        "from_tag": "ft",
        "to": "<sip:bob@example.com>",
        "extra": "",
    }
    values.update(given)
    branch = f";branch={values['branch']}" if values["branch"] else ""
    return (
        f"{method} {values['uri']} SIP/2.0\r\n"
        f"Via: SIP/2.0/{values['transport']} {values['sent_by']}{branch}\r\n"
        f"From: <sip:alice@example.com>;tag={values['from_tag']}\r\n"
        f"To: {values['to']}\r\n"
        f"Call-ID: {values['call_id']}\r\n"
        f"CSeq: {values['cseq']} {values['cseq_method']}\r\n"
        f"{values['extra']}"
        "Content-Length: 0\r\n\r\n"
    ).encode()


def make_request(method="INVITE", **given):
    return parse_message(request_bytes(method, **given))


def make_reply(branch, status, method="INVITE", tag="tt", extra=""):
    """A reply as the callee of `branch` would send it."""
    return parse_message(
        (
            f"SIP/2.0 {status} Any Reason\r\n"
            f"Via: SIP/2.0/UDP 203.0.113.1;branch={branch.via_branch}\r\n"
            "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKcaller1\r\n"
            "From: <sip:alice@example.com>;tag=ft\r\n"
            f"To: <sip:bob@example.com>;tag={tag}{branch.index}\r\n"
            "Call-ID: call-1\r\n"
            f"CSeq: 1 {method}\r\n"
            f"{extra}"
            "Content-Length: 0\r\n\r\n"
        ).encode()
    )


class RecordingOutlet:
    """Keeps what was sent as (text, endpoint); `broken` are addresses to which sending fails at once."""

    def __init__(self):
        self.sent = []
        self.broken = set()
        self.callbacks = []

    def send(self, data, to, on_error=None):
        if to.ip in self.broken:
            return False
        self.sent.append((data.decode(), to))
        self.callbacks.append(on_error)
        return True


class User:
    """Builds one-line messages. `on_failure(transaction, branch)` and `on_reply(transaction, branch, reply)` are the
    routes; `targets` what failover tries next."""

    def __init__(self, world):
        self.world = world
        self.log = []
        self.on_reply = None
        self.on_failure = None
        self.targets = []
        self.reasons = []
        self.gone = []

    def reply_received(self, transaction, branch, reply, now):
        if self.on_reply is not None:
            return self.on_reply(transaction, branch, reply)
        return reply.status

    def branches_failed(self, transaction, branch, now):
        self.log.append(("failure", branch.index, branch.status))
        transaction.on_failure, route = None, transaction.on_failure
        return route(transaction, branch) or 0 if callable(route) else 0

    def failover(self, transaction, branch, why, now):
        self.reasons.append(why)
        if not self.targets:
            return False
        self.log.append(("failover", branch.index))
        return self.world.fork(transaction, self.targets.pop(0)) is not None

    def all_failed(self, transaction, now):
        transaction.reply(500, b"SIP/2.0 500 all failed", now)

    def build_ack(self, branch, reply):
        return f"ACK {branch.index} for {reply.status}".encode()

    def build_cancel(self, branch, reason):
        return f"CANCEL {branch.index} {reason.decode().strip()}".strip().encode()

    def build_local(self, transaction, status, reason, headers):
        lines = b"".join(headers).decode().replace("\r\n", "|")
        return f"SIP/2.0 {status} local {reason or ''}{lines}".strip().encode()

    def build_relayed(self, transaction, branch, reply):
        return f"SIP/2.0 {reply.status} from {branch.index}".encode()

    def reply_tag(self, reply):
        return reply.to.tag

    def challenges(self, reply):
        return [
            reply.line(header) for name in ("WWW-Authenticate", "Proxy-Authenticate") for header in reply.find(name)
        ]

    def local_result(self, transaction, branch, reply, status, now):
        self.log.append(("result", status, reply is None))

    def event(self, kind, transaction, request, reply, status):
        self.log.append(("event", kind, status))

    def destroyed(self, transaction):
        self.gone.append(transaction)


class World:
    """All of it. Times are seconds; `wait` advances the clock in steps of 10 ms, so that every timer fires in order."""

    def __init__(self, limit=1000):
        self.now = 1000.0
        self.wheel = Wheel(self.now)
        self.outlet = RecordingOutlet()
        self.config = Config()
        self.user = User(self)
        chance = random.Random(11)
        self.table = Table(
            self.wheel, self.outlet, self.config, self.user, lambda: self.now,
            chance.randbytes, limit,
        )  # fmt: skip

    def wait(self, seconds):
        target = round(self.now + seconds, 6)
        steps = 0
        while True:
            due = min(max(self.wheel.next_due(), self.now), target)
            self.now = due
            self.wheel.advance(due)
            if due >= target:
                break
            steps += 1
            assert steps < 200_000

    def take(self):
        """What was sent since the last call: "text > ip"."""
        sent = [f"{text} > {to.ip}" for text, to in self.outlet.sent]
        self.outlet.sent.clear()
        return sent

    def texts(self):
        """Like `take`, without addresses."""
        sent = [text for text, _ in self.outlet.sent]
        self.outlet.sent.clear()
        return sent

    def serve(self, method="INVITE", target=CALLER, **given):
        """A new transaction for a request from the caller."""
        return self.table.create(make_request(method, **given), target, target, self.now)

    def fork(self, transaction, target, data=None):
        """A branch sent to `target`; None when that failed at once."""
        branch = transaction.add_branch(self.now)
        data = data or f"{transaction.method} {branch.index}".encode()
        return branch if transaction.start(branch, data, target, self.now) else None

    def call(self, *targets, method="INVITE", upstream=CALLER, **given):
        """A transaction with a branch to each target; what was sent is dropped."""
        transaction = self.serve(method, upstream, **given)
        branches = [self.fork(transaction, target) for target in targets or (callee(),)]
        self.outlet.sent.clear()
        return (transaction, *branches)

    def reply(self, branch, status, method=None, tag="tt", extra=""):
        """The callee answers; matched by our Via as in real life."""
        method = method or branch.owner.method
        message = make_reply(branch, status, method, tag, extra)
        found = self.table.find_reply(message)
        assert found is branch
        if method == "CANCEL" and branch.owner.method != "CANCEL":
            branch.owner.cancel_answered(branch.cancel, status)
        else:
            branch.owner.receive_reply(branch, message, status, self.now)

    def repeat(self, method="INVITE", **given):
        """The caller sends the request once more."""
        message = make_request(method, **given)
        found = self.table.find_request(message)
        assert found is not None
        found.receive_again(message)

    def ack(self, **given):
        """The caller sends an ACK; returns how it was matched."""
        kind, transaction = self.table.find_ack(make_request("ACK", **given))
        if kind != ACK_NONE:
            transaction.receive_ack(self.now)
        return kind

    def finish(self):
        """Let everything end, and see that nothing is left behind."""
        self.wait(400)
        assert len(self.table) == 0
        assert len(self.wheel) == 0
        assert not self.table.by_key
        assert not self.table.by_dialog
        assert self.table.stats.current == 0
        assert self.table.stats.waiting == 0


__all__ = ["PENDING", "World", "callee", "make_reply", "make_request"]
