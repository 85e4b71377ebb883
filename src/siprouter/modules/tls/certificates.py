"""What a certificate says, in the words that the script asks with; and making a self-signed one."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import TYPE_CHECKING

from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from cryptography import x509

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
OIDS = {
    "cn": "2.5.4.3",
    "country": "2.5.4.6",
    "locality": "2.5.4.7",
    "state": "2.5.4.8",
    "organization": "2.5.4.10",
    "unit": "2.5.4.11",
}
VALID_DAYS = 3650
SELF_SIGNED = "siprouter-selfsigned.pem"
LARGEST_INT = (1 << 63) - 1


def need_cryptography() -> None:
    """OperatorError where the library that reads certificates is missing."""
    try:
        import cryptography  # noqa: F401
    except ImportError:
        message = "module tls needs the Python package cryptography"
        raise OperatorError(message, suggestion='pip install "siprouter[tls]"') from None


def load_der(der: bytes) -> x509.Certificate | None:
    """A certificate, or None where it is empty or cannot be read."""
    from cryptography import x509

    try:
        return None if not der else x509.load_der_x509_certificate(der)
    except ValueError:
        return None


def load_first(path: str) -> bytes:
    """The first certificate in a PEM file, that of the server itself, in DER form; empty where there is none."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        return x509.load_pem_x509_certificate(Path(path).read_bytes()).public_bytes(Encoding.DER) if path else b""
    except (OSError, ValueError):
        return b""


def revoked_serials(path: str) -> frozenset[tuple[bytes, int]]:
    """(issuer, serial number) of all that the lists in a PEM file revoke. Raises OperatorError."""
    from cryptography import x509

    found: set[tuple[bytes, int]] = set()
    begin = b"-----BEGIN X509 CRL-----"
    try:
        for part in Path(path).read_bytes().split(begin)[1:]:
            crl = x509.load_pem_x509_crl(begin + part)
            issuer = crl.issuer.public_bytes()
            found.update((issuer, entry.serial_number) for entry in crl)
    except (OSError, ValueError) as error:
        raise OperatorError(f"cannot read CRL {path}: {error}") from None
    return frozenset(found)


def is_revoked(certificate: x509.Certificate, revoked: frozenset[tuple[bytes, int]]) -> bool:
    """Whether the list of its issuer names it."""
    return (certificate.issuer.public_bytes(), certificate.serial_number) in revoked


def is_self_signed(certificate: x509.Certificate) -> bool:
    """Whether it is signed with its own key."""
    from cryptography.exceptions import InvalidSignature

    if certificate.issuer != certificate.subject:
        return False
    try:
        certificate.verify_directly_issued_by(certificate)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def is_expired(certificate: x509.Certificate, now: float) -> bool:
    """Whether its time is over at `now` (seconds since 1970)."""
    return certificate.not_valid_after_utc.timestamp() < now


def name_part(name: x509.Name, part: str) -> str | None:
    """The first part of a name: cn, country, locality, state, organization or unit."""
    for attribute in name:
        if attribute.oid.dotted_string == OIDS[part]:
            return _text(attribute.value)
    return None


def one_line(name: x509.Name) -> str:
    """All of a name: `/C=CH/O=Example/CN=sip.example.org`."""
    return "".join(f"/{attribute.rfc4514_attribute_name}={_text(attribute.value)}" for attribute in name)


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "surrogateescape")


def alternative_name(certificate: x509.Certificate, kind: str) -> str | None:
    """The first subject alternative name of a kind: email, hostname, uri or ip."""
    from cryptography import x509

    kinds: dict[str, type[x509.GeneralName]] = {
        "email": x509.RFC822Name,
        "hostname": x509.DNSName,
        "uri": x509.UniformResourceIdentifier,
        "ip": x509.IPAddress,
    }
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return None
    for name in names:
        if isinstance(name, kinds[kind]):
            return str(name.value)
    return None


def serial_number(certificate: x509.Certificate) -> int | str:
    """As a number, in decimal digits where it is too long for one."""
    number = certificate.serial_number
    return number if number <= LARGEST_INT else str(number)


def date_text(when: dt.datetime) -> str:
    """As OpenSSL writes it: `Nov  1 12:30:00 2026 GMT`."""
    return f"{MONTHS[when.month - 1]} {when.day:2d} {when:%H:%M:%S} {when.year} GMT"


def make_self_signed(folder: Path, names: list[str], now: float) -> Path:
    """A file with a certificate for `names` (the first is its common name) and its key, new if there is none.

    Several processes may ask for it at the same time: all get the same. Raises OSError.
    """
    path = folder / SELF_SIGNED
    if not path.exists():
        draft = path.with_suffix(f".{os.getpid()}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(handle, _self_signed(names, dt.datetime.fromtimestamp(now, dt.UTC)))
        finally:
            os.close(handle)
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path


def _self_signed(names: list[str], now: dt.datetime) -> bytes:
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.ObjectIdentifier(OIDS["cn"]), names[0][:64])])
    alternatives: list[x509.GeneralName] = []
    for host in names:
        try:
            alternatives.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            alternatives.append(x509.DNSName(host))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    no_password = serialization.NoEncryption()
    key_pem = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, no_password)
    return certificate.public_bytes(encoding) + key_pem
