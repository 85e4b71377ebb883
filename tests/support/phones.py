"""Real phones from Debian's packages, without sound hardware: baresip and linphone."""

from __future__ import annotations

import json
import math
import socket
import struct
import wave
from pathlib import Path
from typing import Any

from tests.support.ports import Ports
from tests.support.process import Process, need, polls
from tests.support.routers import Router

PEERS = Path(__file__).resolve().parents[1] / "scenarios" / "peers"
RATE = 8000
TONE = 600


def write_tone(path: Path, seconds: int = 60) -> None:
    """A sine of ``TONE`` Hz as 16-bit PCM; a phone hangs up where its file ends."""
    waves = [int(12000 * math.sin(2 * math.pi * TONE * at / RATE)) for at in range(RATE // 200)]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(struct.pack(f"<{len(waves)}h", *waves) * (200 * seconds))


def fill(template: Path, target: Path, **values: object) -> None:
    """Writes a copy of ``template`` with each ``@NAME@`` filled in."""
    text = template.read_text()
    for name, value in values.items():
        text = text.replace(f"@{name.upper()}@", str(value))
    target.write_text(text)


class Phone(Process):
    """A phone of ``user`` that uses the router's address as its domain."""

    program = ""

    def __init__(self, user: str, router: Router, folder: Path, ports: Ports, command: list[str]) -> None:
        need(self.program)
        self.user = user
        self.domain = f"127.0.0.1:{router.port}"
        self.home = folder / user
        self.home.mkdir()
        self.port, self.rtp = ports.take(), ports.take()
        super().__init__(command, self.home, user, {"HOME": str(self.home)}, stdin=True)

    @property
    def uri(self) -> str:
        return f"sip:{self.user}@{self.domain}"


class Baresip(Phone):
    """Controlled over its TCP port with netstrings of JSON; its events say how a call goes."""

    program = "baresip"

    def __init__(
        self, user: str, router: Router, folder: Path, ports: Ports, transport: str = "udp", answer: str = "auto"
    ) -> None:
        super().__init__(user, router, folder, ports, ["baresip", "-f", str(folder / user)])
        self.control = ports.take()
        values = {"dir": self.home, "port": self.port, "rtp": self.rtp, "rtpend": self.rtp + 2, "control": self.control}
        fill(PEERS / "baresip" / "config", self.home / "config", **values)
        account = {"user": user, "domain": self.domain, "transport": transport, "answer": answer}
        fill(PEERS / "baresip" / "accounts", self.home / "accounts", **account)
        write_tone(self.home / "tone.wav")
        self.events: list[dict[str, Any]] = []
        self.stream: socket.socket | None = None
        self.pending = b""

    def ready(self) -> None:
        for _ in polls(15):
            try:
                self.stream = socket.create_connection(("127.0.0.1", self.control), 1)
                return
            except ConnectionRefusedError:
                if not self.alive():
                    break
        raise AssertionError(f"baresip does not take commands:\n{self.tail()}")

    def stop(self) -> None:
        if self.stream is not None:
            self.stream.close()
            self.stream = None
        super().stop()

    def tell(self, name: str, params: str = "") -> None:
        assert self.stream is not None
        data = json.dumps({"command": name, "params": params, "token": "test"}).encode()
        self.stream.sendall(b"%d:%s," % (len(data), data))

    def read(self, seconds: float) -> None:
        """Takes in what the phone reports within ``seconds``."""
        assert self.stream is not None
        self.stream.settimeout(seconds)
        try:
            data = self.stream.recv(65536)
        except TimeoutError:
            return
        assert data, f"baresip ended:\n{self.tail()}"
        self.pending += data
        while b":" in self.pending:
            size, _, rest = self.pending.partition(b":")
            length = int(size)
            if len(rest) <= length:
                return
            self.events.append(json.loads(rest[:length]))
            self.pending = rest[length + 1 :]

    def wait_event(self, kind: str, seconds: float = 15.0) -> dict[str, Any]:
        """The first event of this type, which may have come already."""
        for _ in polls(seconds, 0):
            for event in self.events:
                if event.get("type") == kind:
                    return event
            self.read(0.2)
        seen = [event.get("type", "reply") for event in self.events]
        raise AssertionError(f"{self.user} saw no {kind} within {seconds} s, but {seen}:\n{self.tail()}")

    def wait_registered(self) -> None:
        self.wait_for("[1 binding]")

    def answer(self) -> None:
        self.tell("accept")

    def dial(self, uri: str) -> None:
        self.tell("dial", uri)

    def hang_up(self) -> None:
        self.tell("hangup")


class Linphone(Phone):
    """linphonec, driven by lines on its standard input."""

    program = "linphonec"

    def __init__(self, user: str, router: Router, folder: Path, ports: Ports) -> None:
        super().__init__(user, router, folder, ports, ["linphonec", "-c", str(folder / user / "rc")])
        (self.home / ".local" / "share" / "linphone").mkdir(parents=True)
        values = {"user": user, "domain": self.domain, "port": self.port, "rtp": self.rtp}
        fill(PEERS / "linphone" / "rc", self.home / "rc", **values)

    def wait_registered(self) -> None:
        for _ in polls(20, 0.2):
            self.say("status register")
            if "registered, identity=" in self.output():
                return
        raise AssertionError(f"linphone does not register:\n{self.tail()}")

    def dial(self, uri: str) -> None:
        self.say("soundcard use files")
        self.say(f"call {uri}")

    def play(self) -> None:
        """Sends a tone into the call."""
        write_tone(self.home / "tone.wav")
        self.say(f"play {self.home / 'tone.wav'}")

    def hang_up(self) -> None:
        self.say("terminate")
