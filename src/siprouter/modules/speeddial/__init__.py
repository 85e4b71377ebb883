"""speeddial: short numbers of each user, from a database."""

from siprouter.core.args import Fmt, Opt
from siprouter.core.declare import KAMAILIO, Module, function, param
from siprouter.core.routes import REQUEST
from siprouter.modules.speeddial.lookup import SpeedDial

module = Module(
    "speeddial",
    help="replaces a short number of the caller in the request URI by what it stands for",
    state=SpeedDial,
    family=KAMAILIO,
    params=[
        param("db_url", str, "mysql://openserro:openserro@localhost/openser", "the database"),
        param("user_column", str, "username", "column of the owner"),
        param("domain_column", str, "domain", "column of the owner's domain"),
        param("sd_user_column", str, "sd_username", "column of the short number"),
        param("sd_domain_column", str, "sd_domain", "column of the short number's domain"),
        param("new_uri_column", str, "new_uri", "column of what it stands for"),
        param("use_domain", int, 0, "1: the owner's domain counts, 2: that of the short number, too"),
        param("domain_prefix", str, None, "taken off domains before they are looked for"),
    ],
    functions=[
        function(
            "sd_lookup",
            SpeedDial.lookup,
            [Fmt("table"), Opt(Fmt("owner"))],
            routes=REQUEST,
            waits=True,
            help="replace a short number in the request URI: table, URI of its owner",
        ),
    ],
)
