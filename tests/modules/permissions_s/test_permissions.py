"""permissions of SER: files, tables in SQLite, and sets of addresses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from siprouter.modules.permissions_s.ip_match import parse_place
from siprouter.modules.permissions_s.ip_sets import IpSet
from siprouter.rpc.call import call_rpc
from siprouter.rpc.values import RpcError
from siprouter.testing import LoadError, Node
from siprouter.testing.messages import build_message
from siprouter.util.address import Network
from siprouter.util.errors import OperatorError
from tests.support.sqlite import Sqlite

HEAD = """#!SER
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "textops.so"
loadmodule "permissions.so"
"""


@contextmanager
def router(folder: Path, call: str, *params: str, before: str = "") -> Iterator[Node]:
    lines = "\n".join(f'modparam("permissions", {param})' for param in params)
    path = folder / "router.cfg"
    path.write_text(f"""{HEAD}{lines}
        route {{
            {before}
            if ({call}) {{
                append_to_reply("X-Result: ok %$peer\\r\\n");
            }} else {{
                append_to_reply("X-Result: no\\r\\n");
            }}
            sl_reply("200", "OK");
        }}
    """)
    with closing(Node(path=path)) as node:
        yield node


def ask(node: Node, uri: str = "sip:bob@example.org", source: str = "udp:10.0.0.1:5060", **fields: Any) -> str:
    method, from_ = fields.pop("method", "OPTIONS"), fields.pop("from_", "sip:alice@example.org")
    sent = node.receive(build_message(method, uri, from_=from_, to=fields.pop("to", uri), **fields), source)
    assert len(sent) == 1
    return (sent[0].header("X-Result") or "").replace("<null>", "").strip()


def fails(node: Node, text: str, **fields: Any) -> str:
    found = ask(node, **fields)
    assert text in node.errors[-1]
    node.records.clear()
    return found


def rpc(node: Node, name: str, *params: Any) -> Any:
    return node.wait(call_rpc(node.worker, name, list(params))).values


# --- files


def test_files(tmp_path: Path) -> None:
    (tmp_path / "permissions.allow").write_text('"^sip:alice@" : "^sip:900@"\n')
    (tmp_path / "permissions.deny").write_text('ALL : "^sip:9"\n')
    (tmp_path / "refer.deny").write_text('"^sip:alice@" : "evil"\n')
    (tmp_path / "a").write_text("")
    (tmp_path / "d").write_text('ALL : "@evil"\n')
    with router(tmp_path, "allow_routing()") as node:
        assert [ask(node, f"sip:{user}@x") for user in ("900", "901", "800")] == ["ok", "no", "ok"]
    with router(tmp_path, 'allow_register("a", "d")') as node:
        contact = {"method": "REGISTER", "contact": "<sip:x@evil>"}
        assert (ask(node, **contact), ask(node, method="REGISTER", contact="<sip:x@good>")) == ("no", "ok")
    for call in ('allow_refer_to("refer")', 'allow_refer_to("a", "refer.deny")'):
        with router(tmp_path, call) as node:
            refer = [{"method": "REFER", "headers": {"Refer-To": f"<sip:c@{host}>"}} for host in ("evil", "good")]
            assert [ask(node, **one) for one in refer] == ["no", "ok"]
            assert fails(node, "no Refer-To", method="REFER") == "no"
            assert fails(node, "too long", method="REFER", headers={"Refer-To": f"<sip:{'c' * 600}@x>"}) == "no"
    with router(tmp_path, 'allow_refer_to("none")') as node:
        assert ask(node, method="REFER") == "ok"


def test_files_that_are_missing_or_too_many(tmp_path: Path) -> None:
    with (
        pytest.raises(OperatorError, match="safe_file_load"),
        router(tmp_path, "allow_routing()", '"safe_file_load", 1'),
    ):
        pass
    call = 'allow_routing("a") || allow_routing("b")'
    with pytest.raises(OperatorError, match="max_rule_files is 2"), router(tmp_path, call, '"max_rule_files", 2'):
        pass
    files = ('"default_allow_file", ""', '"default_deny_file", ""')
    with router(tmp_path, call, *files, '"max_rule_files", 2') as node:
        assert ask(node) == "ok"


# --- tables


@pytest.fixture
def database(sqlite: Sqlite) -> Sqlite:
    sqlite.run("CREATE TABLE peers (src_ip, proto, from_pattern)")
    for row in (
        ("10.0.0.1", "udp", "^sip:alice@"),
        ("10.0.0.2", "any", "a\\(l\\)ice+"),
        ("10.0.0.3", "tcp", ".*"),
        ("10.0.0.4", "quic", ".*"),
        ("10.0.0.5", "any", "["),
        ("10.0.0.6", "any", None),
    ):
        sqlite.insert("peers", **dict(zip(("src_ip", "proto", "from_pattern"), row, strict=True)))
    sqlite.run("CREATE TABLE ipmatch (ip, avp_val, mark INTEGER, flags INTEGER)")
    for ip, value, mark, flags in (
        ("10.0.0.1", "any port", None, 1),
        ("10.0.0.1:5062", "port", 2, 1),
        ("10.0.0.2", "off", None, 3),
        ("10.0.0.3", None, 4, 1),
        ("[2001:db8::1]:5060", "six", None, 1),
    ):
        sqlite.insert("ipmatch", ip=ip, avp_val=value, mark=mark, flags=flags)
    return sqlite


def tables(database: Sqlite, mode: int = 1) -> tuple[str, ...]:
    return f'"db_url", "{database.url}"', f'"db_mode", {mode}', '"trusted_table", "peers"'


@pytest.mark.parametrize("mode", [0, 1])
def test_trusted_peers(tmp_path: Path, database: Sqlite, mode: int) -> None:
    with router(tmp_path, "allow_trusted()", *tables(database, mode)) as node:
        node.records.clear()
        wanted = {
            "udp:10.0.0.1:5060": "ok",
            "udp:10.0.0.2:5060": "no",
            "udp:10.0.0.3:5060": "no",
            "udp:10.0.0.9:1": "no",
        }
        assert {source: ask(node, source=source) for source in wanted} == wanted
        assert ask(node, from_="sip:bob@x") == "no"
        assert ask(node, source="udp:10.0.0.2:5060", from_="sip:alice+@x") == "ok"
        for source in ("udp:10.0.0.4:5060", "udp:10.0.0.5:5060", "udp:10.0.0.6:5060"):
            assert ask(node, source=source) == "no"
        node.records.clear()


def test_commands_of_trusted_peers(tmp_path: Path, database: Sqlite) -> None:
    with router(tmp_path, "allow_trusted()", *tables(database)) as node:
        assert len([text for text in node.errors if "is left out" in text]) == 3
        dump = rpc(node, "trusted.dump")
        assert list(dump[0]) == [("src_ip", "10.0.0.1"), ("proto", 1), ("pattern", "^sip:alice@")]
        database.run("UPDATE peers SET src_ip = '10.0.0.8' WHERE src_ip = '10.0.0.1'")
        rpc(node, "trusted.reload")
        assert (ask(node), ask(node, source="udp:10.0.0.8:5060")) == ("no", "ok")
        database.run("ALTER TABLE peers RENAME TO gone")
        with pytest.raises(RpcError):
            rpc(node, "trusted.reload")
        assert ask(node, source="udp:10.0.0.8:5060") == "ok"
        node.records.clear()
    database.run("ALTER TABLE gone RENAME TO peers")
    with router(tmp_path, "allow_trusted()", *tables(database, 0)) as node:
        for name in ("trusted.dump", "trusted.reload", "ipmatch.reload"):
            with pytest.raises(RpcError):
                rpc(node, name)
        database.run("ALTER TABLE peers RENAME TO gone")
        assert fails(node, "no such table") == "no"
    with router(tmp_path, "allow_trusted()") as node:
        assert fails(node, "db_url is not set") == "no"


@pytest.mark.parametrize(
    ("call", "before", "source", "result"),
    [
        ('ipmatch("src")', "", "udp:10.0.0.1:5060", "ok"),
        ('ipmatch("src", "$peer")', "", "udp:10.0.0.1:5060", "ok any port"),
        ('ipmatch("src", "$peer")', '$peer = "old";', "udp:10.0.0.1:5062", "ok port"),
        ('ipmatch("src", "$peer")', "ipmatch_filter(4);", "udp:10.0.0.1:5062", "ok any port"),
        ('ipmatch("src")', "ipmatch_filter(2);", "udp:10.0.0.3:5062", "no"),
        ('ipmatch("src")', "ipmatch_filter(12);", "udp:10.0.0.3:5062", "ok"),
        ('ipmatch("src")', 'ipmatch_filter(2); ipmatch("src");', "udp:10.0.0.3:5062", "ok"),
        ('ipmatch("src")', "", "udp:10.0.0.2:5060", "no"),
        ('ipmatch("$x")', '$x = "10.0.0.1:9";', "udp:10.0.0.9:5060", "ok"),
        ('ipmatch("$x", "$peer")', '$x = "[2001:db8::1]:5060";', "udp:10.0.0.9:5060", "ok six"),
        ('ipmatch("$x")', '$x = "[2001:db8::1]:5061";', "udp:10.0.0.9:5060", "no"),
        ('ipmatch("@from.uri.host")', "", "udp:10.0.0.9:5060", "no"),
    ],
)
def test_addresses_of_the_table(
    tmp_path: Path, database: Sqlite, call: str, before: str, source: str, result: str
) -> None:
    with router(tmp_path, call, *tables(database), before=before) as node:
        assert ask(node, source=source) == result
        node.records.clear()


def test_the_second_via(tmp_path: Path, database: Sqlite) -> None:
    top = "SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bK1"
    with router(tmp_path, 'ipmatch("via2", "$peer")', *tables(database)) as node:
        for second, result in (
            ("SIP/2.0/UDP x;branch=z9hG4bK0;received=10.0.0.1;rport=5062", "ok port"),
            ("SIP/2.0/UDP x;branch=z9hG4bK0;received=10.0.0.1;rport=5063", "ok any port"),
            ("SIP/2.0/UDP x;branch=z9hG4bK0;received=10.0.0.7", "no"),
        ):
            assert ask(node, via=[top, second]) == result
        assert fails(node, "no received parameter", via=[top, "SIP/2.0/UDP x;branch=z9hG4bK0"]) == "no"


def test_where_messages_go(tmp_path: Path, database: Sqlite) -> None:
    path = tmp_path / "router.cfg"
    lines = "\n".join(f'modparam("permissions", {param})' for param in tables(database))
    path.write_text(f"""{HEAD}{lines}
        route {{ forward(10.0.0.1, 5062); }}
        onsend_route {{
            if (ipmatch_onsend("dst")) {{ log(1, "to a known one\\n"); }}
            if (ipmatch_onsend("ruri")) {{ log(1, "for a known one\\n"); }}
        }}
    """)
    with closing(Node(path=path)) as node:
        node.receive(build_message("OPTIONS", "sip:b@10.0.0.3;x=1"))
        assert node.logged("to a known one") and node.logged("for a known one")
        node.records.clear()
        node.receive(build_message("OPTIONS", "sip:b@example.org"))
        assert "no address: 'example.org'" in node.errors[0]
        node.records.clear()


def test_reload_of_ipmatch(tmp_path: Path, database: Sqlite) -> None:
    with router(tmp_path, 'ipmatch("src")', *tables(database)) as node:
        database.insert("ipmatch", ip="10.0.0.9", mark=None, flags=1)
        assert ask(node, source="udp:10.0.0.9:1") == "no"
        rpc(node, "ipmatch.reload")
        assert ask(node, source="udp:10.0.0.9:1") == "ok"
        database.insert("ipmatch", ip="nonsense", mark=None, flags=1)
        with pytest.raises(RpcError):
            rpc(node, "ipmatch.reload")
        assert ask(node, source="udp:10.0.0.9:1") == "ok"
        node.records.clear()
    with pytest.raises(OperatorError, match="no address"), router(tmp_path, 'ipmatch("src")', *tables(database)):
        pass
    with router(tmp_path, 'ipmatch("src")', *tables(database, 0)) as node:
        assert fails(node, "db_mode 1") == "no"


# --- sets

SETS = ('"declare_ipset", "inside=10.0.0.0/8, 192.0.2.1;[2001:db8::]/32"', '"declare_ipset", "empty"')


@pytest.mark.parametrize(
    ("call", "result"),
    [
        ('ip_is_in_ipset("inside", "src")', "ok"),
        ('ip_is_trusted("inside", "192.0.2.1")', "ok"),
        ('ip_is_trusted("inside", "192.0.2.2")', "no"),
        ('ip_is_trusted("inside", "[2001:db8:1::7]")', "ok"),
        ('ip_is_trusted("inside", "2001:db9::7")', "no"),
        ('ip_is_trusted("empty", "src")', "no"),
        ('ip_is_trusted("10.0.0.1/255.255.255.254", "Src")', "ok"),
        ('ip_is_trusted("10.0.0.2/31,1.2.3.4", "src")', "no"),
        ('ip_is_trusted("$name", "$ip")', "ok"),
        ('ip_is_trusted("$none", "src")', "no"),
        ('ip_is_trusted("inside", "$none")', "no"),
        ('ip_is_trusted("$ip", "src")', "no"),
    ],
)
def test_sets(tmp_path: Path, call: str, result: str) -> None:
    with router(tmp_path, call, *SETS, before='$name = "inside"; $ip = "10.1.2.3";') as node:
        assert ask(node) == result


def test_sets_that_are_not_there(tmp_path: Path) -> None:
    for value, message in (("nothing", "there is no set"), ("1.2.3", "not an IP address"), ("1.2.3.4/77", "a mask")):
        with router(tmp_path, 'ip_is_trusted("$x", "src")', *SETS, before=f'$x = "{value}";') as node:
            assert fails(node, message) == "no"
    with router(tmp_path, 'ip_is_trusted("inside", "$x")', *SETS, before='$x = "nonsense";') as node:
        assert fails(node, "no address: 'nonsense'") == "no"


def test_sets_are_changed_by_commands(tmp_path: Path) -> None:
    with router(tmp_path, 'ip_is_trusted("inside", "src")', *SETS) as node:
        source = {"source": "udp:172.16.0.1:5060"}
        assert list(rpc(node, "ipset.list")[0]) == [("Name", "inside"), ("Name", "empty")]
        rpc(node, "ipset.add", "inside", "1.1.1.1", "/32")
        rpc(node, "ipset.clean", "inside")
        rpc(node, "ipset.add", "inside", "172.16.0.0", "/12")
        rpc(node, "ipset.add", "inside", "2001:db8::", "/64")
        assert ask(node, **source) == "no"
        assert [list(part) for part in rpc(node, "ipset.print", "inside", 1)] == [
            [("IPv", "4"), ("network", "172.16.0.0/12")],
            [("IPv", "6"), ("network", "2001:db8::/64")],
        ]
        rpc(node, "ipset.commit", "inside")
        assert (ask(node, **source), ask(node)) == ("ok", "no")
        assert list(rpc(node, "ipset.print", "inside", 1)[0]) == [("IPv", "4")]
        for name, values in (
            ("ipset.add", ("inside", "x", "/1")),
            ("ipset.add", ("inside", "1.2.3.4", "/33")),
            ("ipset.add", ("none", "1.2.3.4", "/32")),
            ("ipset.commit", ("none",)),
            ("ipset.clean", ("none",)),
            ("ipset.print", ("none", 0)),
        ):
            with pytest.raises(RpcError):
                rpc(node, name, *values)


def test_places_and_networks() -> None:
    assert parse_place("1.2.3.4:5") == (bytes((1, 2, 3, 4)), 5)
    assert parse_place("::1")[1] == 0
    for text in ("", "x", "1.2.3.4:-1", "1.2.3.4:70000", "[::1]5", "[::1]:", "1.2.3.4:x"):
        with pytest.raises(ValueError, match="no address"):
            parse_place(text)
    found = IpSet("10.0.0.0/8")
    found.add(Network.parse("10.0.0.0/8"))
    assert bytes((10, 1, 1, 1)) in found and bytes(16) not in found


@pytest.mark.parametrize(
    ("call", "params", "message"),
    [
        ('ip_is_trusted("nothing", "src")', (), "there is no set"),
        ('ip_is_trusted("1.2.3/8", "src")', (), "bad addresses"),
        ('ipmatch("x")', (), "src, via2"),
        ('ipmatch("src", "x")', (), "an attribute"),
        ("allow_routing()", ('"declare_ipset", "1x"',), "is no name"),
        ("allow_routing()", ('"declare_ipset", "x=1.2"',), "not an IP address"),
        ("allow_routing()", ('"declare_ipset", "x"', '"declare_ipset", "x=1.2.3.4"'), "two sets"),
        ("allow_routing()", ('"db_mode", 3',), "db_mode"),
        ("allow_routing()", ('"trusted_table", "a b"',), "trusted_table"),
    ],
)
def test_mistakes_are_found_when_loading(tmp_path: Path, call: str, params: tuple[str, ...], message: str) -> None:
    with pytest.raises(LoadError, match=message), router(tmp_path, call, *params):
        pass
