"""uri_db: whether users of requests are those who authenticated, and whether they exist."""

from siprouter.core.declare import KAMAILIO, Module, function, param
from siprouter.core.routes import LOCAL, REQUEST
from siprouter.modules.uri_db.checks import UriDb

module = Module(
    "uri_db",
    help="checks From, To and request URI against accounts",
    state=UriDb,
    family=KAMAILIO,
    params=[
        param("db_url", str, "mysql://openserro:openserro@localhost/openser", "the database; empty: none"),
        param("db_table", str, "subscriber", "the table"),
        param("user_column", str, "username", "column of the account's user"),
        param("domain_column", str, "domain", "column of the account's domain"),
        param("uriuser_column", str, "uri_user", "column of users that the account may call itself"),
        param("use_uri_table", int, 0, "1: db_table lists the users that an account may call itself"),
        param("use_domain", int, 0, "1: does_uri_exist() looks for user and domain"),
    ],
    functions=[
        function("check_from", UriDb.check_from, routes=REQUEST, waits=True, help="is From who authenticated?"),
        function("check_to", UriDb.check_to, routes=REQUEST, waits=True, help="is To who authenticated?"),
        function(
            "does_uri_exist",
            UriDb.does_uri_exist,
            routes=REQUEST | LOCAL,
            waits=True,
            help="is the user of the request URI in the table?",
        ),
    ],
)
