"""registrar: processes REGISTER, and finds the contacts of a user."""

from siprouter.core.args import Fmt, Opt, Str
from siprouter.core.declare import KAMAILIO, Module, cfg_var, function, param, pvar, stat
from siprouter.core.routes import FAILURE, ONREPLY, REQUEST
from siprouter.modules.registrar import lookup, profiles, save, sockets
from siprouter.modules.registrar.arguments import SaveFlags
from siprouter.modules.registrar.state import Registrar
from siprouter.modules.usrloc.arguments import table

_EXPIRES = "seconds a contact lives for which the phone names no time"
_RANGE = "per cent by which default_expires varies at random"
_MIN = "shortest life of a contact in seconds; 0: no limit"
_MAX = "longest life of a contact in seconds; 0: no limit"
_CONTACTS = "most contacts of an address of record; 0: no limit"
_RETRY = "Retry-After of 5xx answers in seconds; 0: none"
_CASE = "1: capital letters in users count"
_Q = "q of contacts without one, in thousandths; -1: none"
_BRANCHES = "1: lookup() makes a branch of every contact, 0: only the first counts"
_REALM = "prefix to take off the domain of addresses of record"

module = Module(
    "registrar",
    help="registers phones and looks up where users are",
    state=Registrar,
    family=KAMAILIO,
    depends=("usrloc", "sl"),
    params=[
        param("default_expires", int, 3600, _EXPIRES, cfg_var="default_expires"),
        param("default_expires_range", int, 0, _RANGE, cfg_var="default_expires_range"),
        param("default_q", int, -1, _Q, cfg_var="default_q"),
        param("append_branches", int, 1, _BRANCHES, cfg_var="append_branches"),
        param("case_sensitive", int, 0, _CASE, cfg_var="case_sensitive"),
        param("realm_prefix", str, "", _REALM, cfg_var="realm_pref"),
        param("min_expires", int, 60, _MIN, cfg_var="min_expires"),
        param("max_expires", int, 0, _MAX, cfg_var="max_expires"),
        param("received_param", str, "received", "name of the Contact parameter that answers give the source in"),
        param("received_avp", str, None, "AVP with the URI that the request really came from"),
        param("aor_avp", str, None, "AVP with a URI to take the address of record from, instead of To or request URI"),
        param("reg_callid_avp", str, None, "AVP with the Call-ID that registered() asks for"),
        param("max_contacts", int, 0, _CONTACTS, cfg_var="max_contacts"),
        param("retry_after", int, 0, _RETRY, cfg_var="retry_after"),
        param("sock_flag", int, -1, "message flag that says to look at sock_hdr_name"),
        param("sock_hdr_name", str, None, "header that names the socket which first got the request"),
        param("method_filtering", int, 0, "1: lookup() finds only contacts that allow the method"),
        param("use_path", int, 0, "1: Path is stored and used"),
        param("path_mode", int, 2, "Path in answers: 0 never, 1 where supported, 2 always, or refuse with 420"),
        param("path_use_received", int, 0, "1: the received parameter of the first Path URI is the source"),
    ],
    functions=[
        function(
            "save", save.save, [table(), Opt(SaveFlags("flags"))], routes=REQUEST | ONREPLY, help="store contacts"
        ),
        function("lookup", lookup.lookup, [table()], routes=REQUEST | FAILURE, help="go to the contacts of the user"),
        function("registered", lookup.registered, [table()], routes=REQUEST | FAILURE, help="has the user contacts?"),
        function(
            "unregister", save.unregister, [table(), Fmt("uri")], routes=REQUEST | FAILURE, help="remove all contacts"
        ),
        function(
            "add_sock_hdr", sockets.add_socket_header, [Str("header")], routes=REQUEST, help="add the receiving socket"
        ),
        function(
            "reg_fetch_contacts",
            profiles.fetch,
            [table(), Fmt("uri"), Str("profile")],
            routes=REQUEST | FAILURE,
            help="contacts of a user for $ulc",
        ),
        function(
            "reg_free_contacts", profiles.free, [Str("profile")], routes=REQUEST | FAILURE, help="forget them again"
        ),
    ],
    pvars=[
        pvar("ulc", bind=profiles.bind_ulc, inner_required=True, help="attribute of a fetched contact"),
    ],
    stats=[
        stat("max_expires", "the setting", lambda inst: inst.cfg.max_expires, shared=True),
        stat("max_contacts", "the setting", lambda inst: inst.cfg.max_contacts, shared=True),
        stat("default_expire", "the setting", lambda inst: inst.cfg.default_expires, shared=True),
        stat("default_expires_range", "the setting", lambda inst: inst.cfg.default_expires_range, shared=True),
        stat("accepted_regs", "registrations that were accepted"),
        stat("rejected_regs", "registrations that were refused"),
    ],
    cfg_vars=[
        cfg_var("default_expires", int, 3600, _EXPIRES),
        cfg_var("default_expires_range", int, 0, _RANGE, most=100),
        cfg_var("min_expires", int, 60, _MIN),
        cfg_var("max_expires", int, 0, _MAX),
        cfg_var("max_contacts", int, 0, _CONTACTS, atomic=True),
        cfg_var("retry_after", int, 0, _RETRY, atomic=True),
        cfg_var("case_sensitive", int, 0, _CASE, atomic=True),
        cfg_var("default_q", int, -1, _Q, least=-1, most=1000, atomic=True),
        cfg_var("append_branches", int, 1, _BRANCHES),
        cfg_var("realm_pref", str, "", _REALM),
    ],
)
