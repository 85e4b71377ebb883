"""sanity: refuses requests that are not what the standards say."""

from siprouter.core.args import Opt
from siprouter.core.declare import Module, function, param
from siprouter.core.routes import REQUEST
from siprouter.modules.sanity.checks import ALL_URIS, KNOWN_CHECKS
from siprouter.modules.sanity.sanity import Bits, Sanity

module = Module(
    "sanity",
    help="refuses requests that are not what the standards say",
    state=Sanity,
    depends=("sl",),
    params=[
        param("default_checks", int, 3047, "sum of the checks that sanity_check() makes"),
        param("uri_checks", int, 7, "sum of the URIs that the check of URIs looks at"),
        param("proxy_require", str, "", "extensions that Proxy-Require may name, separated by commas"),
        param("autodrop", int, 1, "1: a request that fails ends the script, 0: sanity_check() is false"),
    ],
    functions=[
        function(
            "sanity_check",
            Sanity.check,
            [Opt(Bits("checks", KNOWN_CHECKS)), Opt(Bits("uris", ALL_URIS))],
            routes=REQUEST,
            help="check the request and answer it where it fails",
        ),
    ],
)
