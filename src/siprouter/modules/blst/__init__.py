"""blst: the destination blacklist in the script."""

from siprouter.core.declare import Function, Module, function
from siprouter.core.routes import BRANCH, FAILURE, ONREPLY, ONSEND, REQUEST
from siprouter.modules.blst.blst import Blst
from siprouter.script.ser_args import SerInt

SOURCE = REQUEST | ONREPLY | FAILURE | ONSEND
FORWARD = REQUEST | ONREPLY | FAILURE | BRANCH | ONSEND
REPLY = REQUEST | ONREPLY | FAILURE | BRANCH


def masks(name: str, routes: int, help: str) -> list[Function]:
    """A function that takes a bit mask, or nothing for all bits; the method has its name without blst_."""
    method = getattr(Blst, name.removeprefix("blst_"))
    return [function(name, method, arguments, routes=routes, help=help) for arguments in ([], [SerInt("flags")])]


module = Module(
    "blst",
    help="adds the source of a message to the destination blacklist, or says which errors do not count for it",
    state=Blst,
    functions=[
        function("blst_add", Blst.add, [], routes=SOURCE, help="list the source for dst_blacklist_expire seconds"),
        function("blst_add", Blst.add, [SerInt("seconds")], routes=SOURCE, help="list the source for so many seconds"),
        function(
            "blst_add_retry_after",
            Blst.add_retry_after,
            [SerInt("least"), SerInt("most")],
            routes=SOURCE,
            help="list the source as long as Retry-After says, within these limits; false without Retry-After",
        ),
        function("blst_del", Blst.delete, [], routes=SOURCE, help="take the source off; false where it is not listed"),
        function("blst_is_blacklisted", Blst.is_listed, [], routes=SOURCE, help="whether the source is listed"),
        *masks("blst_set_ignore", FORWARD, "errors in sending this message on list nothing"),
        *masks("blst_clear_ignore", FORWARD, "take blst_set_ignore() back"),
        *masks("blst_rpl_set_ignore", REPLY, "errors in sending replies to this message list nothing"),
        *masks("blst_rpl_clear_ignore", REPLY, "take blst_rpl_set_ignore() back"),
    ],
)
