"""alias_db: other names of users, from a database."""

from siprouter.core.args import Fmt
from siprouter.core.declare import KAMAILIO, Module, function, param
from siprouter.core.routes import FAILURE, REQUEST
from siprouter.modules.alias_db.lookup import AliasDb

module = Module(
    "alias_db",
    help="replaces an alias in the request URI by the user that it stands for",
    state=AliasDb,
    family=KAMAILIO,
    params=[
        param("db_url", str, "mysql://openserro:openserro@localhost/openser", "the database"),
        param("user_column", str, "username", "column of the user"),
        param("domain_column", str, "domain", "column of the user's domain"),
        param("alias_user_column", str, "alias_username", "column of the alias"),
        param("alias_domain_column", str, "alias_domain", "column of the alias' domain"),
        param("use_domain", int, 0, "1: an alias is found by name and domain"),
        param("domain_prefix", str, None, "taken off the domain before it is looked for"),
        param("append_branches", int, 0, "1: all users that an alias stands for, one branch each"),
    ],
    functions=[
        function(
            "alias_db_lookup",
            AliasDb.lookup,
            [Fmt("table")],
            routes=REQUEST | FAILURE,
            waits=True,
            help="replace the alias in the request URI: table",
        ),
    ],
)
