"""What is known of one TLS session: as plain data, so that workers can tell each other, and as certificates."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from siprouter.modules.tls.certificates import load_der

if TYPE_CHECKING:
    from cryptography import x509

    from siprouter.transport.tls import TlsConnection

Row = tuple[str, str, int, str, str, bool, bytes, bytes, bytes]


class Session:
    """One session. `peer` and `own` are certificates in DER form, empty for none; `crl` is the path of the list."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.version, self.cipher, self.bits, self.description, self.server_name = row[:5]
        self.verified = row[5]
        self.peer, self.own = row[6:8]
        self.crl = row[8].decode("utf-8", "surrogateescape")

    @cached_property
    def peer_certificate(self) -> x509.Certificate | None:
        """What the peer showed, verified or not."""
        return load_der(self.peer)

    @cached_property
    def own_certificate(self) -> x509.Certificate | None:
        """What we showed."""
        return load_der(self.own)


def read_session(connection: TlsConnection, own: bytes) -> Session | None:
    """What a connection of this worker is; None before its handshake has begun."""
    session, domain = connection.session, connection.domain
    if session is None or domain is None:
        return None
    name, version, bits = session.cipher() or ("", session.version() or "", 0)
    peer = session.getpeercert(binary_form=True) or b""
    text = next((str(item["description"]) for item in domain.context.get_ciphers() if item["name"] == name), name)
    crl = domain.settings.crl.encode("utf-8", "surrogateescape")
    # Peers whose certificate is bad do not get through the handshake: one that is there has been found good.
    verified = domain.verifies and bool(peer)
    version = session.version() or version
    return Session((version, name, bits, text.strip(), connection.server_name, verified, peer, own, crl))
