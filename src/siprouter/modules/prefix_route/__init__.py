"""prefix_route: runs a route by the longest prefix of the number that is called."""

from siprouter.core.declare import EVERY_WORKER, Module, function, param, rpc
from siprouter.core.routes import REQUEST
from siprouter.modules.prefix_route.state import PrefixRoute

module = Module(
    "prefix_route",
    help="runs a route by the longest prefix of the number that is called",
    state=PrefixRoute,
    params=[
        param("db_url", str, "mysql://ser:heslo@localhost/ser", "the database"),
        param("db_table", str, "prefix_route", "the table"),
    ],
    functions=[
        function(
            "prefix_route",
            PrefixRoute.route,
            routes=REQUEST,
            waits=True,
            help="run the route of the longest prefix of the user in the request URI",
        ),
    ],
    rpcs=[
        rpc("prefix_route.reload", PrefixRoute.reload, help="read the rules again", workers=EVERY_WORKER),
        rpc("prefix_route.dump", PrefixRoute.dump, help="prefixes and their routes"),
    ],
)
