"""acc_syslog of SER: accounting by log lines."""

from siprouter.core.declare import SER, Module, function, param
from siprouter.core.routes import FAILURE, REQUEST
from siprouter.modules.acc_radius_s.items import ALL
from siprouter.modules.acc_syslog_s.state import SerAccSyslog
from siprouter.script.ser_args import SerInt

module = Module(
    "acc_syslog",
    help="accounts transactions and missed calls by log lines",
    state=SerAccSyslog,
    family=SER,
    depends=("tm",),
    uses=("acc", "acc_radius_s"),
    params=[
        param("early_media", int, 0, "1: 183 is accounted, too"),
        param("failed_transactions", int, 0, "1: answers from 300 on are accounted, too"),
        param("report_ack", int, 0, "1: the end-to-end ACK of a call is accounted, too"),
        param("report_cancels", int, 0, "1: CANCELs are accounted, too"),
        param("log_flag", "int|str", 0, "message flag: the transaction is accounted; 0: none"),
        param("log_missed_flag", "int|str", 0, "message flag: a call that is not taken is accounted; 0: none"),
        param("log_fmt", str, ALL, "a letter for each item of a record"),
        param("log_level", int, 1, "level of the lines"),
        param("attrs", str, "", "$attribute,$attribute…: what the item a holds"),
    ],
    functions=[
        function(
            "acc_syslog_log",
            SerAccSyslog.account_now,
            [SerInt("code")],
            routes=REQUEST | FAILURE,
            arities=(0, 1),
            help="account the message, with a code",
        ),
        function(
            "acc_syslog_missed",
            SerAccSyslog.account_missed,
            [SerInt("code")],
            routes=REQUEST | FAILURE,
            arities=(0, 1),
            help="account the message as a missed call, with a code",
        ),
    ],
)
