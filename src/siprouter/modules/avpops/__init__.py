"""avpops: AVPs compared, copied, calculated with, and kept in a database."""

from siprouter.core.args import Opt, Parsed
from siprouter.core.declare import COMMON, Module, function, param
from siprouter.core.routes import BRANCH, FAILURE, LOCAL, ONREPLY, REQUEST
from siprouter.core.substitution import SubstArg
from siprouter.db.script_sql import parse_destinations
from siprouter.modules.avpops import arguments, memory
from siprouter.modules.avpops.state import AvpOps, QueryArg

ROUTES = REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL
_SOURCE = Parsed("source", arguments.parse_source, "a variable or a text, /username, /domain, /uri or /uuid")
_WHICH = Parsed("avps", arguments.parse_selection, "$avp(name), s, i or a, and /table")
_LOADED = Parsed("avps", arguments.parse_loaded, "$avp(name), s, i or a, and /table or /$scheme")

module = Module(
    "avpops",
    help="AVPs compared, copied, calculated with, and kept in a database",
    state=AvpOps,
    family=COMMON,
    params=[
        param("db_url", str, None, "the database; without one the functions avp_db_… cannot be used"),
        param("avp_table", str, None, "the table, as usr_preferences"),
        param("use_domain", int, 0, "1: users are found by name and domain"),
        param("uuid_column", str, "uuid", "column of the user's unique name"),
        param("username_column", str, "username", "column of the user"),
        param("domain_column", str, "domain", "column of the user's domain"),
        param("attribute_column", str, "attribute", "column of the AVP's name"),
        param("value_column", str, "value", "column of its value"),
        param("type_column", str, "type", "column of its type"),
        param("db_scheme", str, None, "name:table=…;value_col=…;… of another table; repeatable", setter="add_scheme"),
    ],
    functions=[
        function(
            "avp_db_load", AvpOps.load, [_SOURCE, _LOADED], routes=ROUTES, waits=True, help="read AVPs: source, which"
        ),
        function(
            "avp_db_store", AvpOps.store, [_SOURCE, _WHICH], routes=ROUTES, waits=True, help="write AVPs: source, which"
        ),
        function(
            "avp_db_delete",
            AvpOps.delete,
            [_SOURCE, _WHICH],
            routes=ROUTES,
            waits=True,
            help="delete AVPs in the database: source, which",
        ),
        function(
            "avp_db_query",
            AvpOps.query,
            [QueryArg("query"), Opt(Parsed("destinations", parse_destinations, "a list of AVPs"))],
            routes=ROUTES,
            waits=True,
            help="run SQL, columns become AVPs: statement, $avp(a);$avp(b)…",
        ),
        function(
            "avp_delete",
            memory.delete,
            [Parsed("avps", arguments.parse_deleted, "$avp(name)/g, s, i or a")],
            routes=ROUTES,
            help="delete AVPs: which",
        ),
        function(
            "avp_pushto",
            memory.push_to,
            [
                Parsed("destination", arguments.parse_destination, "$ru, $ru/username, $ru/domain, $du or $br"),
                Parsed("source", arguments.parse_pushed, "a variable, and /g"),
            ],
            routes=ROUTES,
            help="AVPs into the request URI, the destination or branches: destination, source",
        ),
        function(
            "avp_check",
            memory.check,
            [
                Parsed("variable", arguments.parse_checked, "a variable"),
                Parsed("test", arguments.parse_test, "operator/value/flags"),
            ],
            routes=ROUTES,
            help="do values pass a test? variable, operator/value/flags",
        ),
        function(
            "avp_copy",
            memory.copy,
            [
                Parsed("source", arguments.parse_avp, "$avp(name)"),
                Parsed("destination", arguments.parse_copied, "$avp(name)/flags"),
            ],
            routes=ROUTES,
            help="copy or move AVPs: source, destination/flags",
        ),
        function(
            "avp_subst",
            memory.substitute,
            [Parsed("avps", arguments.parse_substituted, "$avp(source)/$avp(destination)/flags"), SubstArg()],
            routes=ROUTES,
            help="substitute in AVPs: source/destination/flags, substitution",
        ),
        function(
            "avp_op",
            memory.calculate,
            [
                Parsed("avps", arguments.parse_calculated, "$avp(source)/$avp(destination)"),
                Parsed("operation", arguments.parse_operation, "operator/value/flags"),
            ],
            routes=ROUTES,
            help="calculate with AVPs: source/destination, operator/value/flags",
        ),
        function(
            "is_avp_set",
            memory.is_set,
            [Parsed("avp", arguments.parse_set, "$avp(name)/flags")],
            routes=ROUTES,
            help="is there such an AVP? $avp(name)/flags",
        ),
        function("avp_print", memory.print_all, routes=ROUTES, help="write all AVPs to the log"),
    ],
)
