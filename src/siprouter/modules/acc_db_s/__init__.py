"""acc_db of SER: accounting to a database."""

from siprouter.core.declare import SER, Module, function, param
from siprouter.core.routes import FAILURE, REQUEST
from siprouter.modules.acc_db_s.state import COLUMNS, SerAccDb
from siprouter.modules.acc_radius_s.items import ALL
from siprouter.script.ser_args import SerInt

module = Module(
    "acc_db",
    help="accounts transactions and missed calls to a database",
    state=SerAccDb,
    family=SER,
    depends=("tm",),
    uses=("acc", "acc_radius_s", "acc_syslog_s"),
    params=[
        param("early_media", int, 0, "1: 183 is accounted, too"),
        param("failed_transactions", int, 0, "1: answers from 300 on are accounted, too"),
        param("report_ack", int, 0, "1: the end-to-end ACK of a call is accounted, too"),
        param("report_cancels", int, 0, "1: CANCELs are accounted, too"),
        param("log_flag", "int|str", 0, "message flag: the transaction is accounted; 0: none"),
        param("log_missed_flag", "int|str", 0, "message flag: a call that is not taken is accounted; 0: none"),
        param("log_fmt", str, ALL, "a letter for each item of a record"),
        param("attrs", str, "", "$attribute,$attribute…: what the item a holds"),
        param("db_url", str, "mysql://ser:heslo@localhost/ser", "the database"),
        param("db_journal", str, None, "file that keeps records until they are in the database"),
        param("acc_table", str, "acc", "table of transactions"),
        param("mc_table", str, "missed_calls", "table of missed calls"),
        *[param(name, str, default, f"column of item {letter}") for letter, (name, default) in COLUMNS.items()],
    ],
    functions=[
        function(
            "acc_db_log",
            SerAccDb.account_now,
            [SerInt("code")],
            routes=REQUEST | FAILURE,
            arities=(0, 1),
            help="account the message, with a code",
        ),
        function(
            "acc_db_missed",
            SerAccDb.account_missed,
            [SerInt("code")],
            routes=REQUEST | FAILURE,
            arities=(0, 1),
            help="account the message as a missed call, with a code",
        ),
    ],
)
