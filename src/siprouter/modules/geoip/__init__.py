"""geoip: where addresses are, from a MaxMind DB file."""

from siprouter.core.args import Fmt
from siprouter.core.declare import EVERY_WORKER, Module, function, param, pvar, rpc
from siprouter.core.routes import ANY
from siprouter.modules.geoip.state import GeoIp

module = Module(
    "geoip",
    help="tells country, city and more of an address",
    state=GeoIp,
    params=[param("path", str, None, "the database, a MaxMind DB file (.mmdb)")],
    functions=[
        function(
            "geoip_match",
            GeoIp.match,
            [Fmt("address"), Fmt("name")],
            routes=ANY,
            help="look an address up; $gip(name=>…) tells what was found",
        ),
    ],
    pvars=[pvar("gip", bind=GeoIp.bind, help="an attribute of a look-up: $gip(name=>cc)")],
    rpcs=[
        rpc(
            "geoip.reload",
            GeoIp.reload,
            "*s",
            help="Opens the database again, or another file.",
            workers=EVERY_WORKER,
        ),
    ],
)
