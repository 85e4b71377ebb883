"""uri_db of SER: the users that URIs belong to, from a database."""

from siprouter.core.declare import SER, Module, function, param
from siprouter.core.routes import FAILURE, REQUEST
from siprouter.modules.uri_db_s.lookup import AttributeArg, HeaderArg, SerUriDb
from siprouter.script.ser_args import SerStr

ROUTES = REQUEST | FAILURE

module = Module(
    "uri_db",
    help="the users that URIs belong to",
    state=SerUriDb,
    family=SER,
    params=[
        param("db_url", str, "mysql://serro:47serro11@localhost/ser", "the database"),
        param("uri_table", str, "uri", "the table"),
        param("uid_column", str, "uid", "column of the user's id"),
        param("did_column", str, "did", "column of the id of the URI's domain"),
        param("username_column", str, "username", "column of the URI's user"),
        param("scheme_column", str, "scheme", "column of the URI's scheme"),
        param("flags_column", str, "flags", "column of flags"),
    ],
    functions=[
        function(
            "lookup_user",
            SerUriDb.lookup_user,
            [HeaderArg("where")],
            routes=ROUTES,
            waits=True,
            help="find the user of a URI, and keep it: From, To or Request-URI",
        ),
        function(
            "lookup_user",
            SerUriDb.lookup_user_of,
            [AttributeArg("attribute"), SerStr("uri")],
            routes=ROUTES,
            waits=True,
            help="find the user of a URI, and store it in an attribute: attribute, URI",
        ),
        function(
            "check_uri",
            SerUriDb.check_uri,
            [HeaderArg("where")],
            routes=ROUTES,
            waits=True,
            help="does a URI belong to a user? From, To or Request-URI",
        ),
    ],
)
