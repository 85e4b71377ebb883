"""Keys and certificates, by the library cryptography."""

from __future__ import annotations

import datetime as dt
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siprouter.sip.uri import parse_uri
from siprouter.util.errors import OperatorError, PeerError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.x509 import Certificate

PEM_MARK = b"-----BEGIN CERTIFICATE-----"
PEM_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


def need_cryptography() -> None:
    """Raises OperatorError where the package is missing."""
    try:
        import cryptography  # noqa: F401
    except ImportError:
        message = "auth_identity needs the Python package cryptography"
        raise OperatorError(message, suggestion="pip install 'siprouter[identity]'") from None


def _read(param: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise OperatorError(f"auth_identity: {param}: {path} cannot be read: {error.strerror}") from None


def load_key(path: str) -> RSAPrivateKey:
    """The RSA key in a PEM file. Raises OperatorError."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(_read("privatekey_path", path), None)
    except (ValueError, TypeError) as error:
        raise OperatorError(f"auth_identity: privatekey_path: no private key in {path}: {error}") from None
    if not isinstance(key, RSAPrivateKey):
        raise OperatorError(f"auth_identity: privatekey_path: the key in {path} is no RSA key")
    return key


def load_own(path: str) -> Certificate:
    """The certificate in a PEM file. Raises OperatorError."""
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificate(_read("certificate_path", path))
    except ValueError as error:
        raise OperatorError(f"auth_identity: certificate_path: no certificate in {path}: {error}") from None


def load_certificate(data: bytes, accept_pem: bool) -> Certificate | None:
    """A certificate of somebody else, in DER form; None where it is none."""
    from cryptography import x509

    try:
        if accept_pem and PEM_MARK in data:
            return x509.load_pem_x509_certificate(data)
        return x509.load_der_x509_certificate(data)
    except ValueError:
        return None


def load_authorities(path: Path) -> list[Certificate]:
    """The certificates of a PEM file; those that break RFC 5280 are left out. Raises OperatorError."""
    from cryptography import x509

    found: list[Certificate] = []
    with warnings.catch_warnings():
        # machines trust some old ones that the library speaks about; they are read all the same
        warnings.simplefilter("ignore")
        for block in PEM_BLOCK.findall(_read("cainfo_path", str(path))):
            try:
                found.append(x509.load_pem_x509_certificate(block))
            except ValueError:
                continue
    return found


def sign(key: RSAPrivateKey, data: bytes) -> bytes:
    """RSA with SHA-1 (RFC 4474 section 9: the only algorithm)."""
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA1

    return key.sign(data, PKCS1v15(), SHA1())


def is_signed_by(certificate: Certificate, signature: bytes, data: bytes) -> bool:
    """Whether the certificate's key made the signature."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.hashes import SHA1

    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey):
        return False
    try:
        key.verify(signature, data, PKCS1v15(), SHA1())
    except InvalidSignature:
        return False
    return True


class Authorities:
    """Those that are trusted to say whose key a certificate has."""

    def __init__(self, certificates: list[Certificate]) -> None:
        self.count = len(certificates)
        self._store: Any = None
        if certificates:
            from cryptography.x509.verification import Store

            self._store = Store(certificates)

    def trusts(self, certificate: Certificate, now: float) -> str:
        """Why a certificate is not trusted at `now` (seconds since 1970); "" where it is."""
        from cryptography.x509.verification import ExtensionPolicy, PolicyBuilder, VerificationError

        if self._store is None:
            return "no authority is trusted"
        # such certificates need no name and no use of TLS servers: who they speak for is checked apart
        policy = (
            PolicyBuilder()
            .store(self._store)
            .time(dt.datetime.fromtimestamp(now, dt.UTC))
            .extension_policies(ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=ExtensionPolicy.permit_all())
        )
        try:
            policy.build_client_verifier().verify(certificate, [])
        except VerificationError as error:
            return str(error)
        return ""


def ends_at(certificate: Certificate) -> float:
    """When it is valid no more, seconds since 1970."""
    return certificate.not_valid_after_utc.timestamp()


def begins_at(certificate: Certificate) -> float:
    """When it becomes valid, seconds since 1970."""
    return certificate.not_valid_before_utc.timestamp()


def speaks_for(certificate: Certificate, domain: str) -> bool:
    """Whether a domain is its subject (RFC 4474 section 13.4): a name in subjectAltName, else the common name."""
    from cryptography import x509

    domain = domain.lower().rstrip(".")
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        names = None
    if names is not None:
        domains = [name.lower() for name in names.get_values_for_type(x509.DNSName)]
        domains += [_domain_of(uri) for uri in names.get_values_for_type(x509.UniformResourceIdentifier)]
        domains = [name for name in domains if name]
        if domains:
            return domain in domains
    common = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return bool(common) and str(common[0].value).lower() == domain


def _domain_of(text: str) -> str:
    """The host of a SIP URI without user, "" for another URI."""
    try:
        uri = parse_uri(text)
    except PeerError:
        return ""
    return uri.host.lower() if uri.is_sip and not uri.user else ""
