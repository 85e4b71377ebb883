"""domain of SER: which domains are ours, and their attributes, from a database."""

from siprouter.core.declare import EVERY_WORKER, SER, Module, function, param, rpc
from siprouter.core.routes import BRANCH, FAILURE, REQUEST
from siprouter.modules.domain_s.arguments import TrackArg
from siprouter.modules.domain_s.state import SerDomains
from siprouter.script.ser_args import SerStr

module = Module(
    "domain",
    help="tells which domains are served here, and their attributes",
    state=SerDomains,
    family=SER,
    params=[
        param("db_url", str, "mysql://serro:47serro11@localhost/ser", "the database"),
        param("db_mode", int, 1, "0: asks the database each time; 1: keeps the domains in memory"),
        param("domain_table", str, "domain", "the table of domains"),
        param("domain_col", str, "domain", "column of names"),
        param("did_col", str, "did", "column of ids"),
        param("flags_col", str, "flags", "column of flags"),
        param("domattr_table", str, "domain_attrs", "the table of attributes"),
        param("domattr_did", str, "did", "column of the domain's id"),
        param("domattr_name", str, "name", "column of the attribute's name"),
        param("domattr_type", str, "type", "column of its type: 0 number, 2 text"),
        param("domattr_value", str, "value", "column of its value"),
        param("domattr_flags", str, "flags", "column of its flags"),
        param("load_domain_attrs", int, 0, "1: attributes are read, too"),
    ],
    functions=[
        function(
            "is_local",
            SerDomains.is_local,
            [SerStr("domain")],
            routes=REQUEST | FAILURE | BRANCH,
            waits=True,
            help="is a domain ours?",
        ),
        function(
            "lookup_domain",
            SerDomains.lookup_domain,
            [TrackArg("attributes"), SerStr("domain")],
            routes=REQUEST | FAILURE,
            waits=True,
            help="find a domain and set its attributes: $fd or $td, domain",
        ),
    ],
    rpcs=[
        rpc("domain.reload", SerDomains.reload, help="read the domains again", workers=EVERY_WORKER),
        rpc("domain.dump", SerDomains.dump, help="the domains in memory"),
    ],
    exports=("bind_domain", "get_did"),
)
