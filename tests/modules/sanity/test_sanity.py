"""sanity_check(): what fails each check, with what answer, and what the script gets."""

from __future__ import annotations

import pytest

from siprouter.core.context import Context
from siprouter.sip.message import Message, parse_message
from siprouter.util.errors import OperatorError
from tests.modules.tm.node import Node
from tests.support.fakes import FakeWorker, call, context, make_worker, request


def worker_with(**params: int | str) -> FakeWorker:
    worker = FakeWorker()
    worker.load("sl")
    worker.load("sanity", **params)
    assert worker.configure_modules() == []
    return worker


def answers(ctx: Context) -> list[Message]:
    return [parse_message(data) for data, _ in ctx.worker.outlet.sent]


def check(ctx: Context, *args: int | str) -> tuple[int, int, str]:
    """The result, and the answer's status and reason (0 and "" for none)."""
    result = call(ctx, "sanity_check", *args)
    sent = answers(ctx)
    assert len(sent) <= 1
    return (result, sent[0].status, sent[0].reason) if sent else (result, 0, "")


def of(worker: FakeWorker, method: str = "INVITE", uri: str = "sip:bob@example.com", *headers: str, **given: str):
    return context(worker, request(method, uri, *headers, **given))


def digest(**changed: str) -> str:
    params = {"username": "a", "realm": "r", "nonce": "n", "uri": "sip:r", "response": "x", **changed}
    return "Digest " + ", ".join(f'{name}="{value}"' for name, value in params.items())


GOOD_DIGEST = digest()


@pytest.mark.parametrize(
    "headers",
    [(), ("Expires: 0",), ("Expires: 4294967295",), ("Contact: *",), (f"Authorization: {GOOD_DIGEST}",),
     (f'Authorization: {GOOD_DIGEST}, qop=auth, nc=1, cnonce="c"',), ("Authorization: Bearer xyz",),
     ("Proxy-Require: Path, gruu",), ("Contact: <sip:a@b>, <tel:+1>",)],
)  # fmt: skip
def test_passes(headers: tuple[str, ...]) -> None:
    worker = worker_with(proxy_require="path , gruu")
    assert check(of(worker, "INVITE", "sip:bob@example.com", *headers), "4095", "15") == (1, 0, "")


@pytest.mark.parametrize(
    ("bits", "headers", "status", "reason"),
    [
        (256, ("Expires: never",), 400, "Expires value is illegal"),
        (256, ("Expires: -1",), 400, "Expires value is illegal"),
        (256, ("Expires: 4294967296",), 400, "Expires value is illegal"),
        (256, ("Expires: ١",), 400, "Expires value is illegal"),
        (256, ("Expires:",), 400, "Missing number in Expires header"),
        (256, ("Expires: 60", "Expires: x"), 400, "Expires value is illegal"),
        (512, ("Proxy-Require: x",), 420, "Bad Extension"),
        (512, ("Proxy-Require:",), 400, "Bad Proxy-Require Header"),
        (512, ('Proxy-Require: "x',), 400, "Bad Proxy-Require Header"),
        (2048, ("Authorization: Digest username",), 400, "Bad Auth Header"),
        (2048, (f"Authorization: {GOOD_DIGEST[:-14]}",), 400, "Bad Auth Credentials"),
        (2048, (f"Authorization: {GOOD_DIGEST}, qop=auth, nc=1",), 400, "Bad Auth Credentials"),
        (2048, ("Proxy-Authorization: " + digest(nonce=""),), 400, "Auth Empty Nonce"),
        (2048, ("Proxy-Authorization: " + digest(username=""),), 400, "Auth Empty User"),
        (2048, (f"Authorization: {GOOD_DIGEST}", 'Proxy-Authorization: Digest response=""'), 400,
         "Bad Auth Credentials"),
        (1024, ("Contact: <sip:a@[::z]>",), 400, "Bad Contact URI"),
        (1024, ("Contact: <sip:a@b>, <foo:bar>",), 400, "Bad Contact URI"),
        (1024, ("Contact: <sip:a@b",), 400, "Bad Contact Header"),
    ],
)  # fmt: skip
def test_broken_headers(bits: int, headers: tuple[str, ...], status: int, reason: str) -> None:
    ctx = of(worker_with(), "INVITE", "sip:bob@example.com", *headers)
    assert check(ctx, bits, 15) == (0, status, reason)
    other = of(worker_with(), "INVITE", "sip:bob@example.com", *headers)
    assert check(other, 4095 - bits, 15) == (1, 0, "")


@pytest.mark.parametrize(
    ("bits", "uris", "given", "status", "reason"),
    [
        (2, 15, {"uri": "foo:bar"}, 416, "Unsupported URI Scheme in Request URI"),
        (1024, 1, {"uri": "foo:bar"}, 400, "Bad Request URI"),
        (1024, 2, {"from_": "From: <sip:a@[::z]>;tag=1"}, 400, "Bad From URI"),
        (1024, 2, {"from_": "From: <http://a/>;tag=1"}, 400, "Bad From URI"),
        (1024, 4, {"to": "To: <sip:b@c:99999>"}, 400, "Bad To URI"),
        (1024, 4, {"to": "To: <sip:>"}, 400, "Bad To URI"),
        (8, 15, {"via": "Via: SIP/3.0/UDP 192.0.2.1;branch=z9hG4bK1"}, 505, "Version Not Supported (Via)"),
        (16, 15, {"via": "Via: SIP/2.0/DCCP 192.0.2.1;branch=z9hG4bK1"}, 400, "Unsupported Transport in Topmost Via"),
    ],
)
def test_broken_addresses(bits: int, uris: int, given: dict[str, str], status: int, reason: str) -> None:
    given = dict(given)
    uri = given.pop("uri", "sip:bob@example.com")
    msg = request("INVITE", uri, **given)  # type: ignore[arg-type]
    assert check(context(worker_with(), msg), bits, uris) == (0, status, reason)
    other = context(worker_with(), msg)
    assert check(other, 4095 - bits, uris)[1:] != (status, reason)


def test_a_rewritten_request_uri_counts() -> None:
    ctx = of(worker_with())
    ctx.set_uri("sip:no host@@")
    assert check(ctx, "2") == (0, 400, "Bad Request URI")


def test_octets_behind_the_body() -> None:
    whole = request("OPTIONS", "sip:b@c", body=b"v=0\r\n").buf
    for more, expected in ((b"", (1, 0, "")), (b"x", (0, 400, "Content-Length mis-match"))):
        assert check(context(worker_with(), parse_message(whole + more)), "128") == expected


def test_all_unknown_extensions_are_listed() -> None:
    ctx = of(worker_with(proxy_require="path"), "INVITE", "sip:b@c", "Proxy-Require: foo, PATH", "Proxy-Require: bar")
    assert check(ctx) == (0, 420, "Bad Extension")
    (reply,) = answers(ctx)
    assert [reply.value(header) for header in reply.find("Unsupported")] == ["foo, bar"]


def test_parameters_stand_in_for_arguments() -> None:
    worker = worker_with(default_checks=1024, uri_checks=8, autodrop=0)
    headers = ("Contact: <foo:bar>", "Expires: x")
    assert check(of(worker, "INVITE", "sip:b@c", *headers)) == (-1, 400, "Bad Contact URI")
    worker.outlet.sent.clear()
    assert check(of(worker, "INVITE", "sip:b@c", *headers), 1024, 7) == (1, 0, "")
    assert check(of(worker, "INVITE", "sip:b@c", *headers), 256) == (-1, 400, "Expires value is illegal")


def test_defaults_leave_uris_out() -> None:
    assert check(of(worker_with(), from_="From: <foo:bar>;tag=1")) == (1, 0, "")
    assert check(of(worker_with(), "INVITE", "sip:b@c", "Expires: x")) == (0, 400, "Expires value is illegal")


def test_an_ack_is_stopped_without_answer() -> None:
    worker = worker_with()
    assert check(of(worker, "ACK", "sip:b@c", "Proxy-Require: x")) == (0, 0, "")
    assert worker.texts() == ["ACK from udp:192.0.2.1:5070 refused: Bad Extension"]


@pytest.mark.parametrize("args", [("0",), ("32768",), ("x",), ("1", "16"), ("1", "0"), (-1,)])
def test_bad_arguments(args: tuple[int | str, ...]) -> None:
    with pytest.raises(OperatorError, match="must be a number from 1 to"):
        call(of(worker_with()), "sanity_check", *args)


def test_bad_parameters() -> None:
    for name, value in (("default_checks", 8191), ("uri_checks", 16), ("default_checks", -1)):
        worker = make_worker("sl")
        worker.load("sanity", **{name: value})
        assert [str(error) for error in worker.configure_modules()] == [
            f"parameter {name} of sanity must be 0 to {4095 if name == 'default_checks' else 15}, found {value}"
        ]


def test_sl_is_needed() -> None:
    worker = FakeWorker()
    worker.load("sanity")
    assert [str(error) for error in worker.configure_modules()] == [
        'module sanity needs module sl (add: loadmodule "sl.so")'
    ]


def test_within_a_transaction_the_answer_is_stateful() -> None:
    node = Node("sl", "sanity")

    def route(ctx):
        assert node.call(ctx, "t_newtran") == 1
        return node.call(ctx, "sanity_check", 256)

    node.on_request(route)
    node.request("OPTIONS", extra="Expires: x")
    node.request("OPTIONS", extra="Expires: x")
    assert node.lines() == ["400 > 192.0.2.1", "400 > 192.0.2.1"]
    assert node.worker.counters.find("sl", "sent_replies").get() == 0
    node.finish()
