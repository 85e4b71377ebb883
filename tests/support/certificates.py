"""Certificates of all kinds, good and bad, made as a test asks for them."""

from __future__ import annotations

import datetime as dt
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = dt.timedelta(days=1)
OIDS = {
    "CN": NameOID.COMMON_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "C": NameOID.COUNTRY_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME,
    "L": NameOID.LOCALITY_NAME,
}


def subject(common_name: str, **parts: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(OIDS[key], text) for key, text in {"CN": common_name, **parts}.items()])


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass
class Issued:
    """A certificate with its key, both in one file, and apart."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    path: Path

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)


class Authority:
    """A certification authority whose files lie in `folder`."""

    def __init__(self, folder: Path, name: str = "Test CA", parent: Authority | None = None) -> None:
        self.folder = folder
        self.parent = parent
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = subject(name)
        issuer = parent or self
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        self.certificate = (
            self._builder(self.name, self.key.public_key(), issuer.name, now() - DAY, now() + 30 * DAY)
            .add_extension(constraints, critical=True)
            .add_extension(usage, critical=True)
            .sign(issuer.key, hashes.SHA256())
        )
        self.path = folder / f"{name.replace(' ', '-').lower()}.pem"
        self.path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    @staticmethod
    def _builder(
        name: x509.Name,
        key: ec.EllipticCurvePublicKey,
        issuer: x509.Name,
        start: dt.datetime,
        end: dt.datetime,
        serial: int = 0,
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(issuer)
            .public_key(key)
            .serial_number(serial or x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(end)
        )

    def issue(
        self,
        name: str = "sip.test",
        *,
        hosts: tuple[str, ...] = (),
        extra: tuple[x509.GeneralName, ...] = (),
        days: int = 30,
        self_signed: bool = False,
        serial: int = 0,
        **parts: str,
    ) -> Issued:
        """A certificate for `name`, with subject alternative names for `hosts`; `days` below 0: expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        own = subject(name, **parts)
        start = now() - DAY if days > 0 else now() + (days - 1) * DAY
        builder = self._builder(
            own, key.public_key(), own if self_signed else self.name, start, now() + days * DAY, serial
        )
        names: list[x509.GeneralName] = []
        for host in hosts or (name,):
            try:
                names.append(x509.IPAddress(ipaddress.ip_address(host)))
            except ValueError:
                names.append(x509.DNSName(host))
        builder = builder.add_extension(x509.SubjectAlternativeName([*names, *extra]), critical=False)
        certificate = builder.sign(key if self_signed else self.key, hashes.SHA256())
        path = self.folder / f"{name}-{certificate.serial_number:x}.pem"
        chain = b""
        if self.parent is not None and not self_signed:
            chain = self.certificate.public_bytes(serialization.Encoding.PEM)
        path.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + chain
            + key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return Issued(certificate, key, path)

    def revoke(self, *issued: Issued) -> Path:
        """A list of what is revoked."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.name)
            .last_update(now() - DAY)
            .next_update(now() + 30 * DAY)
        )
        for one in issued:
            revoked = x509.RevokedCertificateBuilder().serial_number(one.certificate.serial_number)
            builder = builder.add_revoked_certificate(revoked.revocation_date(now() - DAY).build())
        path = self.folder / f"crl-{len(issued)}.pem"
        path.write_bytes(builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        return path
