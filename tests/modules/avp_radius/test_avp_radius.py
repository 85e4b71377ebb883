"""Attributes of users and URIs, as SER loads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from siprouter.testing import LoadError, Node
from siprouter.testing.messages import build_message
from siprouter.util.errors import OperatorError
from tests.support.radius_server import ACCEPT, REJECT, Answer, RadiusServer, Received, radius_config, vendor
from tests.support.sqlite import Sqlite

TEXT = """#!SER
loadmodule "tm.so"
loadmodule "xlog.so"
loadmodule "avp_radius.so"
modparam("avp_radius", "radius_config", "%s")
route {
    $fu.uid = "4711";
    if (radius_load_attrs(%s)) {
        xlog("L_INFO", "loaded %%%s\\n");
    } else {
        xlog("L_INFO", "not loaded\\n");
    }
}
"""
USER, DID, SERVICE, SCHEME = 1, (24960, 16), (24960, 14), (24960, 20)


def run(
    folder: Path, call: str, variable: str, answer: Answer, text: str = TEXT
) -> tuple[list[Received], list[str]]:
    server = RadiusServer(lambda request: answer)
    node = Node(text % (radius_config(folder, server.port), call, variable))
    try:
        server.attach(node)
        node.receive(build_message("OPTIONS", "sip:bob@example.com", from_="sip:alice@example.org"))
        node.advance(10)
        return server.requests, [record.text.strip() for record in node.logged("loaded")]
    finally:
        server.close()
        node.settle()
        node.records.clear()
        node.close()


GOOD: Answer = (ACCEPT, [vendor(1, b"lang=de"), vendor(1, b"x:y")])


@pytest.mark.parametrize(("klass", "variable"), [("$fu", "$fu.lang"), ("$TU", "$tu.lang")])
def test_of_users(tmp_path: Path, klass: str, variable: str) -> None:
    requests, log = run(tmp_path, f'"{klass}", "$fu.uid"', variable, GOOD)
    assert log == ["loaded de"]
    assert (requests[0].text(USER), requests[0].integer(SERVICE)) == ("4711", 2)
    assert DID not in requests[0].attributes


@pytest.mark.parametrize(("klass", "variable"), [("$fr", "$fr.lang"), ("$tr", "$tr.lang")])
def test_of_uris(tmp_path: Path, klass: str, variable: str) -> None:
    requests, log = run(tmp_path, f'"{klass}", "@from.uri"', variable, GOOD)
    assert log == ["loaded de"]
    request = requests[0]
    assert (request.text(USER), request.integer(SERVICE)) == ("alice", 1)
    assert (request.text(SCHEME), request.text(DID)) == ("sip", "_default")


@pytest.mark.parametrize("answer", [(REJECT, []), (ACCEPT, [vendor(1, b"nothing")])], ids=["reject", "nameless"])
def test_failures(tmp_path: Path, answer: Answer) -> None:
    assert run(tmp_path, '"$fu", "4711"', "$fu.lang", answer)[1] == ["not loaded"]


def test_without_anybody_nobody_is_asked(tmp_path: Path) -> None:
    assert run(tmp_path, '"$fu", "$fu.none"', "$fu.lang", GOOD) == ([], ["not loaded"])
    assert run(tmp_path, '"$fr", "no URI"', "$fr.lang", GOOD) == ([], ["not loaded"])


def test_the_id_of_the_domain_is_that_of_module_domain(tmp_path: Path) -> None:
    database = Sqlite(tmp_path / "sip.db")
    database.run("CREATE TABLE ser_domains (did, domain, flags INTEGER)")
    database.run("CREATE TABLE domain_attrs (did, name, type INTEGER, value, flags INTEGER)")
    database.insert("ser_domains", did="d1", domain="example.org", flags=1)
    lines = f"""loadmodule "domain.so"
modparam("domain", "db_url", "{database.url}")
modparam("domain", "domain_table", "ser_domains")
route {{"""
    text = TEXT.replace("route {", lines, 1)
    requests, log = run(tmp_path, '"$fr", "sip:alice@Example.org"', "$fr.lang", GOOD, text)
    assert (requests[0].text(DID), log) == ("d1", ["loaded de"])


def test_unknown_classes(tmp_path: Path) -> None:
    with pytest.raises((LoadError, OperatorError), match=r"must be \$fu, \$fr, \$tu or \$tr"):
        Node(TEXT % (radius_config(tmp_path, 1812), '"$xx", "1"', "$fu.lang"))
