"""msilo for scripts of SER: keeps messages for users who are offline, and delivers them when they register."""

from siprouter.core.args import Opt, Str
from siprouter.core.declare import SER, Module, function, param
from siprouter.core.routes import FAILURE, REQUEST
from siprouter.modules.msilo_s.state import SerSilo

_COLUMNS = {
    "mid": ("mid", "of the message's number"),
    "from": ("from_hdr", "of the sender's URI"),
    "to": ("to_hdr", "of the URI in To"),
    "ruri": ("ruri", "of the URI that the message is sent to"),
    "uid": ("uid", "of the owner"),
    "body": ("body", "of the body"),
    "ctype": ("ctype", "of the content type"),
    "exp_time": ("exp_time", "of the time after which the message is dropped"),
    "inc_time": ("inc_time", "of the time when it came"),
}

module = Module(
    "msilo",
    help="keeps MESSAGEs for users who are offline and delivers them when they register",
    state=SerSilo,
    family=SER,
    depends=("tm",),
    params=[
        param("db_url", str, "mysql://ser:heslo@localhost/ser", "the database"),
        param("db_table", str, "silo", "its table"),
        param("registrar", str, None, "URI that notes about kept messages come from; without it there are none"),
        param("expire_time", int, 259200, "seconds that a message is kept, at most"),
        param("check_time", int, 30, "seconds between two attempts to remove what is delivered"),
        param("clean_period", int, 5, "times check_time: seconds between two removals of expired messages"),
        param("use_contact", int, 1, "1: notes go to the sender's Contact, 0: to the URI in From"),
        *(param(f"sc_{name}", str, column, f"column {what}") for name, (column, what) in _COLUMNS.items()),
    ],
    functions=[
        function(
            "m_store",
            SerSilo.store,
            [Str("which URI"), Opt(Str("next hop"))],
            routes=REQUEST | FAILURE,
            waits=True,
            help='keep the message; it will be sent to "0" the request URI, "1" the received one, "2" To',
        ),
        function(
            "m_dump",
            SerSilo.dump,
            [Opt(Str("next hop"))],
            routes=REQUEST,
            waits=True,
            help="send what is kept for the user who registers",
        ),
    ],
)
