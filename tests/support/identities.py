"""Certificates of domains for RFC 4474, and a web server that has them, within the loop of a test."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from siprouter.testing import Node
from tests.support.certificates import subject

PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER


def year(number: int) -> dt.datetime:
    return dt.datetime(number, 1, 1, tzinfo=dt.UTC)


class DomainAuthority:
    """One who says whose keys they are, at any time that a test plays in: clocks of tests are not today's."""

    def __init__(self, folder: Path, name: str = "Identity CA") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = subject(name)
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(self.name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(year(2010))
            .not_valid_after(year(2048))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        self.path = folder / f"{name.replace(' ', '-').lower()}.pem"
        self.path.write_bytes(self.certificate.public_bytes(PEM))


@lru_cache
def make_key(slot: int) -> rsa.RSAPrivateKey:
    """A key; making one takes long, so those of a slot are the same."""
    return rsa.generate_private_key(65537, 2048)


class Identity:
    """The key and the certificate of a domain, valid from and to the beginning of years, in files of `folder`."""

    def __init__(
        self,
        folder: Path,
        authority: DomainAuthority | None,
        domain: str,
        *,
        names: list[x509.GeneralName] | None = None,
        start: int = 2011,
        end: int = 2045,
        slot: int = 0,
    ) -> None:
        self.key = make_key(slot)
        name = subject(domain)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(authority.name if authority else name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(year(start))
            .not_valid_after(year(end))
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        self.certificate = builder.sign(authority.key if authority else self.key, hashes.SHA256())
        self.key_path = folder / f"{domain}.key"
        form = serialization.PrivateFormat.TraditionalOpenSSL
        self.key_path.write_bytes(self.key.private_bytes(PEM, form, serialization.NoEncryption()))
        self.path = folder / f"{domain}.pem"
        self.path.write_bytes(self.certificate.public_bytes(PEM))

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(PEM)


class WebServer:
    """Answers GET with `files`; `raw` are the octets of a whole answer instead. None: silence."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.raw: bytes | None = b""
        self.asked: list[str] = []
        self.port = 0
        self._server: Any = None
        self._writers: list[asyncio.StreamWriter] = []

    async def start(self, context: ssl.SSLContext | None = None) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]

    def attach(self, node: Node, context: ssl.SSLContext | None = None) -> None:
        node.wait(self.start(context))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split()[1].decode()
        self.asked.append(path)
        if self.raw is None:
            return
        if self.raw:
            writer.write(self.raw)
        elif path in self.files:
            body = self.files[path]
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        else:
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    def close(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        if self._server is not None:
            self._server.close()
