"""What a line holds: extra values, legs, requests of the script; parameters that are wrong."""

from __future__ import annotations

import pytest

from siprouter.core.routes import FAILURE, TM_ONREPLY
from siprouter.testing import build_message
from siprouter.util.errors import OperatorError
from siprouter.util.log import MAX_TEXT
from tests.modules.acc.conftest import MakeSite
from tests.support.fakes import FakeWorker, call, context, make_worker, message, reply, request, write


def worker_with(*modules: str, **params: int | str) -> FakeWorker:
    worker = make_worker("tm", "pv", *modules)
    worker.load("acc", **params)
    return worker


def configured(**params: int | str) -> FakeWorker:
    worker = worker_with(**params)
    worker.modules["acc"].configure()
    return worker


def lines(worker: FakeWorker) -> list[str]:
    return [text for text in worker.texts() if text.startswith("ACC: ")]


START = "ACC: request accounted: timestamp=1700000000;method=INVITE;from_tag=a1;to_tag=;call_id=c1@192.0.2.1;"


@pytest.mark.parametrize(
    ("comment", "end"),
    [
        ("404 Not found here", "code=404;reason=Not found here"),
        ("404", "code=404;reason="),
        ("404Not", "code=404;reason=Not"),
        ("40 x", "code=;reason=40 x"),
        ("blocked $rU from $si", "code=;reason=blocked bob from 192.0.2.1"),
        ("costs 5$", "code=;reason=costs 5$"),
        ("٤٠٤ x", "code=;reason=٤٠٤ x"),
    ],
)
def test_requests_of_the_script(comment: str, end: str) -> None:
    worker = configured()
    assert call(context(worker), "acc_log_request", comment) == 1
    assert lines(worker) == [START + end]


def test_an_empty_comment_is_refused() -> None:
    with pytest.raises(OperatorError, match="must not be empty"):
        call(context(configured()), "acc_log_request", "")


def test_in_reply_and_failure_routes() -> None:
    worker = configured()
    assert call(context(worker, reply(486), TM_ONREPLY), "acc_log_request", "x") == 1
    assert ";from_tag=a1;to_tag=b1;" in lines(worker)[-1]
    assert call(context(worker, route_type=FAILURE), "acc_log_request", "x") == 1
    broken = message(
        b"SIP/2.0 200 OK\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\nFrom: <sip:a@b>;tag=1\nTo: <sip:b@c;tag=\n"
        b"Call-ID: c\nCSeq: 1 INVITE\nContent-Length: 0\n\n"
    )
    assert call(context(worker, broken, TM_ONREPLY), "acc_log_request", "x") == -1
    assert len(lines(worker)) == 2


def test_extra_values() -> None:
    worker = configured(log_extra=" ua = $hdr(User-Agent) ;port=$sp;none=$hdr(X-None); rU=$(rU{s.len})")
    assert call(context(worker), "acc_log_request", "x") == 1
    assert lines(worker) == [f"{START}code=;reason=x;ua=test;port=5070;none=;rU=3"]


def test_legs() -> None:
    worker = configured(multi_leg_info="src=$avp(s:src);dst=$avp(i:5)", log_extra="rm=$rm")
    ctx = context(worker)
    call(ctx, "acc_log_request", "x")
    for text in ("a", "b", "c"):
        write(ctx, "$avp(s:src)", text)
    for number in (1, 2):
        write(ctx, "$avp(i:5)", number)
    call(ctx, "acc_log_request", "x")
    assert [line.removeprefix(START) for line in lines(worker)] == [
        "code=;reason=x;rm=INVITE;src=;dst=",
        "code=;reason=x;rm=INVITE;src=c;dst=2;src=b;dst=1;src=a;dst=",
    ]


def test_legs_by_a_computed_name() -> None:
    worker = configured(multi_leg_info="leg=$avp($var(which))")
    ctx = context(worker)
    write(ctx, "$var(which)", "one")
    write(ctx, "$avp(one)", "x")
    write(ctx, "$avp(one)", "y")
    call(ctx, "acc_log_request", "x")
    assert lines(worker)[0].endswith(";reason=x;leg=y;leg=x")


def test_long_lines_end_in_time() -> None:
    worker = configured(log_extra="a=$hdr(A);b=$hdr(B);c=$rm")
    msg = request("INVITE", "sip:b@c", f"A: {'x' * 5000}", f"B: {'y' * 5000}")
    call(context(worker, msg), "acc_log_request", "x")
    (line,) = lines(worker)
    assert line.endswith("x" * 5000)
    assert len(line) <= MAX_TEXT
    assert f"accounting line cut off before b: longer than {MAX_TEXT}" in worker.texts()


def test_endless_legs_end() -> None:
    worker = configured(multi_leg_info="l=$avp(s:l)")
    ctx = context(worker)
    for _ in range(1000):
        write(ctx, "$avp(s:l)", 1)
    call(ctx, "acc_log_request", "x")
    assert lines(worker)[0].count(";l=1") == 256


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"log_extra": "a"}, "expected name=$variable, found 'a'"),
        ({"log_extra": "a b=$ru"}, "expected name=$variable, found 'a b=$ru'"),
        ({"log_extra": "a=ru"}, "the value of a must be a variable, found 'ru'"),
        ({"log_extra": "a=$ru;"}, "expected ;name=$variable, found ';'"),
        ({"log_extra": "a=$ru b=$rd"}, "expected ;name=$variable, found 'b=$rd'"),
        ({"log_extra": "a=$nothing"}, "unknown pseudo-variable $nothing"),
        ({"log_extra": ";".join(["a=$ru"] * 65)}, "65 variables, at most 64 are possible"),
        ({"multi_leg_info": "a=$ru"}, "a must be a plain AVP, found $ru"),
        ({"multi_leg_info": "a=$(avp(x)[1])"}, "a must be a plain AVP, found $(avp(x)[1])"),
        ({"multi_leg_info": "a=$(avp(x){s.len})"}, "a must be a plain AVP, found $(avp(x){s.len})"),
        ({"multi_leg_info": ";".join(["a=$avp(x)"] * 17)}, "17 AVPs, at most 16 can be accounted"),
        ({"log_facility": "LOG_NOWHERE"}, "unknown facility LOG_NOWHERE"),
        ({"log_flag": 32}, "log_flag of acc must be a flag (0 to 31) or -1, found 32"),
        ({"log_missed_flag": -2}, "log_missed_flag of acc must be a flag (0 to 31) or -1, found -2"),
        ({"failed_transaction_flag": 99}, "failed_transaction_flag of acc must be a flag (0 to 31) or -1, found 99"),
        ({"detect_direction": 1}, "module rr is needed but not loaded"),
        ({"radius_config": "/etc/r"}, "acc: the file /etc/r of RADIUS cannot be read"),
        ({"diameter_flag": 1}, "diameter_flag of acc: accounting to a DIAMETER server is not available"),
        ({"diameter_missed_flag": 1}, "diameter_missed_flag of acc: accounting to a DIAMETER server is not"),
    ],
)
def test_bad_parameters(params: dict[str, int | str], error: str) -> None:
    with pytest.raises(OperatorError) as caught:
        worker_with(**params).modules["acc"].configure()
    assert error in str(caught.value)


def test_direction_needs_the_tag_in_record_route() -> None:
    worker = worker_with("rr", detect_direction=1)
    worker.set_param("rr", "append_fromtag", 0)
    with pytest.raises(OperatorError, match="needs the parameter append_fromtag of rr"):
        worker.modules["acc"].configure()


def test_what_has_no_effect_is_accepted() -> None:
    worker = configured(
        db_url="", db_table_acc="mine", acc_time_column="when", db_extra="a=$ru", radius_config="", diameter_flag=-1,
        diameter_client_host="elsewhere", service_type=15, db_flag=-1,
    )  # fmt: skip
    assert worker.texts() == []
    worker = configured(db_flag=1, db_missed_flag=2, radius_flag=3, radius_missed_flag=4)
    assert worker.texts() == [
        "parameter db_flag of acc has no effect without db_url",
        "parameter db_missed_flag of acc has no effect without db_url",
        "parameter radius_flag of acc has no effect without radius_config",
        "parameter radius_missed_flag of acc has no effect without radius_config",
    ]


def test_other_engines_get_records(make_site: MakeSite) -> None:
    class Collector:
        flag = 1 << 1
        missed_flag = 1 << 5

        def __init__(self) -> None:
            self.seen: list[tuple[str, str]] = []

        def account(self, ctx: object, facts: object) -> bool:
            self.seen.append((facts.kind, facts.code))  # type: ignore[attr-defined]
            return True

    route = 'route { setflag(1); setflag(5); setflag(3); t_newtran(); t_reply("486", "Busy"); }'
    site = make_site("", route)
    collector = Collector()
    site.node.worker.modules["acc"].register_engine(collector)
    site.node.receive(build_message("INVITE", "sip:a@b"))
    assert collector.seen == [("call missed", "486"), ("transaction answered", "486")]
    assert site.brief() == [("answered", "INVITE", "486")]
