"""A KEMI script of Kamailio 5.x as the routing logic: its functions are the routes."""

import pytest

from siprouter.testing import LoadError, Node
from siprouter.testing.messages import reply_to

CONFIG = """
%s
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "tmx.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "sanity.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "cfgutils.so"
loadmodule "app_lua.so"
modparam("app_lua", "load", "FOLDER/kamailio.lua")
%s
"""

SCRIPT = """
-- routing with one function for each step, in the way of the samples for KEMI
function ksr_request_route()
  ksr_route_reqinit()
  ksr_route_withindlg()
  if KSR.is_CANCEL() then
    if KSR.tm.t_check_trans() > 0 then KSR.tm.t_relay() end
    return 1
  end
  if KSR.is_OPTIONS() then
    KSR.sl.sl_send_reply(200, "Keepalive")
    KSR.x.exit()
  end
  if KSR.is_INVITE() then KSR.rr.record_route() end
  if KSR.pv.get("$rU") == "broken" then local nothing = nil; return nothing.field end
  if KSR.pv.get("$rU") == "slow" then KSR.cfgutils.sleep(5) end
  KSR.pv.sets("$du", "sip:10.0.0.2:5060")
  ksr_route_relay()
  return 1
end

function ksr_route_reqinit()
  if KSR.maxfwd.process_maxfwd(10) < 0 then
    KSR.sl.sl_send_reply(483, "Too Many Hops")
    KSR.x.exit()
  end
  if KSR.sanity.sanity_check(17895, 7) < 0 then
    KSR.err("malformed SIP request\\n")
    KSR.x.exit()
  end
end

function ksr_route_withindlg()
  if KSR.siputils.has_totag() < 0 then return 1 end
  if KSR.rr.loose_route() > 0 then
    ksr_route_relay()
    KSR.x.exit()
  end
  KSR.sl.sl_send_reply(404, "Not here")
  KSR.x.exit()
end

function ksr_route_relay()
  if KSR.is_method_in("IBSU") and KSR.tm.t_is_set("branch_route") < 0 then KSR.tm.t_on_branch("ksr_branch_manage") end
  if KSR.is_INVITE() and KSR.tm.t_is_set("failure_route") < 0 then KSR.tm.t_on_failure("ksr_failure_manage") end
  KSR.tm.t_on_reply("ksr_onreply_manage")
  if KSR.tm.t_relay() < 0 then KSR.sl.sl_reply_error() end
  KSR.x.exit()
end

function ksr_branch_manage()
  KSR.hdr.append("X-Branch: " .. KSR.pv.get("$T_branch_idx") .. "\\r\\n")
end

function ksr_onreply_manage()
  KSR.hdr.append("X-OnReply: " .. KSR.pv.get("$rs") .. "\\r\\n")
  if KSR.pv.get("$rs") == 480 then KSR.cfgutils.sleep(1) end
end

function ksr_failure_manage()
  if KSR.tm.t_is_canceled() > 0 then return 1 end
  KSR.tm.t_reply(600, "from ksr_failure_manage")
end

function ksr_reply_route()
  if KSR.sanity.sanity_check(17604, 6) < 0 then KSR.x.drop() end
  KSR.hdr.append("X-Reply: core\\r\\n")
end

function from_the_configuration()
  KSR.hdr.append_to_reply("X-Called: yes\\r\\n")
end
"""


@pytest.fixture
def open_node(tmp_path):
    nodes = []

    def start(first='cfgengine "lua"', routes="", script=SCRIPT):
        (tmp_path / "kamailio.lua").write_text(script)
        nodes.append(Node((CONFIG % (first, routes)).replace("FOLDER", str(tmp_path))))
        return nodes[-1]

    yield start
    for node in nodes:
        node.close()


def invited(node, user="bob"):
    node.receive(node.request("INVITE", f"sip:{user}@127.0.0.1"))
    node.settle()
    [sent] = [sent for sent in node.sent if sent.method == "INVITE" and not sent.status]
    return sent


def test_requests(open_node):
    node = open_node()
    assert node.receive(node.request("OPTIONS", "sip:127.0.0.1")).last.message.reason == "Keepalive"
    last_hop = node.request("OPTIONS", "sip:127.0.0.1", max_forwards=0)
    assert node.receive(last_hop).last.status == 483
    assert node.receive(node.request("BYE", "sip:127.0.0.1", to_tag="z")).last.message.reason == "Not here"
    assert node.errors == []


def test_call(open_node):
    node = open_node()
    sent = invited(node)
    assert sent.header("X-Branch") == "1"
    assert "lr" in sent.header("Record-Route")
    node.receive(reply_to(sent.message, 180), "10.0.0.2:5060")
    assert node.last.status == 180
    assert node.last.header("X-OnReply") == "180" and node.last.header("X-Reply") == "core"
    node.receive(reply_to(sent.message, 486), "10.0.0.2:5060")
    node.settle()
    assert node.last.message.reason == "from ksr_failure_manage"
    assert node.errors == []


def test_reply_that_is_not_sane(open_node):
    node = open_node()
    sent = invited(node)
    bad = reply_to(sent.message, 180).replace(b"To: <sip:bob@127.0.0.1>", b"To: <sip:bob@127.0.0.1:99999>")
    node.receive(bad, "10.0.0.2:5060")
    node.settle()
    assert 180 not in [sent.status for sent in node.sent]
    assert node.logged("refused: Bad To URI")
    node.receive(reply_to(sent.message, 486), "10.0.0.2:5060")
    node.settle()
    assert node.last.message.reason == "from ksr_failure_manage"


def test_routes_that_wait(open_node):
    node = open_node()
    node.receive(node.request("INVITE", "sip:slow@127.0.0.1"))
    node.settle()
    assert [sent.method for sent in node.sent if not sent.status] == []
    node.advance(5.2)
    [sent] = [sent for sent in node.sent if sent.method == "INVITE" and not sent.status]
    node.receive(reply_to(sent.message, 480), "10.0.0.2:5060")
    node.advance(2)
    assert node.last.message.reason == "from ksr_failure_manage"
    assert node.errors == []


def test_error_costs_that_message_alone(open_node):
    node = open_node()
    node.receive(node.request("INVITE", "sip:broken@127.0.0.1"))
    node.settle()
    assert node.last.status == 500
    [error] = node.errors
    assert "kamailio.lua:15: attempt to index local 'nothing'" in error
    assert node.counter("app_lua", "errors") == 1
    assert node.receive(node.request("OPTIONS", "sip:127.0.0.1")).last.status == 200


def test_beside_routes_of_a_configuration(open_node):
    """The configuration goes first without cfgengine; its routes may name functions of Lua."""
    routes = """
        route {
            if (is_method("OPTIONS")) {
                route(from_the_configuration);
                sl_send_reply("200", "from the configuration");
                exit;
            }
            t_on_failure("ksr_failure_manage");
            $du = "sip:10.0.0.2:5060";
            t_relay();
        }
        route[from_the_configuration] { lua_run("from_the_configuration"); }
    """
    node = open_node("", routes)
    node.receive(node.request("OPTIONS", "sip:127.0.0.1"))
    assert node.last.header("X-Called") == "yes"
    sent = invited(node)
    assert sent.header("X-Branch") is None
    node.receive(reply_to(sent.message, 486), "10.0.0.2:5060")
    node.settle()
    assert node.last.message.reason == "from ksr_failure_manage"


def test_run_through_lua_run(open_node):
    node = open_node("", 'route { lua_run("ksr_request_route"); sl_send_reply("500", "not reached"); }')
    assert node.receive(node.request("OPTIONS", "sip:127.0.0.1")).last.message.reason == "Keepalive"
    sent = invited(node)
    node.receive(reply_to(sent.message, 486), "10.0.0.2:5060")
    node.settle()
    assert node.last.message.reason == "from ksr_failure_manage"


def test_engine_without_script(tmp_path):
    with pytest.raises(LoadError, match="no request route"):
        Node('cfgengine "lua"\nloadmodule "app_lua.so"\n')
    (tmp_path / "a.lua").write_text("function other() end")
    with pytest.raises(LoadError, match="no request route"):
        Node(f'cfgengine "lua"\nloadmodule "app_lua.so"\nmodparam("app_lua", "load", "{tmp_path}/a.lua")')


def test_routes_of_our_own_requests_and_of_what_leaves(open_node):
    script = """
    function ksr_request_route() KSR.sl.sl_send_reply(200, "OK") end
    function local_route() KSR.hdr.append("X-Local: " .. KSR.pv.get("$rm") .. "\\r\\n") end
    function ksr_onsend_route() KSR.err("leaving\\n") end
    """
    node = open_node(script=script)
    node.worker.module("tm").request("OPTIONS", "sip:10.0.0.2", "<sip:a@example.org>", "<sip:b@example.org>")
    node.settle()
    assert node.last.header("X-Local") == "OPTIONS"
    node.receive(reply_to(node.last.message, 200), "10.0.0.2:5060")
