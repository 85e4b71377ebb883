"""What SIP Router calls each kind of statement: the number and the name that the trace of a script shows."""

from __future__ import annotations

from siprouter.script.nodes import Assign, Break, Call, CallStmt, Drop, Exit, If, Node, Return, Switch, While
from siprouter.script.program import ExprArg, ResolvedCall, RouteCall

DROP_ACTION = 3
"""of everything that ends a route"""
ROUTE_ACTION = 6
FIRST_MODULE_ACTION = 25
"""a function without arguments; the next six for one to six"""
MANY_ARGUMENTS = 32
FIRST_COMPUTED_ACTION = 33
"""a function with one argument, with an expression among its arguments; the next five for two to six"""
MANY_COMPUTED = 39
MOST_COUNTED = 6

CORE_ACTIONS: dict[str, tuple[int, str]] = {
    "forward": (1, "forward"),
    "send": (2, "send"),
    "log": (4, "log"),
    "error": (5, "error"),
    "exec": (7, "exec"),
    "rewritehost": (8, "sethost"),
    "rewritehostport": (9, "sethostport"),
    "rewriteuser": (10, "setuser"),
    "rewriteuserpass": (11, "setuserpass"),
    "rewriteport": (12, "setport"),
    "rewriteuri": (13, "seturi"),
    "rewritehostporttrans": (14, "sethostporttrans"),
    "userphone": (16, "setuserphone"),
    "setflag": (40, "setflag"),
    "resetflag": (41, "resetflag"),
    "isflagset": (42, "isflagset"),
    "setavpflag": (43, "avpflag"),
    "resetavpflag": (43, "avpflag"),
    "isavpflagset": (43, "avpflag"),
    "prefix": (45, "prefix"),
    "strip": (46, "strip"),
    "strip_tail": (47, "striptail"),
    "append_branch": (48, "append_branch"),
    "revert_uri": (49, "reverturi"),
    "forward_tcp": (50, "forward_tcp"),
    "forward_udp": (51, "forward_udp"),
    "forward_tls": (52, "forward_tls"),
    "forward_sctp": (53, "forward_sctp"),
    "send_tcp": (54, "send_tcp"),
    "force_rport": (55, "force_rport"),
    "add_local_rport": (56, "add_local_rport"),
    "set_advertised_address": (57, "set_adv_addr"),
    "set_advertised_port": (58, "set_adv_port"),
    "force_tcp_alias": (59, "force_tcp_alias"),
    "force_send_socket": (62, "force_send_socket"),
    "udp_mtu_try_proto": (65, "udp_mtu_try_proto"),
    "set_forward_no_connect": (66, "set_fwd_no_connect"),
    "set_reply_no_connect": (67, "set_rpl_no_connect"),
    "set_forward_close": (68, "set_fwd_close"),
    "set_reply_close": (69, "set_rpl_close"),
}
"""functions of the core, by their declared names"""

STATEMENTS: dict[type[Node], tuple[int, str]] = {
    If: (17, "if"),
    Switch: (21, "switch"),
    While: (24, "while"),
    Assign: (63, "assign"),
    Return: (DROP_ACTION, "return"),
    Exit: (DROP_ACTION, "exit"),
    Drop: (DROP_ACTION, "drop"),
    Break: (DROP_ACTION, "break"),
}
ADD = (64, "add")


def action_of(node: Node, calls: dict[Call, ResolvedCall | RouteCall]) -> tuple[int, str]:
    """Number and name of a statement or call."""
    if isinstance(node, CallStmt):
        node = node.call
    if isinstance(node, Call):
        return _action_of_call(calls[node])
    if isinstance(node, Assign) and node.op == "+=":
        return ADD
    return STATEMENTS[type(node)]


def _action_of_call(resolved: ResolvedCall | RouteCall) -> tuple[int, str]:
    if isinstance(resolved, RouteCall):
        return ROUTE_ACTION, "route"
    name = resolved.function.name
    if resolved.module == "core":
        return CORE_ACTIONS[name]
    count = len(resolved.args)
    if any(isinstance(argument, ExprArg) for argument in resolved.args):
        return (FIRST_COMPUTED_ACTION + count - 1 if count <= MOST_COUNTED else MANY_COMPUTED), name
    return (FIRST_MODULE_ACTION + count if count <= MOST_COUNTED else MANY_ARGUMENTS), name
