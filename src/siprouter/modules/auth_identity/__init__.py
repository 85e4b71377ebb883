"""auth_identity: signed identities of callers (RFC 4474)."""

from siprouter.core.declare import Module, function, param
from siprouter.core.routes import REQUEST
from siprouter.modules.auth_identity.state import AuthIdentity

module = Module(
    "auth_identity",
    help="signs requests for callers of our domain, and checks the signatures of others (RFC 4474)",
    state=AuthIdentity,
    params=[
        param("privatekey_path", str, "", "private key that signs, in PEM form"),
        param("certificate_path", str, "", "certificate of that key, in PEM form"),
        param("certificate_url", str, "", "where others find the certificate"),
        param("msg_timeout", int, 600, "seconds that the Date of a request to sign may differ from now"),
        param("auth_validity_time", int, 3600, "seconds that the Date of a signed request may differ from now"),
        param("callid_cache_limit", int, 262144, "dialogs that are remembered to notice replays"),
        param("certificate_cache_limit", int, 32768, "certificates that are remembered"),
        param("cainfo_path", str, "", "file of trusted certificates, beside those of the system"),
        param("accept_pem_certs", int, 0, "1: certificates in PEM form are accepted, too"),
    ],
    functions=[
        function(
            "auth_date_proc",
            AuthIdentity.date_proc,
            routes=REQUEST,
            help="check Date, or add one, before the request is signed",
        ),
        function("auth_add_identity", AuthIdentity.add_identity, routes=REQUEST, help="sign the request"),
        function("vrfy_check_date", AuthIdentity.check_date, routes=REQUEST, help="check Date of a signed request"),
        function(
            "vrfy_get_certificate",
            AuthIdentity.get_certificate,
            routes=REQUEST,
            waits=True,
            help="get the certificate that Identity-Info names",
        ),
        function(
            "vrfy_check_certificate",
            AuthIdentity.check_certificate,
            routes=REQUEST,
            help="check whether the certificate is trusted, and speaks for the domain of From",
        ),
        function(
            "vrfy_check_msgvalidity",
            AuthIdentity.check_validity,
            routes=REQUEST,
            help="check the signature in Identity",
        ),
        function(
            "vrfy_check_callid", AuthIdentity.check_call_id, routes=REQUEST, help="check that the request is no replay"
        ),
    ],
)
