"""uri of SER: questions about request URIs, and changes of them."""

from siprouter.core.args import Opt
from siprouter.core.declare import SER, Module, function
from siprouter.core.routes import REQUEST
from siprouter.modules.uri_s.checks import Uris
from siprouter.script.ser_args import SerStr

module = Module(
    "uri",
    help="questions about request URIs, and changes of them",
    state=Uris,
    family=SER,
    functions=[
        function("is_user", Uris.is_user, [SerStr("name")], routes=REQUEST, help="whether this user was checked"),
        function("has_totag", Uris.has_totag, routes=REQUEST, help="whether To has a tag"),
        function(
            "uri_param",
            Uris.uri_param,
            [SerStr("name"), Opt(SerStr("value"))],
            routes=REQUEST,
            help="whether the request URI has a parameter (with a value)",
        ),
        function(
            "add_uri_param", Uris.add_uri_param, [SerStr("param")], routes=REQUEST, help="add a request URI parameter"
        ),
        function("tel2sip", Uris.tel2sip, routes=REQUEST, help="make a tel request URI a sip one"),
    ],
)
