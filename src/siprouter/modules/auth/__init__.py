"""auth: digest challenges and the checks of what answers them; passwords come from other modules or from variables."""

from siprouter.core.declare import Module, function, param, stat
from siprouter.core.routes import REQUEST
from siprouter.modules.auth import functions
from siprouter.modules.auth.arguments import Flags, Text
from siprouter.modules.auth.state import Auth

_CHECKS = "sum of what must stay the same in {}: 1 request URI, 2 Call-ID, 4 From tag, 8 source address"
_AUTHENTICATE = (Text("realm"), Text("password"), Flags("flags"))
_CHALLENGE = (Text("realm"), Flags("flags"))

module = Module(
    "auth",
    help="digest authentication (RFC 3261 section 22, RFC 2617, RFC 8760): challenges, nonces, checks",
    state=Auth,
    depends=("sl",),
    params=[
        param("secret", str, None, "what nonces are sealed with; random where not set"),
        param("nonce_expire", int, 300, "seconds a nonce is good for"),
        param("nonce_auth_max_drift", int, 3, "seconds that a nonce may come from the future"),
        param(
            "protect_contacts",
            int,
            0,
            "without effect",
            obsolete="nothing looks at it in SIP Router either; see auth_checks_register",
        ),
        param("challenge_attr", str, "$digest_challenge", "attribute that takes challenges which are not sent at once"),
        param("proxy_challenge_header", str, "Proxy-Authenticate", "header of challenges of a proxy"),
        param("www_challenge_header", str, "WWW-Authenticate", "header of challenges of a server"),
        param("qop", str, "auth", '"auth", "auth-int" or "": of challenges for which nothing else says it'),
        param("algorithm", str, "", "comma-separated hash functions of challenges, the best first; MD5 where not set"),
        param("auth_checks_register", int, 0, _CHECKS.format("REGISTER")),
        param("auth_checks_no_dlg", int, 0, _CHECKS.format("requests outside of dialogs")),
        param("auth_checks_in_dlg", int, 0, _CHECKS.format("requests within dialogs")),
        param("nonce_count", int, 0, "1: a nonce count is good once"),
        param("nc_array_size", int, 0, "nonces whose count is kept (0: 1048576), rounded down to a power of two"),
        param("nc_array_order", int, 0, "the same as a power of two"),
        param("one_time_nonce", int, 0, "1: a nonce is good once"),
        param("otn_in_flight_no", int, 0, "nonces whose use is kept (0: 1048576), rounded down to a power of two"),
        param("otn_in_flight_order", int, 0, "the same as a power of two"),
        param("nid_pool_no", int, 0, "by how much the two sizes are divided for each worker (0: 1)"),
        param("force_stateless_reply", int, 0, "1: challenges are sent without the transaction"),
    ],
    functions=[
        function("consume_credentials", functions.consume_credentials, routes=REQUEST, help="remove what was accepted"),
        function(
            "www_challenge", functions.www_challenge, _CHALLENGE, routes=REQUEST, help="send 401 with a challenge"
        ),
        function("proxy_challenge", functions.proxy_challenge, _CHALLENGE, routes=REQUEST, help="send 407 with one"),
        function(
            "pv_www_authenticate",
            functions.pv_www_authenticate,
            _AUTHENTICATE,
            routes=REQUEST,
            help="compare Authorization with a password",
            aliases=("pv_www_authorize",),
        ),
        function(
            "pv_proxy_authenticate",
            functions.pv_proxy_authenticate,
            _AUTHENTICATE,
            routes=REQUEST,
            help="compare Proxy-Authorization with a password",
            aliases=("pv_proxy_authorize",),
        ),
    ],
    stats=[
        stat("challenges", "challenges made"),
        stat("accepted", "credentials accepted"),
        stat("no_credentials", "requests without credentials for the realm"),
        stat("bad_credentials", "malformed credentials, or of an algorithm that is not offered"),
        stat("forged_nonces", "credentials with a nonce that was not made here"),
        stat("stale_nonces", "right passwords with a nonce that is too old, used before, or of another message"),
        stat("wrong_passwords", "credentials that do not fit the password, or of unknown users"),
    ],
)
