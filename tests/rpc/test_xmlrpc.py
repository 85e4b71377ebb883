"""rpc/xmlrpc.py against the standard library's client, and bodies made to hurt."""

import xmlrpc.client

import pytest

from siprouter.rpc.values import Pairs
from siprouter.rpc.xmlrpc import MAX_BODY, XmlRpcError, build_fault, build_response, parse_call
from siprouter.util.errors import InternalError


def test_calls_of_the_standard_client_are_understood() -> None:
    params = (1, -2.5, "a<&é", True, {"x": [1, {"y": "z"}]}, b"bytes", xmlrpc.client.DateTime("20260102T03:04:05"))
    body = xmlrpc.client.dumps(params, "ul.dump").encode()
    method, values = parse_call(body)
    assert method == "ul.dump"
    assert values == [
        1, -2.5, "a<&é", True, Pairs([("x", [1, Pairs([("y", "z")])])]), b"bytes", "20260102T03:04:05"
    ]  # fmt: skip


def test_untyped_values_are_strings_and_declared_encodings_count() -> None:
    text = '<?xml version="1.0" encoding="ISO-8859-1"?><methodCall><methodName>m</methodName>'
    text += "<params><param><value>é</value></param></params></methodCall>"
    assert parse_call(text.encode("latin-1")) == ("m", ["é"])


def test_call_without_params() -> None:
    assert parse_call(b"<methodCall><methodName>core.ps</methodName></methodCall>") == ("core.ps", [])


BOMB = b'<!DOCTYPE a [<!ENTITY b "bbbbbbbb">]><methodCall><methodName>&b;</methodName></methodCall>'
EXTERNAL = b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><methodCall><methodName>m</methodName></methodCall>'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not xml",
        b"<methodCall>",
        b"<methodCall></methodCall>",
        b"<methodCall><methodName></methodName></methodCall>",
        b"<other/>",
        BOMB,
        EXTERNAL,
        b"<methodCall><methodName>m</methodName>" + b"<value><array><data>" * 2000,
        b"<methodCall><methodName>m</methodName><params><param><value><int>x</int></value></param></params></methodCall>",
        b"<methodCall><methodName>m</methodName><params><param><value><int>"
        + b"9" * 5000
        + b"</int></value></param></params></methodCall>",
        b"<methodCall><methodName>m</methodName><params><param><value><struct><member></member></struct></value></param>",
        b"<methodCall><methodName>m</methodName>" + b" " * MAX_BODY + b"</methodCall>",
        b"<methodCall><methodName>m</methodName><params></member></params></methodCall>",
    ],
)
def test_bad_bodies_are_refused(body: bytes) -> None:
    with pytest.raises(XmlRpcError) as caught:
        parse_call(body)
    assert caught.value.status == 400


def test_response_is_what_the_standard_client_expects() -> None:
    value = Pairs([("n", 1), ("f", 1.5), ("s", "a<b>&\u00e9"), ("t", True), ("l", [1, "x"]), ("e", Pairs())])
    (result,), _ = xmlrpc.client.loads(build_response(value))
    assert result == {"n": 1, "f": 1.5, "s": "a<b>&é", "t": True, "l": [1, "x"], "e": {}}


def test_none_control_characters_and_wide_integers() -> None:
    (result,), _ = xmlrpc.client.loads(build_response([None, "a\x01\udcffb\n", 1 << 40]))
    assert result == ["<null string>", "a\ufffd\ufffdb\n", float(1 << 40)]


def test_fault() -> None:
    with pytest.raises(xmlrpc.client.Fault) as caught:
        xmlrpc.client.loads(build_fault(404, "no <such> command"))
    assert (caught.value.faultCode, caught.value.faultString) == (404, "no <such> command")


def test_objects_are_our_mistake() -> None:
    with pytest.raises(InternalError):
        build_response(object())  # type: ignore[arg-type]
