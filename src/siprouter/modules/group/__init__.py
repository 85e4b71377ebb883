"""group: whether users belong to groups."""

from siprouter.core.args import Fmt, PvRef
from siprouter.core.declare import KAMAILIO, Module, function, param
from siprouter.core.routes import BRANCH, FAILURE, LOCAL, REQUEST
from siprouter.modules.group.arguments import Whose
from siprouter.modules.group.state import Group

ROUTES = REQUEST | FAILURE | BRANCH | LOCAL

module = Module(
    "group",
    help="groups of users, by name in a table and by regular expressions",
    state=Group,
    family=KAMAILIO,
    params=[
        param("db_url", str, "mysql://openserro:openserro@localhost/openser", "the database"),
        param("table", str, "grp", "table of users and their groups"),
        param("user_column", str, "username", "column of users"),
        param("domain_column", str, "domain", "column of domains"),
        param("group_column", str, "grp", "column of groups"),
        param("use_domain", int, 0, "1: a user is found by name and domain"),
        param("re_table", str, None, "table of regular expressions"),
        param("re_exp_column", str, "reg_exp", "column of the regular expression"),
        param("re_gid_column", str, "group_id", "column of the number of the group"),
        param("multiple_gid", int, 1, "0: the first match alone counts"),
    ],
    functions=[
        function(
            "is_user_in", Group.is_user_in, [Whose(), Fmt("group")], routes=ROUTES, waits=True, help="is a user in it?"
        ),
        function(
            "get_user_group",
            Group.get_user_group,
            [Whose(), PvRef("avp", writable=True)],
            routes=ROUTES,
            help="numbers of the groups whose expressions match a user",
        ),
    ],
)
