"""Pseudo-variables and selects of tls: the connection that a message came over, and both certificates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from siprouter.core.declare import PVar, Select, pvar, select
from siprouter.modules.tls import certificates
from siprouter.modules.tls.session import Session
from siprouter.modules.tls.tls import Tls

if TYPE_CHECKING:
    from cryptography import x509

    from siprouter.core.context import Context
    from siprouter.core.values import Value

OfSession = Callable[[Tls, Session], "Value"]
OfCertificate = Callable[["x509.Certificate"], "Value"]
Get = Callable[[Tls, "Context"], "Value"]

PEER, MY = "peer", "my"


def of_session(read: OfSession) -> Get:
    """A getter that is null for messages that did not come over TLS."""

    def get(tls: Tls, ctx: Context) -> Value:
        session = tls.session(ctx)
        return None if session is None else read(tls, session)

    return get


def of_certificate(whose: str, read: OfCertificate) -> Get:
    """A getter that is null where there is no such certificate either."""

    def from_session(_tls: Tls, session: Session) -> Value:
        found = session.peer_certificate if whose == PEER else session.own_certificate
        return None if found is None else read(found)

    return of_session(from_session)


# the connection


def version(_tls: Tls, session: Session) -> Value:
    """`TLSv1.3`."""
    return session.version


def cipher(_tls: Tls, session: Session) -> Value:
    """The name of the cipher suite."""
    return session.cipher


def bits(_tls: Tls, session: Session) -> Value:
    """Length of the cipher's key."""
    return session.bits


def description(_tls: Tls, session: Session) -> Value:
    """Cipher suite, version, key exchange and so on, as OpenSSL describes it."""
    return session.description


def asked_for(_tls: Tls, session: Session) -> Value:
    """The server name that the client asked for."""
    return session.server_name or None


# the peer's certificate as a whole


def verified(_tls: Tls, session: Session) -> Value:
    """1: checked and good."""
    return int(session.verified)


def revoked(tls: Tls, session: Session) -> Value:
    """1: named in the CRL of the domain."""
    return int(tls.is_revoked(session))


def expired(tls: Tls, session: Session) -> Value:
    """1: its time is over."""
    found = session.peer_certificate
    return int(found is not None and certificates.is_expired(found, tls.worker.wall_clock()))


def self_signed(_tls: Tls, session: Session) -> Value:
    """1: signed with its own key."""
    found = session.peer_certificate
    return int(found is not None and certificates.is_self_signed(found))


def no_check(_tls: Tls, _ctx: Context) -> Value:
    """Our own certificate is not checked by us: null."""
    return None


CHECKS: dict[str, OfSession] = {
    "verified": verified,
    "revoked": revoked,
    "expired": expired,
    "self_signed": self_signed,
}

# parts of certificates


def name_part(which: str, part: str) -> OfCertificate:
    """Reads a part of the subject's or the issuer's name."""

    def read(certificate: x509.Certificate) -> Value:
        name = certificate.subject if which == "subject" else certificate.issuer
        return certificates.name_part(name, part) if part else certificates.one_line(name)

    return read


def alternative(kind: str) -> OfCertificate:
    """Reads a subject alternative name."""
    return lambda certificate: certificates.alternative_name(certificate, kind)


def certificate_version(certificate: x509.Certificate) -> Value:
    """Counted from 0: 2 is version 3."""
    return str(certificate.version.value)


def not_before(certificate: x509.Certificate) -> Value:
    """Beginning of its time."""
    return certificates.date_text(certificate.not_valid_before_utc)


def not_after(certificate: x509.Certificate) -> Value:
    """End of its time."""
    return certificates.date_text(certificate.not_valid_after_utc)


def as_text(get: Get) -> Get:
    """What selects give: strings."""

    def get_text(tls: Tls, ctx: Context) -> Value:
        value = get(tls, ctx)
        return None if value is None else str(value)

    return get_text


# declarations

SESSION: dict[str, tuple[OfSession, str]] = {
    "tls_version": (version, "TLS version"),
    "tls_description": (description, "cipher suite as OpenSSL describes it"),
    "tls_cipher_info": (cipher, "name of the cipher suite"),
    "tls_cipher_bits": (bits, "length of the cipher's key in bits"),
    "tls_peer_server_name": (asked_for, "server name that the client asked for"),
    "tls_peer_verified": (verified, "1 where the peer's certificate was checked and is good, else 0"),
    "tls_peer_revoked": (revoked, "1 where the peer's certificate is revoked, else 0"),
    "tls_peer_expired": (expired, "1 where the peer's certificate is expired, else 0"),
    "tls_peer_selfsigned": (self_signed, "1 where the peer's certificate is self-signed, else 0"),
}
WHOSE = {PEER: "the peer's certificate", MY: "our certificate"}
NAMES = {
    "": "",
    "_cn": "cn",
    "_locality": "locality",
    "_country": "country",
    "_state": "state",
    "_organization": "organization",
    "_unit": "unit",
}
ALTERNATIVES = {"email": "e-mail address", "hostname": "host name", "uri": "URI", "ip": "IP address"}


def declare_pvars() -> Iterator[PVar]:
    """All pseudo-variables."""
    for name, (read, text) in SESSION.items():
        yield pvar(name, get=of_session(read), help=text)
    for whose, text in WHOSE.items():
        yield pvar(f"tls_{whose}_version", get=of_certificate(whose, certificate_version), help=f"version of {text}")
        serial = of_certificate(whose, certificates.serial_number)
        yield pvar(f"tls_{whose}_serial", get=serial, help=f"serial number of {text}")
        for which in ("subject", "issuer"):
            for suffix, part in NAMES.items():
                get = of_certificate(whose, name_part(which, part))
                yield pvar(f"tls_{whose}_{which}{suffix}", get=get, help=f"{part or 'whole'} {which} of {text}")
        for kind, words in ALTERNATIVES.items():
            get = of_certificate(whose, alternative(kind))
            yield pvar(f"tls_{whose}_san_{kind}", get=get, help=f"first alternative {words} in {text}")
    yield pvar("tls_peer_notBefore", get=of_certificate(PEER, not_before), help="beginning of the certificate's time")
    yield pvar("tls_peer_notAfter", get=of_certificate(PEER, not_after), help="end of the certificate's time")


OWNERS = {"peer": PEER, "my": MY, "me": MY, "myself": MY}
PARTS = {
    "cn": ("cn", "commonName", "common_name", "name"),
    "locality": ("l", "localityName", "locality_name", "locality"),
    "country": ("c", "countryName", "country_name", "country"),
    "state": ("st", "stateOrProvinceName", "state_or_province_name", "state"),
    "organization": ("o", "organizationName", "organization_name", "organization"),
    "unit": ("ou", "organizationalUnitName", "organizational_unit_name", "unit"),
}
FIELDS: dict[OfCertificate, tuple[str, ...]] = {
    certificate_version: ("version",),
    certificates.serial_number: ("sn", "serialNumber", "serial_number"),
    not_before: ("notBefore", "not_before"),
    not_after: ("notAfter", "not_after"),
    alternative("email"): ("email", "emailAddress", "email_address"),
    alternative("hostname"): ("host", "hostname", "dns"),
    alternative("uri"): ("uri", "url", "urn"),
    alternative("ip"): ("ip", "IPAddress", "ip_address"),
}
WORDS: dict[str, OfSession] = {
    "tls": description,
    "tls.version": version,
    "tls.desc": description,
    "tls.description": description,
    "tls.cipher": cipher,
    "tls.cipher.bits": bits,
    "tls.serverName": asked_for,
    "tls.server_name": asked_for,
}


def declare_selects() -> Iterator[Select]:
    """All selects."""
    for path, read in WORDS.items():
        yield select(path, as_text(of_session(read)))
    for owner, whose in OWNERS.items():
        yield from _selects_of(f"tls.{owner}", whose)


def _selects_of(path: str, whose: str) -> Iterator[Select]:
    common_name = of_certificate(whose, name_part("subject", "cn"))
    yield select(path, common_name)
    for name, check in CHECKS.items():
        yield select(f"{path}.{name}", as_text(of_session(check)) if whose == PEER else no_check)
    for read, names in FIELDS.items():
        for name in names:
            yield select(f"{path}.{name}", as_text(of_certificate(whose, read)))
    for word, which in (("subject", "subject"), ("subj", "subject"), ("issuer", "issuer")):
        yield select(f"{path}.{word}", of_certificate(whose, name_part(which, "cn")))
        for part, names in PARTS.items():
            for name in names:
                yield select(f"{path}.{word}.{name}", of_certificate(whose, name_part(which, part)))
