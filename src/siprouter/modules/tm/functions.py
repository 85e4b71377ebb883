"""The table of tm's script functions."""

from __future__ import annotations

from siprouter.core.args import Fmt, FmtOrInt, FmtRegex, Int, Opt, RouteName, Str
from siprouter.core.declare import Function, function
from siprouter.core.routes import BRANCH, FAILURE, ONREPLY, REQUEST, TM_ONREPLY
from siprouter.modules.tm import relay, routing, serial, timers, write

RELAY = REQUEST | FAILURE
SETTABLE = REQUEST | FAILURE | TM_ONREPLY | BRANCH
HOST_PORT = (Fmt("host"), Int("port"))
MAYBE_HOST_PORT = (Opt(Fmt("host")), Opt(Int("port")))
PROTO_ADDRESS = (FmtOrInt("proto"), FmtOrInt("host:port"))

_RELAY: list[Function] = [
    function(
        "t_relay", relay.t_relay, MAYBE_HOST_PORT, arities=(0, 2), routes=RELAY,
        help="forward statefully to the destination set, or to host and port",
    ),
    function(
        "t_relay_to", relay.t_relay_to, [Opt(Str("proxy or flags")), Opt(Str("flags"))], routes=RELAY,
        help="t_relay to proto:host:port; flags: 1 no 100, 4 no DNS failover",
    ),
    function(
        "t_relay_to_udp", relay.t_relay_to_udp, MAYBE_HOST_PORT, arities=(0, 2), routes=RELAY, help="t_relay by UDP"
    ),
    function(
        "t_relay_to_tcp", relay.t_relay_to_tcp, MAYBE_HOST_PORT, arities=(0, 2), routes=RELAY, help="t_relay by TCP"
    ),
    function(
        "t_relay_to_tls", relay.t_relay_to_tls, MAYBE_HOST_PORT, arities=(0, 2), routes=RELAY, help="t_relay by TLS"
    ),
    function(
        "t_relay_to_sctp", relay.t_relay_to_sctp, MAYBE_HOST_PORT, arities=(0, 2), routes=RELAY, help="t_relay by SCTP"
    ),
    function("t_relay_to_avp", relay.t_relay_to_avp, PROTO_ADDRESS, routes=REQUEST, help="t_relay to AVP values"),
    function("t_relay_cancel", relay.t_relay_cancel, routes=REQUEST, help="forward a CANCEL whose INVITE is known"),
    function("t_forward_nonack", relay.t_forward_nonack, HOST_PORT, routes=REQUEST, help="forward on a transaction"),
    function("t_forward_nonack_uri", relay.t_forward_nonack_uri, routes=REQUEST, help="forward to the destination set"),
    function("t_forward_nonack_udp", relay.t_forward_nonack_udp, HOST_PORT, routes=REQUEST, help="forward by UDP"),
    function("t_forward_nonack_tcp", relay.t_forward_nonack_tcp, HOST_PORT, routes=REQUEST, help="forward by TCP"),
    function("t_forward_nonack_tls", relay.t_forward_nonack_tls, HOST_PORT, routes=REQUEST, help="forward by TLS"),
    function("t_forward_nonack_sctp", relay.t_forward_nonack_sctp, HOST_PORT, routes=REQUEST, help="forward by SCTP"),
    function("t_forward_nonack_to", relay.t_forward_nonack_to, PROTO_ADDRESS, routes=REQUEST, help="to AVP values"),
    function(
        "t_replicate", relay.t_replicate, [Fmt("uri or host"), Opt(Int("port"))], routes=REQUEST,
        help="send a copy to a URI, or to host and port",
    ),
    function("t_replicate_udp", relay.t_replicate_udp, HOST_PORT, routes=REQUEST, help="send a copy by UDP"),
    function("t_replicate_tcp", relay.t_replicate_tcp, HOST_PORT, routes=REQUEST, help="send a copy by TCP"),
    function("t_replicate_tls", relay.t_replicate_tls, HOST_PORT, routes=REQUEST, help="send a copy by TLS"),
    function("t_replicate_sctp", relay.t_replicate_sctp, HOST_PORT, routes=REQUEST, help="send a copy by SCTP"),
    function("t_replicate_to", relay.t_replicate_to, PROTO_ADDRESS, routes=REQUEST, help="send a copy to AVP values"),
]  # fmt: skip

_TRANSACTION: list[Function] = [
    function("t_newtran", routing.t_newtran, routes=REQUEST, help="make the transaction"),
    function("t_lookup_request", routing.t_lookup_request, routes=REQUEST, help="whether there is a transaction"),
    function(
        "t_lookup_cancel", routing.t_lookup_cancel, [Opt(Int("copy flags"))], routes=REQUEST,
        help="whether the INVITE of a CANCEL is known",
    ),
    function(
        "t_check_trans", routing.t_check_trans, routes=REQUEST | ONREPLY | BRANCH,
        help="whether the message belongs to a transaction",
    ),
    function(
        "t_reply", routing.t_reply, [FmtOrInt("code"), FmtOrInt("reason")], routes=REQUEST | FAILURE | ONREPLY,
        help="reply statefully",
    ),
    function("t_retransmit_reply", routing.t_retransmit_reply, routes=REQUEST, help="send the last reply once more"),
    function("t_release", routing.t_release, routes=REQUEST, help="let the transaction go"),
    function(
        "t_on_failure", routing.t_on_failure, [RouteName("route", FAILURE)], routes=SETTABLE,
        help="the route to run when all branches have failed",
    ),
    function(
        "t_on_reply", routing.t_on_reply, [RouteName("route", TM_ONREPLY)], routes=SETTABLE,
        help="the route to run for each reply",
    ),
    function(
        "t_on_branch", routing.t_on_branch, [RouteName("route", BRANCH)], routes=RELAY,
        help="the route to run for each branch",
    ),
    function("t_save_lumps", routing.t_save_lumps, routes=REQUEST, help="failure routes begin with the request as now"),
    function(
        "t_drop_replies", routing.t_drop_replies, [Opt(Str("mode"))], routes=FAILURE,
        help="drop the replies so far: a all, l those of the last step, n none",
    ),
    function("t_load_contacts", serial.t_load_contacts, routes=RELAY, help="sort the destinations by q into the AVP"),
    function("t_next_contacts", serial.t_next_contacts, routes=RELAY, help="take the next destinations from the AVP"),
]  # fmt: skip

_TIMERS: list[Function] = [
    function(
        "t_set_fr", timers.t_set_fr, [Int("fr_inv ms"), Opt(Int("fr ms"))], routes=SETTABLE,
        help="final-response time-outs",
    ),
    function("t_reset_fr", timers.t_reset_fr, routes=SETTABLE, help="the module's final-response time-outs"),
    function(
        "t_set_retr", timers.t_set_retr, [Int("t1 ms"), Int("t2 ms")], routes=SETTABLE, help="retransmission intervals"
    ),
    function("t_reset_retr", timers.t_reset_retr, routes=SETTABLE, help="the module's retransmission intervals"),
    function(
        "t_set_max_lifetime", timers.t_set_max_lifetime, [Int("invite ms"), Int("other ms")], routes=SETTABLE,
        help="bound of the transaction's life",
    ),
    function("t_reset_max_lifetime", timers.t_reset_max_lifetime, routes=SETTABLE, help="the module's bounds"),
    function("t_set_auto_inv_100", timers.t_set_auto_inv_100, [Int("on")], routes=REQUEST, help="automatic 100"),
    function("t_set_disable_6xx", timers.t_set_disable_6xx, [Int("on")], routes=SETTABLE, help="no special 6xx"),
    function(
        "t_set_disable_failover", timers.t_set_disable_failover, [Int("on")], routes=SETTABLE, help="no DNS failover"
    ),
    function(
        "t_set_no_e2e_cancel_reason", timers.t_set_no_e2e_cancel_reason, [Int("on")], routes=SETTABLE,
        help="do not pass on the Reason of a CANCEL", aliases=("t_disable_e2e_cancel_reason",),
    ),
    function("t_branch_timeout", timers.t_branch_timeout, routes=FAILURE, help="whether this branch timed out"),
    function("t_branch_replied", timers.t_branch_replied, routes=FAILURE, help="whether this branch was ever answered"),
    function("t_any_timeout", timers.t_any_timeout, routes=SETTABLE, help="whether any branch timed out"),
    function("t_any_replied", timers.t_any_replied, routes=SETTABLE, help="whether any branch was ever answered"),
    function(
        "t_grep_status", timers.t_grep_status, [Int("code")], routes=SETTABLE,
        help="whether any branch was answered with this status",
    ),
    function("t_is_canceled", timers.t_is_canceled, routes=SETTABLE, help="whether the caller cancelled"),
    function("t_is_expired", timers.t_is_expired, routes=SETTABLE, help="whether the transaction outlived its bound"),
    function(
        "t_check_status", timers.t_check_status, [FmtRegex("regex", newline=True)], routes=REQUEST | FAILURE | ONREPLY,
        help="whether the status matches",
    ),
]  # fmt: skip

_WRITE: list[Function] = [
    function(
        "t_write_req", write.t_write_req, [Fmt("fifo"), Str("action/append")], routes=RELAY,
        help="write the request to a FIFO",
    ),
    function(
        "t_write_unix", write.t_write_unix, [Fmt("socket"), Str("action/append")], routes=RELAY, waits=True,
        help="send the request to a Unix datagram socket",
    ),
]  # fmt: skip

FUNCTIONS: list[Function] = _WRITE + _RELAY + _TRANSACTION + _TIMERS
