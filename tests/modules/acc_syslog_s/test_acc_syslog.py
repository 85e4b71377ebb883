"""acc_syslog of SER: whole calls become lines."""

from __future__ import annotations

from contextlib import closing

import pytest

from siprouter.testing import LoadError
from siprouter.testing.messages import build_message
from siprouter.util.log import L_ERR
from tests.support.ser_accounting import ROUTE, SerSite


def lines(site: SerSite) -> list[str]:
    return [record.text for record in site.node.records if record.text.startswith("ACC: ")]


def brief(site: SerSite) -> list[str]:
    return [line.removeprefix("ACC: ") for line in lines(site)]


def test_calls() -> None:
    with closing(SerSite("acc_syslog", '"attrs", "$lang,$none"')) as site:
        call_id = site.call()
        first = lines(site)[0]
        kind, _, rest = first.removeprefix("ACC: ").partition(": ")
        items = dict(part.split("=", 1) for part in rest.split(", "))
        assert kind == "transaction answered"
        assert items["attrs"] == '"lang:d\\oe"'
        assert (items["callid"], items["sip_method"], items["sip_status"]) == (call_id, "INVITE", "200")
        assert items["to_tag"] == site.bob.incoming[0].local_tag
        assert items["from"].startswith("<sip:alice@example.org>;tag=")
        assert (items["in_ruri"], items["out_ruri"]) == ("sip:bob@example.com", "sip:bob@10.0.0.2:5060")
        assert (items["from_uid"], items["to_uid"], items["to_did"]) == ("4711", "bob", "n/a")
        assert (items["src_ip"], items["src_port"], items["digest_username"]) == ("10.0.0.1", "5060", "n/a")
        assert len(items["request_timestamp"]) == len("2010-10-11 12:13:14")
        assert [*items][:: len(items) - 1] == ["attrs", "response_timestamp"]


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ((), [f"transaction answered: sip_method={method}, sip_status=200" for method in ("INVITE", "BYE")]),
        (
            ('"report_ack", 1',),
            [
                "transaction answered: sip_method=INVITE, sip_status=200",
                "request acknowledged: sip_method=ACK, sip_status=200",
                "transaction answered: sip_method=BYE, sip_status=200",
            ],
        ),
    ],
)
def test_letters(params: tuple[str, ...], found: list[str]) -> None:
    with closing(SerSite("acc_syslog", '"log_fmt", "mS"', *params)) as site:
        site.call()
        assert brief(site) == found


def test_missed_and_failed_calls() -> None:
    with closing(SerSite("acc_syslog", '"log_fmt", "S"', '"failed_transactions", 1')) as site:
        site.busy()
        assert brief(site) == ["call missed: sip_status=486", "transaction answered: sip_status=486"]


def test_the_script_accounts() -> None:
    calls = 'acc_syslog_log("403"); acc_syslog_missed(); $x = "7"; acc_syslog_log("$x");'
    route = f'route {{ {calls} sl_reply("403", "No"); }}'
    with closing(SerSite("acc_syslog", '"log_fmt", "Smo"', '"log_level", -1', route=route)) as site:
        site.node.receive(build_message("OPTIONS", "sip:a@b"))
        items = "sip_method=OPTIONS, out_ruri=sip:a@b"
        assert brief(site) == [
            f"request accounted: sip_status=403, {items}",
            f"call missed: sip_status=n/a, {items}",
            f"request accounted: sip_status=7, {items}",
        ]
        assert {record.level for record in site.node.records if record.text.startswith("ACC")} == {L_ERR}
        site.node.records.clear()


def test_a_line_stays_a_line() -> None:
    with closing(SerSite("acc_syslog", '"log_fmt", "fc"', route=ROUTE)) as site:
        data = build_message("OPTIONS", "sip:bob@example.com", from_='sip:a"\tACC: x@y', call_id="a" * 3000)
        site.node.receive(data, "10.0.0.1:5060")
        assert all("\n" not in line for line in lines(site))


@pytest.mark.parametrize(
    ("param", "message"),
    [('"log_fmt", "z"', "letter 'z'"), ('"log_flag", "NONE"', "no flag NONE"), ('"attrs", "$"', "attrs")],
)
def test_parameters_are_checked(param: str, message: str) -> None:
    with pytest.raises(LoadError, match=message):
        SerSite("acc_syslog", param)
