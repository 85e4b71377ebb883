"""permissions with files, and with tables in SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from siprouter.rpc.call import call_mi
from siprouter.rpc.mi import MiArgument
from siprouter.testing import LoadError, Node, build_message
from siprouter.util.errors import OperatorError
from tests.support.sqlite import Sqlite

HEAD = """
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "permissions.so"
modparam("permissions", "peer_tag_avp", "$avp(s:tag)")
"""
ALICE = "sip:alice@example.org"


@contextmanager
def router(folder: Path, expression: str, *params: str, more: str = "") -> Iterator[Node]:
    lines = "\n".join(f'modparam("permissions", {param})' for param in params)
    path = folder / "router.cfg"
    path.write_text(f"""{HEAD}{lines}
        route {{
            {more}
            {expression};
            $var(code) = $rc;
            append_to_reply("X-Result: $var(code) $avp(s:tag)\\r\\n");
            sl_send_reply("200", "OK");
        }}
    """)
    with closing(Node(path=path)) as node:
        yield node


def ask(node: Node, uri: str = "sip:bob@example.org", source: str = "udp:10.0.0.1:5060", **fields: object) -> str:
    method = str(fields.pop("method", "OPTIONS"))
    from_, to = str(fields.pop("from_", ALICE)), str(fields.pop("to", uri))
    sent = node.receive(build_message(method, uri, from_=from_, to=to, **fields), source)  # type: ignore[arg-type]
    assert len(sent) == 1
    return sent[0].header("X-Result") or ""


def test_who_may_call_whom(tmp_path: Path) -> None:
    (tmp_path / "permissions.allow").write_text('"^sip:alice@" : "^sip:900@"\n')
    (tmp_path / "permissions.deny").write_text('ALL : "^sip:9"\n')
    with router(tmp_path, "allow_routing()") as node:
        assert ask(node, "sip:900@x:5060;a=b") == "1 <null>"
        assert ask(node, "sip:900@x", from_="sip:bob@x") == "-1 <null>"
        assert ask(node, "sip:901@x") == "-1 <null>"
        assert ask(node, "sip:800@x", from_="sip:bob@x") == "1 <null>"


@pytest.mark.parametrize(("check", "result"), [(1, "-1 <null>"), (0, "1 <null>")])
def test_branches_count(tmp_path: Path, check: int, result: str) -> None:
    (tmp_path / "calls.deny").write_text('ALL : "^sip:9"\n')
    more = 'append_branch("sip:901@x:99");'
    with router(tmp_path, 'allow_routing("calls")', f'"check_all_branches", {check}', more=more) as node:
        assert ask(node) == result


def test_registrations(tmp_path: Path) -> None:
    (tmp_path / "a").write_text('"^sip:gw@" : ALL\n')
    (tmp_path / "d").write_text('ALL : "@10[.]0[.]0[.]9$"\n')
    with router(tmp_path, 'allow_register("a", "d")') as node:
        for user, contact, result in (
            ("bob", "<sip:b@10.0.0.8:5070>", "1"),
            ("bob", "<sip:b@10.0.0.8>, <sip:b@10.0.0.9:5070;x=y>", "-1"),
            ("gw", "<sip:b@10.0.0.9>", "1"),
            ("bob", "*", "1"),
            ("bob", "", "1"),
        ):
            headers = {"Contact": contact} if contact else {}
            fields = {"method": "REGISTER", "to": f"sip:{user}@example.org", "headers": headers}
            assert ask(node, "sip:example.org", **fields).split()[0] == result


def test_uris_in_variables_and_by_management(tmp_path: Path) -> None:
    (tmp_path / "refer.deny").write_text('ALL : "^sip:9"\n')
    with router(tmp_path, 'allow_uri("refer", "$hdr(X-To)")') as node:
        assert ask(node, headers={"X-To": "sip:9@x"}).startswith("-1 ")
        assert ask(node, headers={"X-To": "sip:8@x"}).startswith("1 ")
        assert ask(node).startswith("-1 ")
        assert node.logged("no URI in $hdr(X-To)")
        node.records.clear()
        for arguments, code in ((["refer", ALICE, "sip:9@x"], 403), (["refer", ALICE, "sip:8@x"], 200), (["x"], 400)):
            reply = node.wait(call_mi(node.worker, "allow_uri", [MiArgument(None, text) for text in arguments]))
            assert reply is not None
            assert (reply.code, node.log) == (code, [])


def test_bad_files_keep_the_router_from_starting(tmp_path: Path) -> None:
    (tmp_path / "x.deny").write_text("nonsense\n")
    with pytest.raises(OperatorError, match="there is no colon"), router(tmp_path, 'allow_routing("x")'):
        pass


@pytest.fixture
def database(sqlite: Sqlite) -> Sqlite:
    sqlite.insert("address", grp=1, ip_addr="10.0.0.1", mask=32, port=0, tag="one")
    sqlite.insert("address", grp=2, ip_addr="10.1.0.0", mask=16, port=5060, tag="two")
    sqlite.insert("address", grp=3, ip_addr="10.2.0.9", mask=24, port=0)
    sqlite.insert("trusted", src_ip="10.0.0.1", proto="any", from_pattern=None, tag="peer")
    sqlite.insert("trusted", src_ip="10.0.0.2", proto="tcp", from_pattern=None)
    sqlite.insert("trusted", src_ip="10.0.0.3", proto="UDP", from_pattern="^sip:alice@", tag="alice")
    sqlite.insert("trusted", src_ip="10.0.0.4", proto="none", from_pattern=None)
    return sqlite


@pytest.mark.parametrize(
    ("expression", "source", "result"),
    [
        ("allow_source_address()", "udp:10.0.0.1:99", "1 one"),
        ("allow_source_address()", "udp:10.0.0.2:99", "-1 <null>"),
        ('allow_source_address("2")', "udp:10.1.7.7:5060", "1 two"),
        ('allow_source_address("2")', "udp:10.1.7.7:5061", "-1 <null>"),
        ('allow_source_address("2")', "udp:10.0.0.1:5060", "-1 <null>"),
        ("allow_source_address_group()", "udp:10.2.0.1:5060", "3 <null>"),
        ("allow_source_address_group()", "udp:10.3.0.1:5060", "-1 <null>"),
        ('allow_address("1", "$var(ip)", "$sp")', "udp:10.9.9.9:99", "1 one"),
        ('allow_address("3", "$var(ip)", "$sp")', "udp:10.9.9.9:99", "-1 <null>"),
        ('allow_address("1", "$rU", "$sp")', "udp:10.9.9.9:99", "-1 <null>"),
        ('allow_address("1", "$var(ip)", "$var(port)")', "udp:10.9.9.9:99", "1 one"),
    ],
)
def test_addresses(database: Sqlite, tmp_path: Path, expression: str, source: str, result: str) -> None:
    more = '$var(ip) = "10.0.0.1"; $var(port) = "5060";'
    with router(tmp_path, expression, f'"db_url", "{database.url}"', more=more) as node:
        assert ask(node, source=source) == result


@pytest.mark.parametrize("mode", [0, 1])
@pytest.mark.parametrize(
    ("expression", "source", "from_", "result"),
    [
        ("allow_trusted()", "udp:10.0.0.1:99", ALICE, "1 peer"),
        ("allow_trusted()", "udp:10.0.0.2:99", ALICE, "-1 <null>"),
        ('allow_trusted("$var(ip)", "tcp")', "udp:10.9.9.9:99", ALICE, "1 <null>"),
        ('allow_trusted("$var(ip)", "udp")', "udp:10.9.9.9:99", ALICE, "-1 <null>"),
        ("allow_trusted()", "udp:10.0.0.3:99", ALICE, "1 alice"),
        ("allow_trusted()", "udp:10.0.0.3:99", "sip:bob@x", "-1 <null>"),
        ("allow_trusted()", "udp:10.0.0.4:99", ALICE, "-1 <null>"),
        ("allow_trusted()", "udp:10.0.0.5:99", ALICE, "-1 <null>"),
    ],
)
def test_trusted_peers(
    database: Sqlite, tmp_path: Path, mode: int, expression: str, source: str, from_: str, result: str
) -> None:
    params = (f'"db_url", "{database.url}"', f'"db_mode", {mode}')
    with router(tmp_path, expression, *params, more='$var(ip) = "10.0.0.2";') as node:
        assert ask(node, source=source, from_=from_) == result


def test_what_goes_wrong_lets_nobody_in(database: Sqlite, tmp_path: Path) -> None:
    with router(tmp_path, 'allow_trusted("10.0.0.1", "$rU")', f'"db_url", "{database.url}"') as node:
        assert ask(node, "sip:carrier-pigeon@x") == "-1 <null>"
        database.run("ALTER TABLE trusted RENAME TO gone")
        assert ask(node, "sip:udp@x") == "-1 <null>"
        assert node.logged("no such table")
        node.records.clear()
    with router(tmp_path, "allow_trusted()") as node:
        assert ask(node) == "-1 <null>"
        assert node.logged("db_url is not set")
        node.records.clear()


def test_management(database: Sqlite, tmp_path: Path) -> None:
    with router(tmp_path, "allow_source_address()", f'"db_url", "{database.url}"', '"db_mode", 1') as node:

        def manage(name: str) -> tuple[int, list[str | None]]:
            reply = node.wait(call_mi(node.worker, name, []))
            assert reply is not None
            return reply.code, [child.value for child in reply.children]

        assert manage("address_dump") == (200, ["   0 <1, 10.0.0.1, 0, one>"])
        assert manage("subnet_dump") == (200, ["   0 <2, 10.1.0.0, 16, 5060, two>", "   1 <3, 10.2.0.9, 24, 0, NULL>"])
        assert len(manage("trusted_dump")[1]) == 4
        database.run("UPDATE address SET ip_addr = '10.7.7.7' WHERE grp = 1")
        database.insert("address", grp=1, ip_addr="nonsense", mask=32)
        database.run("DELETE FROM trusted WHERE proto = 'none'")
        assert manage("address_reload")[0] == manage("trusted_reload")[0] == 200
        assert node.logged("address nonsense is left out")
        node.records.clear()
        assert ask(node, source="udp:10.7.7.7:1") == "1 one"
        assert len(manage("trusted_dump")[1]) == 3
        database.run("ALTER TABLE address RENAME TO gone")
        assert manage("address_reload")[0] == 400
        node.records.clear()
        assert ask(node, source="udp:10.7.7.7:1") == "1 one"


@pytest.mark.parametrize(
    ("param", "why"),
    [
        ('"db_mode", 2', "db_mode must be 0 or 1"),
        ('"tag_col", "a b"', "parameter tag_col is no name"),
        ('"peer_tag_avp", "$var(x)"', "peer_tag_avp must be an AVP"),
    ],
)
def test_parameters_are_checked(tmp_path: Path, param: str, why: str) -> None:
    with pytest.raises(LoadError, match=why), router(tmp_path, "allow_routing()", param):
        pass
