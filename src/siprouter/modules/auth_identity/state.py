"""The instance of auth_identity: the authentication service, and the verifier (RFC 4474 sections 5 and 6)."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siprouter.http.fetch import Downloads, FetchError, client_context, system_authorities
from siprouter.modules.auth_identity.caches import CertificateCache, ReplayGuard
from siprouter.modules.auth_identity.certificates import (
    Authorities,
    begins_at,
    ends_at,
    is_signed_by,
    load_authorities,
    load_certificate,
    load_key,
    load_own,
    need_cryptography,
    sign,
    speaks_for,
)
from siprouter.modules.auth_identity.digest_string import RSA_SHA1, digest_string, parse_identity_info
from siprouter.sip.date import format_date, parse_date
from siprouter.sip.message import Message
from siprouter.sip.names import H_CONTENT_LENGTH, H_DATE, H_IDENTITY, H_IDENTITY_INFO
from siprouter.util.errors import OperatorError, PeerError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

KEY = "auth_identity"
MAX_CERTIFICATE = 8192
FETCH_SECONDS = 5.0
MAX_FETCHES = 32
MAX_SIGNATURE = 1368
"""characters of the signature of a key of 8192 bits"""


@dataclass(slots=True)
class Found:
    """The certificate of a request; `trusted`: it came from the cache."""

    url: str
    certificate: Certificate
    trusted: bool


class AuthIdentity:
    """All functions return 1, or a negative number as SIP Router does."""

    privatekey_path: str
    certificate_path: str
    certificate_url: str
    msg_timeout: int
    auth_validity_time: int
    callid_cache_limit: int
    certificate_cache_limit: int
    cainfo_path: str
    accept_pem_certs: int

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.key: Any = None
        self.key_ends = 0.0
        self.downloads: Downloads
        self.authorities: Authorities
        self.certificates = CertificateCache(0)
        self.replays = ReplayGuard(0, 0)

    def configure(self) -> None:
        """Check the parameters, read key and certificates. Raises OperatorError."""
        need_cryptography()
        for name in ("msg_timeout", "auth_validity_time", "callid_cache_limit", "certificate_cache_limit"):
            if getattr(self, name) < 1:
                raise OperatorError(f"auth_identity: {name} must be at least 1, found {getattr(self, name)}")
        self.certificates = CertificateCache(self.certificate_cache_limit)
        self.replays = ReplayGuard(self.callid_cache_limit, self.auth_validity_time)
        context = client_context(self.cainfo_path)
        self.downloads = Downloads(context, MAX_CERTIFICATE, FETCH_SECONDS, MAX_FETCHES)
        system = system_authorities()
        paths = [Path(self.cainfo_path)] if self.cainfo_path else []
        paths += [system] if system is not None else []
        self.authorities = Authorities([found for path in paths for found in load_authorities(path)])
        self._configure_service()

    def _configure_service(self) -> None:
        """Key and certificate of our own domain."""
        for name in ("privatekey_path", "certificate_url", "certificate_path"):
            if not getattr(self, name):
                self.worker.log.warning("requests are not signed: parameter %s is not set", name, source=KEY)
                return
        if any(char in self.certificate_url for char in "<> \r\n\t") or not self.certificate_url.isascii():
            raise OperatorError(f"auth_identity: certificate_url is no URL: '{self.certificate_url}'")
        certificate = load_own(self.certificate_path)
        key = load_key(self.privatekey_path)
        if certificate.public_key() != key.public_key():
            message = f"auth_identity: {self.certificate_path} is not the certificate of {self.privatekey_path}"
            raise OperatorError(message)
        now = self.worker.wall_clock()
        if not begins_at(certificate) <= now <= ends_at(certificate):
            raise OperatorError(f"auth_identity: the certificate {self.certificate_path} is not valid now")
        self.key, self.key_ends = key, ends_at(certificate)

    def stop(self) -> None:
        """Break off downloads."""
        self.downloads.close()

    def _refuse(self, why: str, *values: object, result: int) -> int:
        self.worker.log.info(why, *values, source=KEY)
        return result

    # --- the authentication service

    def date_proc(self, ctx: Context) -> int:
        """auth_date_proc()"""
        if self.key is None:
            self.worker.log.warning("auth_date_proc: requests are not signed here", source=KEY)
            return -1
        msg: Message = ctx.msg
        now = int(self.worker.wall_clock())
        date = msg.get(H_DATE)
        if date is None:
            time = now
            msg.append_header(f"Date: {format_date(now)}\r\n".encode())
        else:
            try:
                time = parse_date(msg.value(date))
            except PeerError:
                return self._refuse("auth_date_proc: Date cannot be read", result=-1)
            if abs(time - now) > self.msg_timeout:
                return self._refuse("auth_date_proc: Date differs by %d s from now", time - now, result=-6)
        if self.key_ends < time:
            self.worker.log.error("our certificate %s is not valid any more", self.certificate_path, source=KEY)
            return -8
        return 1

    def add_identity(self, ctx: Context) -> int:
        """auth_add_identity()"""
        if self.key is None:
            self.worker.log.warning("auth_add_identity: requests are not signed here", source=KEY)
            return -1
        msg: Message = ctx.msg
        try:
            # as the request leaves: what was changed until now is signed
            leaving = msg.apply_edits()
            text = digest_string(leaving)
        except PeerError as error:
            return self._refuse("auth_add_identity: %s", error.reason, result=-4)
        if text is None:
            self.worker.log.error("auth_add_identity: there is no Date: call auth_date_proc() before", source=KEY)
            return -2
        signature = base64.b64encode(sign(self.key, text)).decode()
        if leaving.get(H_CONTENT_LENGTH) is None:
            msg.append_header(f"Content-Length: {len(leaving.body)}\r\n".encode())
        msg.append_header(f'Identity: "{signature}"\r\n'.encode())
        msg.append_header(f"Identity-Info: <{self.certificate_url}>;alg={RSA_SHA1}\r\n".encode())
        return 1

    # --- the verifier

    def check_date(self, ctx: Context) -> int:
        """vrfy_check_date()"""
        date = ctx.msg.get(H_DATE)
        if date is None:
            return self._refuse("vrfy_check_date: there is no Date", result=-1)
        try:
            time = parse_date(ctx.msg.value(date))
        except PeerError:
            return self._refuse("vrfy_check_date: Date cannot be read", result=-1)
        off = time - int(self.worker.wall_clock())
        if abs(off) > self.auth_validity_time:
            return self._refuse("vrfy_check_date: Date differs by %d s from now", off, result=-4)
        return 1

    async def get_certificate(self, ctx: Context) -> int:
        """vrfy_get_certificate()"""
        ctx.vars.pop(KEY, None)
        header = ctx.msg.get(H_IDENTITY_INFO)
        if header is None:
            return self._refuse("vrfy_get_certificate: there is no Identity-Info", result=-3)
        try:
            url, algorithm = parse_identity_info(ctx.msg.value(header))
        except PeerError:
            return self._refuse("vrfy_get_certificate: Identity-Info cannot be read", result=-3)
        if algorithm != RSA_SHA1:
            return self._refuse("vrfy_get_certificate: unknown algorithm %s", algorithm[:40], result=-5)
        known = self.certificates.get(url, self.worker.wall_clock())
        if known is not None:
            ctx.vars[KEY] = Found(url, known, True)
            return 1
        try:
            data = await self.downloads.get(url)
        except FetchError as error:
            return self._refuse("vrfy_get_certificate: %s: %s", url, error, result=-6)
        certificate = load_certificate(data, bool(self.accept_pem_certs))
        if certificate is None:
            return self._refuse("vrfy_get_certificate: %s is no certificate", url, result=-7)
        ctx.vars[KEY] = Found(url, certificate, False)
        return 1

    def check_certificate(self, ctx: Context) -> int:
        """vrfy_check_certificate()"""
        found: Found | None = ctx.vars.get(KEY)
        if found is None:
            self.worker.log.error("vrfy_check_certificate: call vrfy_get_certificate() before", source=KEY)
            return -1
        try:
            domain = ctx.msg.from_.parsed_uri.host
        except PeerError as error:
            return self._refuse("vrfy_check_certificate: %s", error.reason, result=-2)
        if not found.trusted:
            why = self.authorities.trusts(found.certificate, self.worker.wall_clock())
            if why:
                return self._refuse("vrfy_check_certificate: %s: %s", found.url, why, result=-3)
        # for one from the cache, too: it may speak for another domain than this request
        if not speaks_for(found.certificate, domain):
            return self._refuse("vrfy_check_certificate: %s is not that of %s", found.url, domain, result=-4)
        if not found.trusted:
            self.certificates.put(found.url, found.certificate, ends_at(found.certificate))
            found.trusted = True
        return 1

    def check_validity(self, ctx: Context) -> int:
        """vrfy_check_msgvalidity()"""
        found: Found | None = ctx.vars.get(KEY)
        if found is None:
            self.worker.log.error("vrfy_check_msgvalidity: call vrfy_get_certificate() before", source=KEY)
            return -1
        header = ctx.msg.get(H_IDENTITY)
        if header is None:
            return self._refuse("vrfy_check_msgvalidity: there is no Identity", result=-1)
        value = ctx.msg.value(header).strip('"')
        if len(value) > MAX_SIGNATURE:
            return self._refuse("vrfy_check_msgvalidity: the signature has %d characters", len(value), result=-2)
        try:
            text = digest_string(ctx.msg)
            signature = base64.b64decode(value, validate=True)
        except (PeerError, binascii.Error, ValueError):
            return self._refuse("vrfy_check_msgvalidity: what is signed cannot be read", result=-5)
        if text is None:
            return self._refuse("vrfy_check_msgvalidity: there is no Date", result=-5)
        if not is_signed_by(found.certificate, signature, text):
            return self._refuse("vrfy_check_msgvalidity: the signature is not that of %s", found.url, result=-3)
        return 1

    def check_call_id(self, ctx: Context) -> int:
        """vrfy_check_callid()"""
        msg: Message = ctx.msg
        if self.replays.is_new(msg.call_id, msg.from_.tag, msg.cseq.number, self.worker.wall_clock()):
            return 1
        return self._refuse("vrfy_check_callid: the request was seen before", result=-6)
