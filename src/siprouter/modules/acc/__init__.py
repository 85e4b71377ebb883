"""acc: accounting of answered and missed calls."""

from siprouter.core.declare import KAMAILIO, Module, function, param
from siprouter.core.routes import ANY
from siprouter.modules.acc.acc import Acc
from siprouter.modules.acc.arguments import Comment, Table

_COLUMN = "column of the database tables"

module = Module(
    "acc",
    help="accounts answered transactions, missed calls and end-to-end ACKs",
    state=Acc,
    family=KAMAILIO,
    depends=("tm",),
    params=[
        param("early_media", int, 0, "1: provisional answers with a body are accounted, too"),
        param("failed_transaction_flag", int, -1, "message flag: answers from 300 on are accounted, too"),
        param("report_ack", int, 0, "1: the end-to-end ACK of a call is accounted, too"),
        param("report_cancels", int, 0, "1: CANCELs are accounted, too"),
        param("multi_leg_info", str, None, "name=$avp(…);…: AVPs with a value for each leg of a call"),
        param("detect_direction", int, 0, "1: the tags change places in requests of the called side"),
        param("log_flag", int, -1, "message flag: the transaction is accounted to the log"),
        param("log_missed_flag", int, -1, "message flag: a call that is not taken is accounted to the log"),
        param("log_level", int, 1, "log level of the lines"),
        param("log_facility", str, None, "syslog facility of the lines"),
        param("log_extra", str, None, "name=$variable;…: what is accounted beside the usual"),
        param("radius_config", str, None, "configuration file of the RADIUS client"),
        param("radius_flag", int, -1, "message flag: the transaction is accounted to RADIUS"),
        param("radius_missed_flag", int, -1, "message flag: a call that is not taken is accounted to RADIUS"),
        param("service_type", int, -1, "value of Service-Type; -1: that of Sip-Session"),
        param("radius_extra", str, None, "attribute=$variable;…: what is accounted to RADIUS beside the usual"),
        param("radius_journal", str, None, "file that keeps records until a RADIUS server has them"),
        param("diameter_flag", int, -1, "message flag of DIAMETER"),
        param("diameter_missed_flag", int, -1, "message flag of DIAMETER for missed calls"),
        param("diameter_client_host", str, "localhost", "host of the DIAMETER client"),
        param("diameter_client_port", int, 3000, "port of the DIAMETER client"),
        param("diameter_extra", str, None, "what is accounted to DIAMETER beside the usual"),
        param("db_flag", int, -1, "message flag of the database"),
        param("db_missed_flag", int, -1, "message flag of the database for missed calls"),
        param("db_extra", str, None, "what is accounted to the database beside the usual"),
        param("db_url", str, None, "the database"),
        param("db_journal", str, None, "file that keeps records until they are in the database"),
        param("db_table_acc", str, "acc", "table of answered transactions"),
        param("db_table_missed_calls", str, "missed_calls", "table of missed calls"),
        param("acc_method_column", str, "method", _COLUMN),
        param("acc_from_tag_column", str, "from_tag", _COLUMN),
        param("acc_to_tag_column", str, "to_tag", _COLUMN),
        param("acc_callid_column", str, "callid", _COLUMN),
        param("acc_sip_code_column", str, "sip_code", _COLUMN),
        param("acc_sip_reason_column", str, "sip_reason", _COLUMN),
        param("acc_time_column", str, "time", _COLUMN),
    ],
    functions=[
        function(
            "acc_log_request", Acc.log_request, [Comment("comment")], routes=ANY, help="account the message to the log"
        ),
        function(
            "acc_db_request",
            Acc.db_request,
            [Comment("comment"), Table("table")],
            routes=ANY,
            help="account the message to a table",
        ),
        function(
            "acc_rad_request",
            Acc.radius_request,
            [Comment("comment")],
            routes=ANY,
            help="account the message to a RADIUS server",
        ),
    ],
)
