"""sqlops: SQL in the configuration."""

from siprouter.core.args import Opt, Str
from siprouter.core.declare import KAMAILIO, Module, function, param, pvar
from siprouter.core.routes import BRANCH, FAILURE, LOCAL, ONREPLY, REQUEST
from siprouter.modules.sqlops import arguments, results
from siprouter.modules.sqlops.state import SqlOps

ROUTES = REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL
_CONNECTION = arguments.ConnectionArg("connection")
_QUERY = arguments.QueryArg("query")

module = Module(
    "sqlops",
    help="SQL in the configuration, values bound",
    state=SqlOps,
    family=KAMAILIO,
    params=[param("sqlcon", str, None, "a database: name=>URL; repeatable", setter="add_connection")],
    functions=[
        function(
            "sql_query",
            SqlOps.query,
            [_CONNECTION, _QUERY, Opt(Str("result"))],
            routes=ROUTES,
            waits=True,
            help="run SQL: name of the database, statement, name of the result for $dbr",
        ),
        function(
            "sql_xquery",
            SqlOps.query_xavp,
            [_CONNECTION, _QUERY, Str("xavp")],
            routes=ROUTES,
            waits=True,
            help="run SQL, rows become values of an $xavp: name of the database, statement, name of the XAVP",
        ),
        function(
            "sql_pvquery",
            SqlOps.query_variables,
            [_CONNECTION, _QUERY, arguments.VARIABLES],
            routes=ROUTES,
            waits=True,
            help="run SQL, columns become values of variables: name of the database, statement, $a; $b …",
        ),
        function("sql_result_free", SqlOps.free, [Str("result")], routes=ROUTES, help="forget a result: its name"),
    ],
    pvars=[pvar("dbr", bind=results.bind_result, inner_required=True, help="a part of a result: name=>rows, [0,1] …")],
)
