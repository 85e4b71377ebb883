"""speeddial of SER: short numbers of each user, from a database."""

from siprouter.core.declare import SER, Module, function, param
from siprouter.core.routes import REQUEST
from siprouter.modules.speeddial_s.lookup import SerSpeedDial, TableArg

module = Module(
    "speeddial",
    help="replaces a short number of the caller in the request URI by what it stands for, as SER does",
    state=SerSpeedDial,
    family=SER,
    depends=("sl",),
    params=[
        param("db_url", str, "mysql://serro:47serro11@localhost/ser", "the database"),
        param("uid_column", str, "uid", "column of the owner's id"),
        param("dial_did_column", str, "dial_did", "column of the id of the short number's domain"),
        param("dial_username_column", str, "dial_username", "column of the short number"),
        param("new_uri_column", str, "new_uri", "column of what it stands for"),
    ],
    functions=[
        function(
            "sd_lookup",
            SerSpeedDial.lookup,
            [TableArg("table")],
            routes=REQUEST,
            waits=True,
            help="replace a short number in the request URI: table",
        ),
    ],
)
