"""userblacklist: numbers that users, or all, may not call."""

from siprouter.core.args import Arg, Fmt, Opt
from siprouter.core.declare import EVERY_WORKER, KAMAILIO, Module, function, mi, param
from siprouter.core.routes import FAILURE, REQUEST
from siprouter.modules.userblacklist.state import TableArg, UserBlacklist

ROUTES = REQUEST | FAILURE
_USER: list[Arg] = [Fmt("user"), Fmt("domain"), Opt(Fmt("number")), Opt(Fmt("table"))]

module = Module(
    "userblacklist",
    help="numbers that users, or all, may not call, by their prefixes",
    state=UserBlacklist,
    family=KAMAILIO,
    params=[
        param("db_url", str, "mysql://openserro:openserro@localhost/openser", "the database"),
        param("use_domain", int, 0, "1: users are found by name and domain"),
        param("userblacklist_table", str, "userblacklist", "the table of the users' lists"),
        param(
            "userblacklist_id_col", str, "id", "its key, which is not needed", obsolete="rows are not read by their key"
        ),
        param("userblacklist_username_col", str, "username", "column of the user"),
        param("userblacklist_domain_col", str, "domain", "column of the user's domain"),
        param("userblacklist_prefix_col", str, "prefix", "column of the prefix"),
        param("userblacklist_whitelist_col", str, "whitelist", "column that is 1 where the prefix is allowed"),
        param("globalblacklist_table", str, "globalblacklist", "the table of the list for all"),
        param(
            "globalblacklist_id_col",
            str,
            "id",
            "its key, which is not needed",
            obsolete="rows are not read by their key",
        ),
        param("globalblacklist_prefix_col", str, "prefix", "column of the prefix"),
        param("globalblacklist_whitelist_col", str, "whitelist", "column that is 1 where the prefix is allowed"),
        param("globalblacklist_description_col", str, "description", "a comment", obsolete="descriptions are not read"),
    ],
    functions=[
        function(
            "check_user_blacklist",
            UserBlacklist.check_user_blacklist,
            _USER,
            routes=ROUTES,
            waits=True,
            help="may a user call a number? user, domain, number, table",
        ),
        function(
            "check_user_whitelist",
            UserBlacklist.check_user_whitelist,
            _USER,
            routes=ROUTES,
            waits=True,
            help="is a number on the white list of a user? user, domain, number, table",
        ),
        function(
            "check_blacklist",
            UserBlacklist.check_blacklist,
            [TableArg("table")],
            routes=ROUTES,
            help="may all call the number in the request URI? table",
        ),
        function(
            "check_blacklist",
            UserBlacklist.check_global,
            routes=ROUTES,
            help="may all call the number in the request URI?",
        ),
    ],
    mis=[mi("reload_blacklist", UserBlacklist.reload_mi, help="read the lists for all again", workers=EVERY_WORKER)],
)
