"""From what a TLS domain is set to, to the SSLContext that its connections start from."""

import ssl
import warnings
from dataclasses import dataclass

from siprouter.util.errors import OperatorError

TLS_1_0 = ssl.TLSVersion.TLSv1
TLS_1_1 = ssl.TLSVersion.TLSv1_1
TLS_1_2 = ssl.TLSVersion.TLSv1_2
TLS_1_3 = ssl.TLSVersion.TLSv1_3
NEWEST = ssl.TLSVersion.MAXIMUM_SUPPORTED

# Where SIP Router 3.1 knew nothing newer than TLS 1.0, its two names for it mean that and everything newer.
METHODS = {
    "SSLv23": (TLS_1_0, NEWEST),
    "TLSv1": (TLS_1_0, NEWEST),
    "TLSv1+": (TLS_1_0, NEWEST),
    "TLSv1.0+": (TLS_1_0, NEWEST),
    "TLSv1.1": (TLS_1_1, TLS_1_1),
    "TLSv1.1+": (TLS_1_1, NEWEST),
    "TLSv1.2": (TLS_1_2, TLS_1_2),
    "TLSv1.2+": (TLS_1_2, NEWEST),
    "TLSv1.3": (TLS_1_3, TLS_1_3),
    "TLSv1.3+": (TLS_1_3, NEWEST),
}
GONE = ("SSLv2", "SSLv3")
MAX_DEPTH = 100


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """What can be set for a domain. Files are absolute paths, "" for none; `server_name` as peers see it (SNI).

    A server asks for a certificate with `verify_certificate` and insists on one with `require_certificate`; a client
    checks the server's with either, and its name too with `verify_server_name`.
    """

    method: str = "TLSv1"
    certificate: str = ""
    private_key: str = ""
    ca_list: str = ""
    crl: str = ""
    cipher_list: str = ""
    verify_certificate: bool = False
    require_certificate: bool = False
    verify_depth: int = 9
    verify_server_name: bool = False
    server_name: str = ""
    server_name_mode: int = 0
    compression: bool = False
    renegotiation: bool = False
    session_cache: bool = False


def make_context(settings: TlsSettings, server: bool) -> ssl.SSLContext:
    """A context with everything that `settings` says, files read. Raises OperatorError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    _set_versions(context, settings.method)
    _set_options(context, settings, server)
    _load_certificate(context, settings)
    _set_verification(context, settings, server)
    return context


def check_method(name: str) -> str:
    """The method as METHODS writes it. Raises OperatorError."""
    for known in METHODS:
        if known.lower() == name.lower():
            return known
    if name.lower() in (gone.lower() for gone in GONE):
        raise OperatorError(f"TLS method {name}: OpenSSL has no {name} any more", suggestion="TLSv1.2+")
    raise OperatorError(f"unknown TLS method {name}", suggestion=f"one of {', '.join(METHODS)}")


def _set_versions(context: ssl.SSLContext, method: str) -> None:
    least, most = METHODS[check_method(method)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # whoever names old versions wants them
        context.minimum_version, context.maximum_version = least, most


def _set_options(context: ssl.SSLContext, settings: TlsSettings, server: bool) -> None:
    if settings.compression:
        context.options &= ~ssl.OP_NO_COMPRESSION
    if not settings.renegotiation:
        context.options |= ssl.OP_NO_RENEGOTIATION
    if server and not settings.session_cache:
        context.num_tickets = 0
    if settings.cipher_list:
        try:
            context.set_ciphers(settings.cipher_list)
        except ssl.SSLError:
            raise OperatorError(f"cipher_list '{settings.cipher_list}' has no cipher that OpenSSL knows") from None


def _load_certificate(context: ssl.SSLContext, settings: TlsSettings) -> None:
    if not settings.certificate:
        return
    key = settings.private_key or settings.certificate
    try:
        context.load_cert_chain(settings.certificate, key, password=lambda: "")
    except ssl.SSLError as error:
        raise OperatorError(
            f"cannot use certificate {settings.certificate} with key {key}: {reason(error)}",
            suggestion="both in PEM form, belonging together, the key not encrypted",
        ) from None
    except OSError as error:
        missing = settings.certificate if not _readable(settings.certificate) else key
        raise OperatorError(f"cannot read {missing}: {error.strerror}") from None


def _readable(path: str) -> bool:
    try:
        with open(path, "rb"):  # noqa: PTH123  the library opens it the same way
            return True
    except OSError:
        return False


def _set_verification(context: ssl.SSLContext, settings: TlsSettings, server: bool) -> None:
    wanted = settings.verify_certificate or settings.require_certificate
    if settings.ca_list:
        _load_trusted(context, settings.ca_list, "CA list")
    elif wanted and not server:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    if settings.crl:
        _load_trusted(context, settings.crl, "CRL")
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN
    if settings.verify_server_name and not server:
        if not settings.server_name:
            raise OperatorError("verify_server_name needs server_name")
        wanted = True
        context.check_hostname = True
    if not wanted:
        context.verify_mode = ssl.CERT_NONE
    elif settings.require_certificate or not server:
        context.verify_mode = ssl.CERT_REQUIRED
    else:
        context.verify_mode = ssl.CERT_OPTIONAL


def _load_trusted(context: ssl.SSLContext, path: str, what: str) -> None:
    try:
        context.load_verify_locations(path)
    except ssl.SSLError as error:
        raise OperatorError(f"cannot use {what} {path}: {reason(error)}", suggestion="a file in PEM form") from None
    except OSError as error:
        raise OperatorError(f"cannot read {what} {path}: {error.strerror}") from None


def reason(error: Exception) -> str:
    """What OpenSSL says, in words, without its file and line."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate verify failed: {error.verify_message}"
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    return str(error)


def chain_is_short_enough(session: ssl.SSLObject, depth: int) -> bool:
    """Whether no more than `depth` certificates lie between the peer's and the trusted one (as OpenSSL counts)."""
    getter = getattr(session, "get_verified_chain", None) or session._sslobj.get_verified_chain  # type: ignore[attr-defined]
    return len(getter() or ()) - 2 <= depth
