"""A worker with tm behind the real receiver; routes are Python functions that call script functions by name."""

import asyncio
from types import SimpleNamespace

from siprouter.core.routes import BRANCH, FAILURE, REQUEST, TM_ONREPLY, CompiledRoute, Script
from siprouter.core.settings import CoreParam, Settings
from siprouter.server.receive import MessageReceiver
from siprouter.sip.message import parse_message
from siprouter.transport.endpoint import PROTO_TCP, PROTO_UDP, Endpoint, Listener
from siprouter.util.errors import PeerError
from siprouter.util.wheel import Wheel
from tests.support.fakes import DEFAULT_SETTINGS, FakeWorker, call

ALICE = ("192.0.2.1", 5060)
BOB = ("198.51.100.10", 5060)
BOB_URI = "sip:bob@198.51.100.10"
CAROL = ("198.51.100.11", 5060)


class Sent:
    """A message that left."""

    def __init__(self, data, to):
        self.text = data.decode("utf-8", "surrogateescape")
        self.to = to
        self.msg = parse_message(data)

    @property
    def status(self):
        return self.msg.status

    @property
    def line(self):
        """ "INVITE > 198.51.100.10" or "180 > 192.0.2.1"."""
        what = self.msg.method if self.msg.is_request else str(self.msg.status)
        return f"{what} > {self.to.ip}"

    def header(self, name):
        found = self.msg.find(name)
        return self.msg.value(found[0]) if found else None


class NodeOutlet:
    def __init__(self):
        self.sent = []
        self.broken = set()
        self.callbacks = []

    def send(self, data, to, on_error=None):
        if to.ip in self.broken:
            return False
        self.sent.append(Sent(data, to))
        self.callbacks.append(on_error)
        return True


class Plan:
    def __init__(self, targets):
        self.targets = list(targets)

    def next(self):
        return self.targets.pop(0) if self.targets else None


class Resolver:
    """Names with their addresses; those in `slow` must be waited for."""

    def __init__(self):
        self.names = {}
        self.slow = set()

    def plan_now(self, host, port, proto, secure):
        return None if host in self.slow else self.make(host, port)

    async def plan(self, host, port, proto, secure):
        found = self.make(host, port)
        if found is None:
            raise PeerError(478, "Unresolvable Destination")
        return found

    def make(self, host, port):
        if host not in self.names:
            return None
        return Plan(SimpleNamespace(proto=PROTO_UDP, ip=ip, port=port or 5060) for ip in self.names[host])


class Node:
    """`route`, `failure["name"]`, `reply["name"]`, `branch["name"]`, `event["name"]` are the script."""

    def __init__(self, *modules, failover=0, **params):
        settings = Settings((*DEFAULT_SETTINGS, CoreParam("use_dns_failover", "bool", failover, "DNS failover")))
        self.worker = FakeWorker(
            Listener(PROTO_UDP, "203.0.113.1", 5060), Listener(PROTO_TCP, "203.0.113.1", 5060), settings=settings
        )
        worker = self.worker
        worker.wheel = Wheel(worker.time)
        self.outlet = worker.outlet = NodeOutlet()
        self.resolver = worker.resolver = Resolver()
        self.tm = worker.load("tm", **params)
        for name in modules:
            worker.load(name)
        assert worker.configure_modules() == []
        worker.script = Script()
        self.receiver = MessageReceiver(worker)
        self.runs = []

    def call(self, ctx, name, *args):
        return call(ctx, name, *args)

    def on_request(self, function, waits=False):
        self.worker.script.request_route = CompiledRoute("main", REQUEST, function, waits)

    def on_failure(self, name, function, waits=False):
        self.worker.script.failure_routes[name] = CompiledRoute(name, FAILURE, function, waits)

    def on_reply(self, name, function, waits=False):
        self.worker.script.onreply_routes[name] = CompiledRoute(name, TM_ONREPLY, function, waits)

    def on_branch(self, name, function, waits=False):
        self.worker.script.branch_routes[name] = CompiledRoute(name, BRANCH, function, waits)

    def on_event(self, name, function):
        self.worker.script.event_routes[name] = CompiledRoute(name, REQUEST, function, False)

    # --- messages

    def receive(self, text, source=ALICE, proto=PROTO_UDP, connection=0):
        listener = next(one for one in self.worker.listeners if one.proto == proto)
        data = text if isinstance(text, bytes) else text.replace("\n", "\r\n").encode()
        self.receiver.receive(data, Endpoint(proto, *source, connection, listener))

    def request(
        self, method="INVITE", uri="sip:bob@198.51.100.10", source=ALICE, proto=PROTO_UDP, connection=0, **given
    ):
        self.receive(request_text(method, uri, **given), source, proto, connection)

    def answer(self, sent, status, source=BOB, extra="", tag="b1", reason="Any"):
        """The callee answers a request that we sent."""
        msg = sent.msg
        lines = [f"SIP/2.0 {status} {reason}"]
        lines += [sent.text[header.name_start : header.line_end].rstrip("\r\n") for header in msg.find("Via")]
        to = msg.value(msg.find("To")[0])
        lines += [
            f"From: {msg.value(msg.find('From')[0])}",
            f"To: {to}" + ("" if "tag=" in to or status == 100 else f";tag={tag}"),
            f"Call-ID: {msg.call_id}",
            f"CSeq: {msg.cseq.number} {msg.method}",
        ]
        if extra:
            lines.append(extra)
        self.receive("\n".join([*lines, "Content-Length: 0", "", ""]), source)

    def take(self):
        sent, self.outlet.sent = self.outlet.sent, []
        return sent

    def lines(self):
        return [one.line for one in self.take()]

    def spin(self):
        """Run the coroutines that were spawned, one after the other."""
        rounds = 0
        while self.worker.spawned:
            asyncio.run(wrap(self.worker.spawned.pop(0)))
            rounds += 1
            assert rounds < 100

    def wait(self, seconds):
        worker = self.worker
        target = round(worker.time + seconds, 6)
        steps = 0
        while True:
            due = min(max(worker.wheel.next_due(), worker.time), target)
            worker.time = due
            worker.wheel.advance(due)
            if due >= target:
                return
            steps += 1
            assert steps < 200_000

    def finish(self):
        assert not self.worker.spawned
        self.wait(400)
        assert len(self.tm.table) == 0
        assert len(self.worker.wheel) == 0
        bad = [record.text for record in self.worker.records if record.level < -1 or "Traceback" in record.text]
        assert bad == []


async def wrap(coroutine):
    return await coroutine


def request_text(
    method, uri, *, branch="z9hG4bKa1", call_id="c1", cseq=1, cseq_method=None, to_tag="", extra="", from_tag="a1",
    transport="UDP", to="<sip:bob@example.com>", sent_by="192.0.2.1:5060", body="",
):  # fmt: skip
    lines = [
        f"{method} {uri} SIP/2.0",
        f"Via: SIP/2.0/{transport} {sent_by};branch={branch}",
        "Max-Forwards: 70",
        f"From: <sip:alice@example.org>;tag={from_tag}",
        f"To: {to}" + (f";tag={to_tag}" if to_tag else ""),
        f"Call-ID: {call_id}",
        f"CSeq: {cseq} {cseq_method or method}",
        "Contact: <sip:alice@192.0.2.1:5060>",
    ]
    if extra:
        lines.append(extra)
    return "\n".join([*lines, f"Content-Length: {len(body)}", "", ""]) + body
