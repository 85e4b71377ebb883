"""uac_redirect: follows redirections (3xx) for the caller."""

from siprouter.core.declare import KAMAILIO, Module, function, param
from siprouter.core.routes import FAILURE
from siprouter.modules.uac_redirect.arguments import Filter, Limits, Reason, Reset
from siprouter.modules.uac_redirect.redirects import Redirects

module = Module(
    "uac_redirect",
    help="follows redirections for the caller",
    state=Redirects,
    family=KAMAILIO,
    depends=("tm",),
    params=[
        param("default_filter", str, None, '"accept" (default) or "deny": contacts that no filter matches'),
        param("deny_filter", str, None, "contacts that match are left out"),
        param("accept_filter", str, None, "contacts that match are taken, whatever the others say"),
        param("acc_function", str, "acc_log_request", "the function of acc that accounts redirections"),
        param("acc_db_table", str, "acc", "table of acc_db_request"),
        param("bflags", int, 0, "flags of the new branches, as a sum of bits"),
    ],
    functions=[
        function(
            "get_redirects",
            Redirects.get_redirects,
            [Limits("max")],
            routes=FAILURE,
            help="make the contacts of all redirections branches",
        ),
        function(
            "get_redirects",
            Redirects.get_redirects,
            [Limits("max"), Reason("reason")],
            routes=FAILURE,
            help="the same, and account each",
        ),
        function(
            "set_deny_filter",
            Redirects.set_deny_filter,
            [Filter("filter"), Reset("flags")],
            routes=FAILURE,
            help="leave out contacts that match, for this message",
        ),
        function(
            "set_accept_filter",
            Redirects.set_accept_filter,
            [Filter("filter"), Reset("flags")],
            routes=FAILURE,
            help="take contacts that match, for this message",
        ),
    ],
)
