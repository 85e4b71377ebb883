"""auth_db of SER: digest authentication with credentials from a database."""

from siprouter.core.declare import SER, Module, function, param
from siprouter.core.routes import REQUEST
from siprouter.modules.auth.arguments import Text
from siprouter.modules.auth_db.arguments import Table
from siprouter.modules.auth_db_s.state import SerAuthDb

_ARGUMENTS = (Text("realm"), Table("table"))

module = Module(
    "auth_db",
    help="digest authentication with credentials from a database",
    state=SerAuthDb,
    family=SER,
    depends=("auth",),
    params=[
        param("db_url", str, "mysql://serro:47serro11@localhost/ser", "the database"),
        param("username_column", str, "auth_username", "column of user names"),
        param("did_column", str, "did", "column of ids of domains"),
        param("realm_column", str, "realm", "column of realms"),
        param("password_column", str, "ha1", "column of hashes of user:realm:password"),
        param("password_column_2", str, "ha1b", "column of hashes of user@domain:realm:password"),
        param("plain_password_column", str, "password", "column of passwords"),
        param("flags_column", str, "flags", "column of flags: 1 is used here, 2 disabled"),
        param("calculate_ha1", int, 0, "1: takes the passwords themselves instead of hashes"),
        param("load_credentials", str, "uid", "columns that are loaded into attributes: column|column…"),
        param("use_did", int, 0, "1: the id of the domain counts, too"),
        param("check_all_ha1", int, 0, "1: all credentials of the user are tried, not the first alone"),
    ],
    functions=[
        function(
            "www_authenticate",
            SerAuthDb.www_authenticate,
            _ARGUMENTS,
            routes=REQUEST,
            waits=True,
            help="check the credentials of Authorization: realm, table",
            aliases=("www_authorize",),
        ),
        function(
            "proxy_authenticate",
            SerAuthDb.proxy_authenticate,
            _ARGUMENTS,
            routes=REQUEST,
            waits=True,
            help="check the credentials of Proxy-Authorization: realm, table",
            aliases=("proxy_authorize",),
        ),
    ],
)
