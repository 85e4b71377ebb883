"""auth_db: digest authentication with passwords from a database."""

from siprouter.core.declare import KAMAILIO, Module, function, param
from siprouter.core.routes import REQUEST
from siprouter.modules.auth.arguments import Text
from siprouter.modules.auth_db.arguments import Table
from siprouter.modules.auth_db.state import AuthDb

_ARGUMENTS = (Text("realm"), Table("table"))

module = Module(
    "auth_db",
    help="digest authentication with passwords from a database",
    state=AuthDb,
    family=KAMAILIO,
    depends=("auth",),
    params=[
        param("db_url", str, "mysql://openserro:openserro@localhost/openser", "the database"),
        param("user_column", str, "username", "column of user names"),
        param("domain_column", str, "domain", "column of domains"),
        param("password_column", str, "ha1", "column of passwords, or of hashes of user:realm:password"),
        param("password_column_2", str, "ha1b", "column of hashes of user@domain:realm:password"),
        param("calculate_ha1", int, 0, "1: password_column has the passwords themselves"),
        param("use_domain", int, 0, "1: a user is found by name and domain"),
        param("load_credentials", str, "rpid", "columns that are loaded into AVPs: column;$avp(name)=column;…"),
    ],
    functions=[
        function(
            "www_authenticate",
            AuthDb.www_authenticate,
            _ARGUMENTS,
            routes=REQUEST,
            waits=True,
            help="check the credentials of Authorization: realm, table",
            aliases=("www_authorize",),
        ),
        function(
            "proxy_authenticate",
            AuthDb.proxy_authenticate,
            _ARGUMENTS,
            routes=REQUEST,
            waits=True,
            help="check the credentials of Proxy-Authorization: realm, table",
            aliases=("proxy_authorize",),
        ),
    ],
)
