"""acc_radius: accounting to RADIUS servers."""

from siprouter.core.declare import KAMAILIO, Module, function, param
from siprouter.core.routes import ANY
from siprouter.modules.acc.arguments import Comment
from siprouter.modules.acc_radius.state import AccRadius

module = Module(
    "acc_radius",
    help="accounts answered transactions and missed calls to RADIUS servers",
    state=AccRadius,
    family=KAMAILIO,
    depends=("acc",),
    params=[
        param("radius_config", str, None, "configuration file of the RADIUS client"),
        param("radius_flag", int, -1, "message flag: the transaction is accounted"),
        param("radius_missed_flag", int, -1, "message flag: a call that is not taken is accounted"),
        param("service_type", int, -1, "value of Service-Type; -1: that of Sip-Session"),
        param("radius_extra", str, None, "attribute=$variable;…: what is accounted beside the usual"),
        param("radius_journal", str, None, "file that keeps records until a RADIUS server has them"),
    ],
    functions=[
        function("acc_rad_request", AccRadius.request, [Comment("comment")], routes=ANY, help="account the message"),
    ],
)
