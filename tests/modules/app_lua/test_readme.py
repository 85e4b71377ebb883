"""The examples of the README, executed."""

import re
from pathlib import Path

import siprouter.modules.app_lua
from siprouter.testing import Node
from siprouter.util.log import L_ERR

README = Path(siprouter.modules.app_lua.__file__).with_name("README.md").read_text()
CONFIGS = [
    text for text in re.findall(r"^```\w*\n(.*?)^```$", README, re.MULTILINE | re.DOTALL) if "loadmodule" in text
]
SCRIPT, KEMI = re.findall(r"^```lua\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_text_with_brackets():
    text = next(one for one in CONFIGS if "lua_dostring" in one)
    with Node(text) as node:
        node.receive(node.request("OPTIONS", "sip:127.0.0.1"))
        assert node.last.status == 200
        [record] = node.logged("Hello World")
        assert record.level == L_ERR
        assert record.text.strip() == "----------- Hello World from alice"
        assert record.source == "app_lua"


def test_request_uri_in_the_reply(tmp_path):
    (tmp_path / "routing.lua").write_text(SCRIPT)
    text = next(one for one in CONFIGS if "routing.lua" in one)
    with Node(text.replace("/etc/siprouter/routing.lua", str(tmp_path / "routing.lua"))) as node:
        node.receive(node.request("OPTIONS", "sip:bob@127.0.0.1;transport=udp"))
        assert node.last.status == 200
        assert node.last.header("P-RUri") == "<sip:bob@127.0.0.1;transport=udp>"
        [record] = node.logged("the request goes to sip:bob@127.0.0.1;transport=udp")
        assert record.level == L_ERR
        node.receive(node.request("SUBSCRIBE", "sip:bob@127.0.0.1"))
        assert node.last.status == 405
        assert node.last.header("P-RUri") is None


def test_kemi_script(tmp_path):
    (tmp_path / "kamailio.lua").write_text(KEMI)
    text = next(one for one in CONFIGS if "cfgengine" in one)
    with Node(text.replace("/etc/siprouter/kamailio.lua", str(tmp_path / "kamailio.lua"))) as node:
        node.receive(node.request("INVITE", "sip:bob@127.0.0.1"))
        assert node.last.status == 404
        assert node.logged("request INVITE from sip:alice@example.org")
