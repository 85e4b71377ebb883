"""imc: rooms in which users talk by MESSAGE, and the commands that they send to them."""

from siprouter.core.declare import KAMAILIO, Module, function, mi, param, stat
from siprouter.core.routes import REQUEST
from siprouter.modules.imc import management
from siprouter.modules.imc.state import Imc

module = Module(
    "imc",
    help="conference rooms for instant messages",
    state=Imc,
    family=KAMAILIO,
    depends=("tm",),
    params=[
        param("db_url", str, "mysql://openser:openserrw@localhost/openser", "the database"),
        param("rooms_table", str, "imc_rooms", "its table of rooms"),
        param("members_table", str, "imc_members", "its table of members"),
        param("hash_size", int, 4, "size of a table", obsolete="tables here grow as they need"),
        param("imc_cmd_start_char", str, "#", "what commands begin with"),
        param("outbound_proxy", str, None, "URI of the next hop of all that is sent"),
        param("extra_hdrs", str, None, "header lines of all that is sent"),
    ],
    functions=[
        function(
            "imc_manager",
            Imc.manager,
            routes=REQUEST,
            waits=True,
            help="carry out a command, or send the message to all members of the room",
        ),
    ],
    mis=[
        mi("imc_list_rooms", management.list_rooms, help="all rooms, with their owners"),
        mi("imc_list_members", management.list_members, help="the members of a room: its URI"),
    ],
    stats=[stat("active_rooms", "rooms that there are", Imc.active_rooms, shared=True)],
)
