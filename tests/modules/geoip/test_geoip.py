"""geoip over a small MaxMind DB file."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

import pytest

import siprouter.modules.geoip
from siprouter.rpc.values import RpcError
from siprouter.testing import LoadError, Node
from siprouter.testing.messages import build_message
from tests.support.geoip import MIAMI, write_database

README = (Path(siprouter.modules.geoip.__path__[0]) / "README.md").read_text()
README_PATH = "/usr/share/GeoIP/GeoLite2-City.mmdb"
EXAMPLE = re.findall(r"^```\n(.*?)^```$", README, re.M | re.S)[0]
SCRIPT = """
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "geoip.so"
modparam("geoip", "path", "{path}")
request_route {{ {body} }}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_database(tmp_path / "city.mmdb")


def start(path: Path, body: str = "exit;") -> Node:
    return Node(SCRIPT.format(path=path, body=body))


def reasons(path: Path, body: str, source: str = "192.0.2.1:5060", **fields: str) -> list[str]:
    with closing(start(path, body)) as node:
        return [one.message.reason for one in node.receive(build_message("OPTIONS", "sip:bob@x", **fields), source)]


@pytest.mark.parametrize(
    ("address", "attribute", "expected"),
    [
        ("192.0.2.1", "cc", "DE"),
        ("192.0.2.1", "contc", "EU"),
        ("192.0.2.1", "tz", "Europe/Berlin"),
        ("192.0.2.1", "zip", "10785"),
        ("192.0.2.1", "lat", "52.516700"),
        ("192.0.2.1", "lon", "13.400000"),
        ("192.0.2.1", "dma", "0"),
        ("192.0.2.1", "area", "0"),
        ("192.0.2.1", "ips", "192.0.2.0"),
        ("192.0.2.1", "ipe", "192.0.2.127"),
        ("192.0.2.1", "nmask", "25"),
        ("192.0.2.1", "city", "Berlin"),
        ("192.0.2.1", "regc", "BE"),
        ("192.0.2.1", "regn", "Land Berlin"),
        ("198.51.100.9", "metro", "528"),
        ("198.51.100.9", "dma", "528"),
        ("198.51.100.9", "lon", "-80.250000"),
        ("198.51.100.9", "zip", "<null>"),
        ("203.0.113.1", "cc", "<null>"),
        ("203.0.113.1", "lat", "<null>"),
        ("203.0.113.1", "regn", "<null>"),
        ("2001:db8::1", "city", "Miami"),
        ("[2001:DB8::1]", "ips", "2001:db8::"),
    ],
)
def test_attributes(path: Path, address: str, attribute: str, expected: str) -> None:
    body = f'geoip_match("{address}", "x"); sl_send_reply("200", "=$gip(x=>{attribute})");'
    assert reasons(path, body) == [f"={expected}"]


@pytest.mark.parametrize(
    ("address", "name", "result"),
    [
        ("192.0.2.1", "x", 1),
        ("192.0.2.200", "x", -2),
        ("10.0.0.1", "x", -2),
        ("example.org", "x", -2),
        ("", "x", -2),
        ("999.1.1.1", "x", -2),
        ("1" * 256, "x", -3),
        ("192.0.2.1", "$hdr(None)", 1),
        ("192.0.2.1", "", -1),
    ],
)
def test_results(path: Path, address: str, name: str, result: int) -> None:
    body = f'$var(rc) = geoip_match("{address}", "{name}"); sl_send_reply("200", "$var(rc)");'
    assert reasons(path, body) == [str(result)]


def test_several_look_ups_at_once(path: Path) -> None:
    body = """
        if ($gip(a=>cc) != $null) { exit; }
        geoip_match("$si", "a");
        geoip_match("198.51.100.7", "b");
        sl_send_reply("200", "$gip(a=>cc) $gip(b=>cc) $gip(c=>cc)");
        geoip_match("10.0.0.1", "a");
        sl_send_reply("201", "$gip(a=>cc) $gip(b=>cc)");
    """
    assert reasons(path, body) == ["DE US <null>", "<null> US"]


def test_look_ups_belong_to_one_message(path: Path) -> None:
    body = 'if ($rm == "INFO") { geoip_match("$si", "a"); } sl_send_reply("200", "=$gip(a=>cc)");'
    with closing(start(path, body)) as node:
        found = [node.receive(build_message(method, "sip:x"))[-1].message.reason for method in ("INFO", "OPTIONS")]
    assert found == ["=DE", "=<null>"]


def test_look_ups_are_bounded(path: Path) -> None:
    body = """
        $var(i) = 0;
        while ($var(i) < 70) { geoip_match("$si", "n$var(i)"); $var(rc) = $rc; $var(i) = $var(i) + 1; }
        sl_send_reply("200", "$var(rc)");
    """
    with closing(start(path, body)) as node:
        assert node.receive(build_message("OPTIONS", "sip:x"))[-1].message.reason == "-1"
        assert "more than 64 look-ups" in node.errors[0]
        node.records.clear()


def test_the_example_refuses_a_country(path: Path) -> None:
    with closing(Node(EXAMPLE.replace(README_PATH, str(path)))) as node:
        refused = node.receive(build_message("INVITE", "sip:bob@198.51.100.10"), "192.0.2.1:5060")
        assert [(one.status, one.message.reason) for one in refused] == [(403, "Not from DE")]
        relayed = node.receive(build_message("OPTIONS", "sip:bob@198.51.100.10", branch="z9hG4bK2"), "10.0.0.1:5060")
        assert [one.method for one in relayed] == ["OPTIONS"]
        assert node.logged("INVITE from Berlin, DE")
        node.advance(60)


def test_reload(path: Path, tmp_path: Path) -> None:
    with closing(start(path, 'geoip_match("$si", "x"); sl_send_reply("200", "$gip(x=>cc)");')) as node:

        def country() -> str:
            return str(node.receive(build_message("OPTIONS", "sip:x"))[-1].message.reason)

        assert country() == "DE"
        write_database(tmp_path / "new.mmdb", {"192.0.2.0/24": MIAMI}).rename(path)
        assert country() == "DE"
        (about,) = node.rpc("geoip.reload").values
        assert (about["path"], about["type"]) == (str(path), "GeoLite2-City")
        assert country() == "US"
        other = write_database(tmp_path / "other.mmdb")
        node.rpc("geoip.reload", str(other))
        assert country() == "DE"
        for bad in ("/nowhere/x.mmdb", __file__):
            with pytest.raises(RpcError) as caught:
                node.rpc("geoip.reload", bad)
            assert caught.value.code == 500
        assert country() == "DE"
        assert node.rpc("geoip.reload").values[0]["path"] == str(other)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", "parameter path is not set"),
        ('modparam("geoip", "path", "/nowhere/x.mmdb")', "cannot read /nowhere/x.mmdb: No such file"),
        ('modparam("geoip", "path", "FOLDER/GeoLiteCity.dat")', "was given up in 2018"),
        ('modparam("geoip", "path", "FOLDER/text.mmdb")', "text.mmdb is no MaxMind DB file"),
    ],
)
def test_files_that_cannot_be_used(tmp_path: Path, line: str, expected: str) -> None:
    for name in ("GeoLiteCity.dat", "text.mmdb"):
        (tmp_path / name).write_bytes(b"\x00\x01\x02\x03" * 100)
    with pytest.raises(LoadError, match=re.escape(expected)):
        Node(f'loadmodule "geoip.so"\n{line.replace("FOLDER", str(tmp_path))}\nroute {{ exit; }}')


@pytest.mark.parametrize(
    ("variable", "expected"),
    [("$gip(x=>planet)", "no attribute 'planet'"), ("$gip(x)", "expected $gip"), ("$gip(=>cc)", "expected $gip")],
)
def test_variables_that_do_not_exist(path: Path, variable: str, expected: str) -> None:
    with pytest.raises(LoadError, match=re.escape(expected)):
        start(path, f"$var(x) = {variable};")


def test_a_damaged_file_is_an_error_of_the_look_up(path: Path, tmp_path: Path) -> None:
    data = bytearray(path.read_bytes())
    end = data.rindex(b"\xab\xcd\xefMaxMind.com")
    data[end - 150 : end] = b"\xff" * 150
    bad = tmp_path / "bad.mmdb"
    bad.write_bytes(data)
    body = 'geoip_match("2001:db8::1", "x"); $var(a) = $rc; sl_send_reply("200", "$var(a)");'
    with closing(start(bad, body)) as node:
        assert node.receive(build_message("OPTIONS", "sip:x"))[-1].message.reason == "-1"
        assert "bad.mmdb" in node.errors[0]
        node.records.clear()
