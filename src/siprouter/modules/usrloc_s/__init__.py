"""usrloc for scripts of SER: where the phones are. Bindings (contacts) by user id, in memory and in a database."""

from siprouter.core.declare import SER, Module, function, param, rpc
from siprouter.core.routes import BRANCH, FAILURE, REQUEST
from siprouter.modules.usrloc.arguments import table
from siprouter.modules.usrloc_s import commands
from siprouter.modules.usrloc_s.dump_file import dump_file
from siprouter.modules.usrloc_s.reg_avps import read_reg_avps
from siprouter.modules.usrloc_s.state import SerUsrloc
from siprouter.script.text_args import AttributeOrText

_COLUMNS = (
    "uid",
    "contact",
    "expires",
    "q",
    "callid",
    "cseq",
    "flags",
    "user_agent",
    "received",
    "instance",
    "aor",
)

module = Module(
    "usrloc",
    help="stores where users are registered, for registrar and others",
    state=SerUsrloc,
    family=SER,
    params=[
        *(param(f"{name}_column", str, name, f"database column of the {name.replace('_', ' ')}") for name in _COLUMNS),
        param("method_column", str, "method", "no effect, as in SIP Router: no methods are stored"),
        param("db_url", str, "mysql://ser:heslo@localhost/ser", "database"),
        param("timer_interval", int, 60, "seconds between two removals of expired contacts"),
        param("db_mode", int, 0, "0: memory only, 1: written at once, 2: now and then, 3: loaded and never written"),
        param("desc_time_order", int, 0, "1: newest contact first, instead of by q"),
        param("reg_avp_column", str, None, "database column of the attributes; none: they are not stored"),
        param("reg_avp_flag", str, None, "attributes with this flag are kept with the contacts"),
        param("db_skip_delete", int, 0, "1: expired contacts stay in the database"),
    ],
    functions=[
        function(
            "read_reg_avps",
            read_reg_avps,
            [table(), AttributeOrText("uid")],
            routes=REQUEST | FAILURE | BRANCH,
            help="attributes of the contact that the request URI is",
        ),
    ],
    rpcs=[
        rpc("usrloc.stats", commands.stats, returns_array=True, help="users and expired contacts of all tables"),
        rpc("usrloc.delete_uid", commands.delete_uid, "ss", help="remove all contacts of a user: table uid"),
        rpc("usrloc.delete_contact", commands.delete_contact, "sss", help="remove a contact: table uid contact"),
        rpc("usrloc.dump", commands.dump, help="all contacts of all tables"),
        rpc("usrloc.dump_file", dump_file, "s", help="write all contacts to a file"),
        rpc("usrloc.flush", commands.flush, help="remove expired contacts now, and write what waits"),
        rpc(
            "usrloc.add_contact",
            commands.add_contact,
            "sssdfd*d",
            help="add a contact: table uid contact expires q flags [server_id]",
        ),
        rpc(
            "usrloc.show_contacts",
            commands.show_contacts,
            "ss",
            returns_array=True,
            help="contacts of a user: table uid",
        ),
    ],
)
