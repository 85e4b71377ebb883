"""ldap: searches LDAP directories and hands their entries to the script."""

from siprouter.core.args import Fmt, Opt
from siprouter.core.declare import KAMAILIO, Module, function, param
from siprouter.core.routes import BRANCH, FAILURE, LOCAL, ONREPLY, REQUEST
from siprouter.core.substitution import SubstArg
from siprouter.modules.ldap.arguments import AvpArg, ComparisonArg, DestinationArg, LdapUrl
from siprouter.modules.ldap.state import Ldap

_ROUTES = REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL

module = Module(
    "ldap",
    help="searches LDAP directories and hands their entries to the script",
    state=Ldap,
    family=KAMAILIO,
    params=[param("config_file", str, "/usr/local/etc/kamailio/ldap.cfg", "the file of sessions")],
    functions=[
        function(
            "ldap_search",
            Ldap.ldap_search,
            [LdapUrl("URL")],
            routes=_ROUTES,
            waits=True,
            help="search by an LDAP URL, whose host is the name of a session: number of entries, -1 none, -2 error",
        ),
        function(
            "ldap_result",
            Ldap.ldap_result,
            [DestinationArg(), Opt(SubstArg())],
            routes=_ROUTES,
            help="put the values of an attribute into an AVP: attribute/$avp(name)[/int]",
        ),
        function(
            "ldap_result_check",
            Ldap.ldap_result_check,
            [ComparisonArg(), Opt(SubstArg())],
            routes=_ROUTES,
            help="is a value of an attribute equal to a text? attribute/text",
        ),
        function("ldap_result_next", Ldap.ldap_result_next, routes=_ROUTES, help="go on to the next entry"),
        function(
            "ldap_filter_url_encode",
            Ldap.ldap_filter_url_encode,
            [Fmt("text"), AvpArg()],
            routes=_ROUTES,
            help="escape a text for the filter of an LDAP URL, into an AVP",
        ),
    ],
)
