"""tmx: additions to tm: cancelling by Call-ID or branch, variables of the transaction, management commands."""

from siprouter.core.args import Choice, Fmt, Int
from siprouter.core.declare import ANY_WORKER, JOIN_LISTS, KAMAILIO, Module, function, mi, pvar
from siprouter.core.routes import ONREPLY
from siprouter.modules.tm.rpc import first_argument, given_call_id
from siprouter.modules.tmx import functions, manage, variables
from siprouter.modules.tmx.state import Tmx
from siprouter.modules.tmx.stats import STATS

_CALL = (Fmt("call-id"), Fmt("cseq"))

module = Module(
    "tmx",
    help="additions to tm",
    state=Tmx,
    family=KAMAILIO,
    depends=("tm",),
    functions=[
        function(
            "t_cancel_branches",
            functions.t_cancel_branches,
            [Choice("which", "all", "others", "this", "ALL", "OTHERS", "THIS")],
            routes=ONREPLY,
            help="cancel branches of the reply's transaction",
        ),
        function("t_cancel_callid", functions.t_cancel_callid, [*_CALL, Int("flag")], help="cancel a call"),
        function(
            "t_reply_callid",
            functions.t_reply_callid,
            [*_CALL, Int("code"), Fmt("reason")],
            help="reply to the INVITE of a call",
        ),
        function("t_flush_flags", functions.t_flush_flags, help="hand the message flags to the transaction at once"),
    ],
    pvars=[
        pvar("T_branch_idx", get=variables.branch_index, help="number of the present branch"),
        pvar("T_reply_code", get=variables.reply_code, help="status of the reply at hand, the winner or the last sent"),
        pvar("T_req", bind=variables.bind_request, inner_required=True, help="a variable of the transaction's request"),
        pvar("T_rpl", bind=variables.bind_reply, inner_required=True, help="a variable of the winning reply"),
        pvar("T_inv", bind=variables.bind_invite, inner_required=True, help="a variable of the INVITE being cancelled"),
    ],
    mis=[
        mi(
            "t_uac_dlg",
            manage.t_uac_dlg,
            help="send a request: method, URI, next hop, socket, header lines, [body]",
            call_id=given_call_id,
        ),
        mi("t_uac_cancel", manage.t_uac_cancel, help="cancel a call: Call-ID, CSeq number", call_id=first_argument),
        mi("t_hash", manage.t_hash, help="transactions by hash index", workers=JOIN_LISTS),
        mi(
            "t_reply",
            manage.t_reply,
            help="reply: code, reason, hash:label, To tag, header lines, [body]",
            workers=ANY_WORKER,
        ),
    ],
    stats=STATS,
)
