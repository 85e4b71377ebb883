"""acc_radius of SER: accounting to RADIUS servers."""

from siprouter.core.declare import SER, Module, function, param
from siprouter.core.routes import FAILURE, REQUEST
from siprouter.modules.acc_radius_s.items import ALL
from siprouter.modules.acc_radius_s.state import SerAccRadius
from siprouter.script.ser_args import SerInt

module = Module(
    "acc_radius",
    help="accounts transactions and missed calls to RADIUS servers",
    state=SerAccRadius,
    family=SER,
    depends=("tm",),
    uses=("acc",),
    params=[
        param("early_media", int, 0, "1: 183 is accounted, too"),
        param("failed_transactions", int, 0, "1: answers from 300 on are accounted, too"),
        param("report_ack", int, 0, "1: the end-to-end ACK of a call is accounted, too"),
        param("report_cancels", int, 0, "1: CANCELs are accounted, too"),
        param("log_flag", "int|str", 0, "message flag: the transaction is accounted; 0: none"),
        param("log_missed_flag", "int|str", 0, "message flag: a call that is not taken is accounted; 0: none"),
        param("log_fmt", str, ALL, "a letter for each item of a record"),
        param("attrs", str, "", "$attribute,$attribute…: what the item a holds"),
        param("radius_config", str, "/usr/local/etc/radiusclient-ng/radiusclient.conf", "configuration of the client"),
        param("radius_journal", str, None, "file that keeps records until a RADIUS server has them"),
        param("service_type", int, -1, "value of Service-Type; -1: that of Sip-Session"),
        param("swap_direction", int, 0, "1: From and To change places in requests of the called side"),
    ],
    functions=[
        function(
            name,
            SerAccRadius.account_now,
            [SerInt("code")],
            routes=REQUEST | FAILURE,
            arities=(0, 1),
            help="account the message, with a code",
        )
        for name in ("acc_rad_log", "acc_rad_missed")
    ],
)
