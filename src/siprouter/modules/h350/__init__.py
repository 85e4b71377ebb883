"""h350: SIP accounts in a directory with the classes of ITU-T H.350."""

from siprouter.core.args import Fmt
from siprouter.core.declare import KAMAILIO, Module, function, param
from siprouter.core.routes import BRANCH, FAILURE, LOCAL, ONREPLY, REQUEST
from siprouter.modules.h350.state import H350, AccountAvps

_ROUTES = REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL

module = Module(
    "h350",
    help="finds SIP accounts in a directory with the classes of H.350",
    state=H350,
    family=KAMAILIO,
    depends=("ldap",),
    params=[
        param("ldap_session", str, "", "session of module ldap"),
        param("base_dn", str, "", "where searches begin"),
        param("search_scope", str, "one", "how deep they go: base, one or sub"),
    ],
    functions=[
        function(
            "h350_sipuri_lookup",
            H350.sipuri_lookup,
            [Fmt("URI")],
            routes=_ROUTES,
            waits=True,
            help="search the account that has a SIP URI: number of entries, -2 none, -1 error",
        ),
        function(
            "h350_auth_lookup",
            H350.auth_lookup,
            [Fmt("user name"), AccountAvps()],
            routes=_ROUTES,
            waits=True,
            help="search the account of a digest user name: $avp(user name)/$avp(password)",
        ),
        function(
            "h350_result_call_preferences",
            H350.call_preferences,
            [Fmt("prefix")],
            routes=_ROUTES,
            help="put the call preferences of the account into AVPs whose names begin with a prefix",
        ),
        function(
            "h350_result_service_level",
            H350.service_level,
            [Fmt("prefix")],
            routes=_ROUTES,
            help="put the service levels of the account into AVPs whose names begin with a prefix",
        ),
    ],
)
