"""registrar for scripts of SER: processes REGISTER, and finds the contacts of a user."""

from siprouter.core.args import Opt
from siprouter.core.declare import SER, Module, cfg_var, function, param
from siprouter.core.routes import FAILURE, ONREPLY, REQUEST
from siprouter.modules.registrar_s import lookup, save
from siprouter.modules.registrar_s.state import SerRegistrar
from siprouter.modules.usrloc.arguments import table
from siprouter.script.text_args import AttributeOrText

_EXPIRES = "seconds a contact lives for which the phone names no time"
_MIN = "shortest life of a contact in seconds; 0: no limit"
_MAX = "longest life of a contact in seconds; 0: no limit"
_CONTACTS = "most contacts of a user; 0: no limit"
_BRANCHES = "1: lookup makes a branch of every contact, 0: only the first counts"
_ARGS = (table(), Opt(AttributeOrText("aor")))
_ROUTES = REQUEST | FAILURE

module = Module(
    "registrar",
    help="registers phones and looks up where users are",
    state=SerRegistrar,
    family=SER,
    depends=("usrloc", "sl"),
    params=[
        param("default_expires", int, 3600, _EXPIRES, cfg_var="default_expires"),
        param("default_q", int, -1, "q of contacts without one, in thousandths; -1: none"),
        param("append_branches", int, 1, _BRANCHES, cfg_var="append_branches"),
        param("save_nat_flag", "int|str", 4, "flag of requests whose contacts are behind NAT; -1: none"),
        param("load_nat_flag", "int|str", 4, "flag that lookup sets where a contact is behind NAT; -1: none"),
        param(
            "trust_received_flag", "int|str", -2, "flag of requests whose received parameters count; -1: none, -2: all"
        ),
        param("min_expires", int, 60, _MIN, cfg_var="min_expires"),
        param("max_expires", int, 0, _MAX, cfg_var="max_expires"),
        param("received_param", str, "received", "name of the Contact parameter that answers give the source in"),
        param("max_contacts", int, 0, _CONTACTS, cfg_var="max_contacts"),
        param("received_to_uri", int, 0, "1: lookup puts the source into the URI instead of going there"),
        param("reply_code_attr", str, "$code", "attribute for the status where no answer is sent"),
        param("reply_reason_attr", str, "$reason", "attribute for the reason phrase where no answer is sent"),
        param("contact_attr", str, "$contact", "attribute for the Contact line where no answer is sent"),
        param("aor_attr", str, "$aor", "attribute with the address of record to note, instead of To"),
        param("server_id_attr", str, "$server_id", "attribute with the number of the server that is responsible"),
    ],
    functions=[
        function("save_contacts", save.save, _ARGS, routes=_ROUTES, help="store contacts", aliases=["save"]),
        function(
            "save_contacts_noreply", save.save_noreply, _ARGS, routes=_ROUTES, help="store contacts without an answer"
        ),
        function(
            "save_noreply", save.save_noreply, _ARGS, routes=_ROUTES | ONREPLY, help="store contacts without an answer"
        ),
        function("save_memory", save.save_memory, _ARGS, routes=_ROUTES, help="store contacts in memory only"),
        function(
            "save_mem_nr", save.save_mem_nr, _ARGS, routes=_ROUTES, help="store contacts in memory, without an answer"
        ),
        function(
            "lookup_contacts",
            lookup.lookup,
            _ARGS,
            routes=_ROUTES,
            help="go to the contacts of the user",
            aliases=["lookup"],
        ),
        function("registered", lookup.registered, _ARGS, routes=_ROUTES, help="has the user contacts?"),
    ],
    cfg_vars=[
        cfg_var("default_expires", int, 3600, _EXPIRES),
        cfg_var("min_expires", int, 60, _MIN),
        cfg_var("max_expires", int, 0, _MAX),
        cfg_var("max_contacts", int, 0, _CONTACTS, atomic=True),
        cfg_var("append_branches", int, 1, _BRANCHES),
    ],
)
