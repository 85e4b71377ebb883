"""usrloc: where the phones are. Bindings (contacts) by address of record, in memory."""

from siprouter.core.declare import KAMAILIO, Module, mi, param, rpc, stat
from siprouter.modules.usrloc import management
from siprouter.modules.usrloc.dump import dump
from siprouter.modules.usrloc.state import Usrloc

_COLUMNS = {
    "user": "username",
    "domain": "domain",
    "contact": "contact",
    "expires": "expires",
    "q": "q",
    "callid": "callid",
    "cseq": "cseq",
    "flags": "flags",
    "cflags": "cflags",
    "user_agent": "user_agent",
    "received": "received",
    "path": "path",
    "socket": "socket",
    "methods": "methods",
}

module = Module(
    "usrloc",
    help="stores where users are registered, for registrar and others",
    state=Usrloc,
    family=KAMAILIO,
    params=[
        *(
            param(f"{name}_column", str, column, f"database column of the {name.replace('_', ' ')}")
            for name, column in _COLUMNS.items()
        ),
        param("db_url", str, "mysql://openser:openserrw@localhost/openser", "database"),
        param("timer_interval", int, 60, "seconds between two removals of expired contacts"),
        param("db_mode", int, 0, "0: memory only, 1: written at once, 2: now and then, 3: the database alone"),
        param("use_domain", int, 0, "1: the domain is part of the address of record"),
        param("desc_time_order", int, 0, "1: newest contact first, instead of by q"),
        param("matching_mode", int, 0, "same contact when equal: 0 URI, 1 URI and Call-ID, 2 URI and Path"),
        param("cseq_delay", int, 20, "seconds within which the same CSeq counts as a retransmission"),
        param("fetch_rows", int, 2000, "rows to fetch at once at the start"),
        param("hash_size", int, 9, "the table size that dumps tell is 2 to the power of this"),
        param("nat_bflag", int, -1, "branch flag that marks contacts behind NAT"),
    ],
    rpcs=[rpc("ul.dump", dump, "*s", help="all contacts of all tables; brief: only the addresses of record")],
    mis=[
        mi("ul_rm", management.remove_aor, help="remove all contacts of an address of record: table aor"),
        mi("ul_rm_contact", management.remove_contact, help="remove one contact: table aor contact"),
        mi("ul_dump", management.dump, help="all contacts of all tables; brief: only the addresses of record"),
        mi("ul_flush", management.flush, help="remove expired contacts now"),
        mi(
            "ul_add",
            management.add_contact,
            help="add a contact: table aor contact expires q unused flags cflags methods",
        ),
        mi("ul_show_contact", management.show_contact, help="contacts of an address of record: table aor"),
    ],
    stats=[stat("registered_users", "addresses of record in all tables", Usrloc.registered_users, shared=True)],
    exports=["<domain>-contacts", "<domain>-expires", "<domain>-users"],
)
