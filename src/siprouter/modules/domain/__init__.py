"""domain: which domains are ours, from a database."""

from siprouter.core.args import PvRef
from siprouter.core.declare import EVERY_WORKER, KAMAILIO, Module, function, mi, param
from siprouter.core.routes import BRANCH, FAILURE, LOCAL, REQUEST
from siprouter.modules.domain.state import Domains

ROUTES = REQUEST | FAILURE | BRANCH | LOCAL

module = Module(
    "domain",
    help="tells whether domains are served here, from a table of them",
    state=Domains,
    family=KAMAILIO,
    params=[
        param("db_url", str, "mysql://openserro:openserro@localhost/openser", "the database"),
        param("db_mode", int, 0, "0: asks the database each time; 1: keeps the domains in memory"),
        param("domain_table", str, "domain", "the table"),
        param("domain_col", str, "domain", "its column"),
        param("register_myself", int, 0, "1: the domains count as the router itself"),
    ],
    functions=[
        function("is_from_local", Domains.is_from_local, routes=ROUTES, waits=True, help="is the domain of From ours?"),
        function(
            "is_uri_host_local",
            Domains.is_uri_host_local,
            routes=ROUTES,
            waits=True,
            help="is the domain of the request URI ours?",
        ),
        function(
            "is_domain_local",
            Domains.is_domain_local,
            [PvRef("domain")],
            routes=ROUTES,
            waits=True,
            help="is the domain in a variable ours?",
        ),
    ],
    mis=[
        mi("domain_reload", Domains.reload_mi, help="read the domains again", workers=EVERY_WORKER),
        mi("domain_dump", Domains.dump_mi, help="the domains in memory"),
    ],
)
