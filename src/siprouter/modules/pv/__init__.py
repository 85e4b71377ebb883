"""pv: the pseudo-variables of messages and scripts, and the transformations of texts, URIs and parameter lists."""

from siprouter.core.args import PvRef
from siprouter.core.declare import KAMAILIO, Module, function, mi, param
from siprouter.modules.pv import functions, shared, xavp
from siprouter.modules.pv.state import Pv
from siprouter.modules.pv.tables import PVARS, TRANSFORMATIONS

module = Module(
    "pv",
    help="pseudo-variables and transformations",
    state=Pv,
    family=KAMAILIO,
    params=[
        param("shvset", str, None, 'initial value of a $shv: "name=i:5" or "name=s:text"', setter="add_shared"),
        param("varset", str, None, 'initial value of a $var: "name=i:5" or "name=s:text"', setter="add_variable"),
        param("avp_aliases", str, None, 'other names of AVPs: "email=s:email_addr;id=i:5"', setter="add_aliases"),
    ],
    functions=[
        function("pv_isset", functions.is_set, [PvRef()], help="whether a variable is not null"),
        function("pv_unset", functions.unset, [PvRef()], help="set a variable to null"),
        function("pv_xavp_print", xavp.print_all, help="write all extended AVPs to the log"),
    ],
    pvars=PVARS,
    transformations=TRANSFORMATIONS,
    mis=[
        mi("shv_get", shared.mi_get, help="show a shared variable, or all: [name]"),
        mi("shv_set", shared.mi_set, help="set a shared variable: name, int or str, value"),
    ],
)
