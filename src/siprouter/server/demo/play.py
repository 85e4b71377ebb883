"""The demonstration itself: a router on free ports, two phones that register and call each other, and what they saw."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from siprouter.script.load import parse_file
from siprouter.server.clockwork import Clockwork
from siprouter.server.demo.phone import DemoError, DemoPhone, tag
from siprouter.server.options import RunOptions
from siprouter.server.receive import MessageReceiver
from siprouter.server.startup import Assembly
from siprouter.sip.message import Message
from siprouter.sip.summary import summarize
from siprouter.util.ladder import Arrow
from siprouter.util.log import L_WARN, Log, Record, format_text

HOST = "127.0.0.1"
ROUTER = "siprouter"
DEFAULT_CONFIG = Path(__file__).with_name("siprouter.cfg")
STOP_TIMEOUT = 5.0
PORT_ATTEMPTS = 20


@dataclass
class Outcome:
    """What happened. `failure` is empty where every step succeeded; `steps` tell of those that did."""

    router: str = ""
    ports: dict[str, int] = field(default_factory=dict)
    arrows: list[Arrow] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    failure: str = ""
    log: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Pace:
    """How long the phone rings and the call lasts, in seconds."""

    ring: float = 0.4
    talk: float = 0.6


async def play(config: Path = DEFAULT_CONFIG, pace: Pace | None = None) -> Outcome:
    """Play it all. Raises OperatorError where the configuration cannot run; what fails later is in the outcome."""
    outcome = Outcome()
    loop = asyncio.get_running_loop()

    def keep(record: Record) -> None:
        outcome.log.append(format_text(record))

    def note(phone: DemoPhone, sends: bool, data: bytes) -> None:
        ends = (phone.name, ROUTER) if sends else (ROUTER, phone.name)
        outcome.arrows.append(Arrow(loop.time(), *ends, summarize(data)))

    async with router(config, Log(keep, L_WARN)) as port:
        outcome.router = f"udp:{HOST}:{port}"
        alice = await DemoPhone.open("alice", (HOST, port), note)
        bob = await DemoPhone.open("bob", (HOST, port), note)
        outcome.ports = {phone.name: phone.local[1] for phone in (alice, bob)}
        try:
            await call(alice, bob, pace or Pace(), outcome.steps)
        except DemoError as error:
            outcome.failure = str(error)
        finally:
            alice.close()
            bob.close()
    return outcome


async def call(alice: DemoPhone, bob: DemoPhone, pace: Pace, steps: list[str]) -> None:
    """Both register, alice calls bob, bob answers, alice hangs up. Raises DemoError."""
    for phone in (alice, bob):
        phone.register()
        await phone.wait_for("REGISTER", 200)
        steps.append(f"{phone.name} registered")
    dialog = alice.invite("bob")
    to_tag = tag()
    invite = await ring(alice, bob, to_tag)
    steps.append("alice called bob")
    await asyncio.sleep(pace.ring)
    bob.reply(invite, 200, to_tag, with_media=True)
    dialog.answered(await alice.wait_for("INVITE", 200))
    dialog.acknowledge()
    await bob.wait_for("ACK")
    steps.append("bob answered")
    await asyncio.sleep(pace.talk)
    dialog.hang_up()
    bob.reply(await bob.wait_for("BYE"), 200)
    await alice.wait_for("BYE", 200)
    steps.append("alice hung up")


async def ring(caller: DemoPhone, callee: DemoPhone, to_tag: str) -> Message:
    """The INVITE at the callee, once the caller hears it ring. Raises DemoError, at once where the call is refused."""
    heard = asyncio.create_task(caller.wait_for("INVITE", 180))
    invited = asyncio.create_task(callee.wait_for("INVITE"))
    try:
        await asyncio.wait((heard, invited), return_when=asyncio.FIRST_COMPLETED)
        if not invited.done():
            await heard
        invite = await invited
        callee.reply(invite, 180, to_tag)
        await heard
    finally:
        heard.cancel()
        invited.cancel()
        await asyncio.gather(heard, invited, return_exceptions=True)
    return invite


def free_port() -> int:
    """A port that neither a UDP nor a TCP socket of the loopback interface uses now."""
    for _ in range(PORT_ATTEMPTS):
        with (
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        ):
            tcp.bind((HOST, 0))
            port: int = tcp.getsockname()[1]
            try:
                udp.bind((HOST, port))
            except OSError:
                continue
            return port
    raise DemoError("no free port on the loopback interface")


@asynccontextmanager
async def router(config: Path, log: Log) -> AsyncIterator[int]:
    """A router that runs `config` on a free port, whatever addresses the file names. Control sockets stay closed."""
    port = free_port()
    loop = asyncio.get_running_loop()
    assembly = Assembly(loop, log)
    worker = assembly.worker
    worker.services["in_memory"] = True
    listen = [f"udp:{HOST}:{port}", f"tcp:{HOST}:{port}"]
    assembly.load(parse_file(config), RunOptions(config, settings={"listen": []}, listen=listen))
    clockwork = Clockwork(loop, worker, lambda now: worker.state.tick())
    receiver = worker.services["receiver"] = MessageReceiver(worker)
    try:
        await assembly.outlet.open(receiver)
        await worker.start_modules()
        clockwork.start()
        await assembly.outlet.start()
        yield port
    finally:
        assembly.outlet.stop_receiving()
        async with asyncio.timeout(STOP_TIMEOUT):
            await worker.stop_modules()
        clockwork.stop()
        await assembly.tasks.finish(0)
        await assembly.network.resolver.close()
        await assembly.outlet.close()
