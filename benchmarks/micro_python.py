"""The same route in the configuration and in Python: an INVITE, up to the lookup that finds nobody and the reply."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack, closing
from pathlib import Path

from benchmarks.bed import MODULES, Bed
from benchmarks.micro import Case
from benchmarks.micro_sip import INVITE

CONFIGURATION = """
route {
    if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
    if (has_totag()) { sl_send_reply("404", "Not here"); exit; }
    if (is_method("REGISTER")) { save("location"); exit; }
    if (is_method("INVITE|SUBSCRIBE")) { record_route(); }
    if ($rU == $null) { sl_send_reply("484", "Address Incomplete"); exit; }
    setflag(1);
    $avp(s:caller) = $fU;
    if (!lookup("location")) { sl_send_reply("404", "Not Found"); exit; }
    exit;
}
"""
HEAD = """import KSR


def requests(msg):
    "The same as in the configuration."
"""
BODY = """
    if KSR.maxfwd.process_maxfwd(10) < 0:
        KSR.sl.sl_send_reply(483, "Too Many Hops")
        return
    if KSR.siputils.has_totag() > 0:
        KSR.sl.sl_send_reply(404, "Not here")
        return
    if KSR.is_REGISTER():
        KSR.registrar.save("location")
        return
    if KSR.is_method_in("IS"):
        KSR.rr.record_route()
    if KSR.pv.get("$rU") is None:
        KSR.sl.sl_send_reply(484, "Address Incomplete")
        return
    KSR.setflag(1)
    KSR.pv.sets("$avp(s:caller)", KSR.pv.get("$fU"))
    if KSR.registrar.lookup("location") < 0:
        KSR.sl.sl_send_reply(404, "Not Found")
"""
ROUTES = """

def request_route(msg):
    requests(msg)


def empty(msg):
    pass


def ten_calls(msg):
    KSR.isflagset(5)
    KSR.isflagset(5)
    KSR.isflagset(5)
    KSR.isflagset(5)
    KSR.isflagset(5)
    KSR.textops.is_method("BYE")
    KSR.textops.is_method("BYE")
    KSR.textops.is_method("BYE")
    KSR.textops.is_method("BYE")
    KSR.textops.is_method("BYE")


def ten_variables(msg):
    KSR.pv.get("$rU")
    KSR.pv.get("$rU")
    KSR.pv.get("$rU")
    KSR.pv.get("$rU")
    KSR.pv.get("$rU")
    KSR.pv.get("$rU")
    KSR.pv.get("$rU")
    KSR.pv.get("$rU")
    KSR.pv.get("$rU")
    KSR.pv.get("$rU")
"""
CALLS = "isflagset(5);\n" * 5 + 'is_method("BYE");\n' * 5
VARIABLES = "$var(x) = $rU;\n" * 10
COMPARED = f"""
failure_route[EMPTY] {{ }}
failure_route[CALLS] {{ {CALLS} }}
failure_route[VARIABLES] {{ {VARIABLES} }}
"""


def cases(stack: ExitStack) -> dict[str, Case]:
    """What is timed, by name."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    (folder / "route.py").write_text(HEAD + BODY + ROUTES)
    python = f'modparam("app_python3", "load", "{folder / "route.py"}")\ncfgengine "python"\n'
    native = stack.enter_context(closing(Bed(CONFIGURATION + COMPARED)))
    routed = stack.enter_context(closing(Bed(python, (*MODULES, "app_python3"))))
    ours, theirs = native.context(INVITE), routed.context(INVITE)
    plain, other = native.node.script.failure_routes, routed.node.script.failure_routes
    return {
        "a refused call: configuration": lambda: native.receive(INVITE),
        "a refused call: Python": lambda: routed.receive(INVITE),
        "empty route: configuration": lambda: plain["EMPTY"].run(ours),
        "empty route: Python": lambda: other["empty"].run(theirs),
        "10 calls of functions: configuration": lambda: plain["CALLS"].run(ours),
        "10 calls of functions: Python": lambda: other["ten_calls"].run(theirs),
        "10 variables: configuration": lambda: plain["VARIABLES"].run(ours),
        "10 variables: Python": lambda: other["ten_variables"].run(theirs),
    }
