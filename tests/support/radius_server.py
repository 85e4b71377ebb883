"""A RADIUS server within the loop of a test, written after RFC 2865 without the product's code."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from siprouter.testing import Node

SECRET = b"testing123"
REQUEST, ACCEPT, REJECT, ACCOUNTING, ACCOUNTED = 1, 2, 3, 4, 5
SIGNATURE = 80
IPTEL = 24960


def radius_config(folder: Path, *ports: int, more: str = "", timeout: int = 1, retries: int = 2) -> Path:
    """A configuration file of the client for servers on these ports of 127.0.0.1, for all kinds of requests."""
    lines = [f"{kind} 127.0.0.1:{port}" for kind in ("authserver", "acctserver") for port in ports]
    lines += ["servers servers", f"radius_timeout {timeout}", f"radius_retries {retries}", more]
    path = folder / "radiusclient.conf"
    path.write_text("\n".join(lines) + "\n")
    (folder / "servers").write_text(f"127.0.0.1 {SECRET.decode()}\n")
    return path


def read_attributes(data: bytes) -> list[tuple[int, bytes]]:
    found = []
    while data:
        found.append((data[0], data[2 : data[1]]))
        assert data[1] >= 2
        data = data[data[1] :]
    return found


def pack(attributes: list[tuple[int, bytes]]) -> bytes:
    return b"".join(bytes((code, len(value) + 2)) + value for code, value in attributes)


def vendor(code: int, value: bytes, number: int = IPTEL) -> tuple[int, bytes]:
    return 26, struct.pack("!L", number) + bytes((code, len(value) + 2)) + value


@dataclass
class Received:
    """A request; `attributes` by number, those of Digest-Attributes as 1063 …, those of vendors as (vendor, number)."""

    code: int
    number: int
    attributes: dict[Any, list[bytes]] = field(default_factory=dict)

    def text(self, key: Any) -> str | None:
        return self.attributes[key][0].decode() if key in self.attributes else None

    def integer(self, key: Any) -> int | None:
        return int.from_bytes(self.attributes[key][0], "big") if key in self.attributes else None


Answer = tuple[int, list[tuple[int, bytes]]] | None


def accept(request: Received) -> Answer:
    return (ACCEPT if request.code == REQUEST else ACCOUNTED), []


class RadiusServer(asyncio.DatagramProtocol):
    """`answer(request)` gives code and attributes of the reply; None: silence. `requests` are all that came."""

    def __init__(self, answer: Callable[[Received], Answer] | None = None) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.bind(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        self.answer = answer or accept
        self.requests: list[Received] = []
        self.secret = SECRET
        self.signs = True
        self.transport: Any = None

    def attach(self, node: Node) -> None:
        """Answer from now on, in the loop of a router in memory."""
        node.wait(node.loop.create_datagram_endpoint(lambda: self, sock=self.socket))
        node.settle()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        code, number, length = struct.unpack("!BBH", data[:4])
        assert length == len(data)
        attributes = read_attributes(data[20:])
        authenticator = data[4:20]
        if code == ACCOUNTING:
            assert authenticator == hashlib.md5(data[:4] + bytes(16) + data[20:] + self.secret).digest()
        else:
            zeroed = pack([(key, bytes(16) if key == SIGNATURE else value) for key, value in attributes])
            expected = hmac.new(self.secret, data[:20] + zeroed, "md5").digest()
            assert dict(attributes)[SIGNATURE] == expected
        request = Received(code, number)
        for key, value in attributes:
            self._note(request, key, value)
        self.requests.append(request)
        found = self.answer(request)
        if found is not None:
            self.transport.sendto(self._reply(number, authenticator, *found), addr)

    def _note(self, request: Received, key: Any, value: bytes) -> None:
        if key == 207:
            assert value[1] == len(value)
            key, value = 1062 + value[0], value[2:]
        elif key == 26:
            key, value = (int.from_bytes(value[:4], "big"), value[4]), value[6:]
        request.attributes.setdefault(key, []).append(value)

    def _reply(self, number: int, authenticator: bytes, code: int, attributes: list[tuple[int, bytes]]) -> bytes:
        if self.signs and code != ACCOUNTED:
            attributes = [(SIGNATURE, bytes(16)), *attributes]
        body = pack(attributes)
        head = struct.pack("!BBH", code, number, 20 + len(body))
        if self.signs and code != ACCOUNTED:
            signature = hmac.new(self.secret, head + authenticator + body, "md5").digest()
            body = pack([(SIGNATURE, signature), *attributes[1:]])
        return head + hashlib.md5(head + authenticator + body + self.secret).digest() + body

    def close(self) -> None:
        if self.transport is not None:
            self.transport.close()
        self.socket.close()
