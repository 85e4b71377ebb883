"""Which transactions are accounted, when, and with which facts: whole calls through a router."""

from __future__ import annotations

from siprouter.testing import build_message, reply_to
from tests.modules.acc.conftest import ROUTE, MakeSite, Site


def test_an_answered_call_and_its_end(site: Site) -> None:
    call = site.alice.call("sip:bob@example.com")
    leg = site.bob.incoming[0]
    leg.ring()
    site.node.settle()
    assert site.lines == []
    leg.answer()
    site.node.settle()
    wall = int(site.node.clock.wall())
    (line,) = site.lines
    assert line == (
        f"ACC: transaction answered: timestamp={wall};method=INVITE;from_tag={call.local_tag}"
        f";to_tag={leg.local_tag};call_id={call.call_id}@test;code=200;reason=OK"
    )
    call.hang_up()
    site.node.settle()
    assert site.brief() == [("answered", "INVITE", "200"), ("answered", "BYE", "200")]
    assert (site.line()["from_tag"], site.line()["to_tag"]) == (call.local_tag, leg.local_tag)


def test_level_facility_and_source(make_site: MakeSite) -> None:
    site = make_site('"log_level", 2\n"log_facility", "LOG_LOCAL3"')
    site.bob.on_invite = lambda leg: leg.answer()
    site.alice.call("sip:bob@example.com")
    (record,) = site.records
    assert (record.level, record.facility, record.source) == (2, 152, "acc")
    site.node.worker.log.level = 1
    site.alice.call("sip:bob@example.com")
    assert len(site.lines) == 1


def test_without_the_flag_nothing_is_accounted(make_site: MakeSite) -> None:
    site = make_site("", ROUTE.replace("setflag", "resetflag"))
    site.bob.on_invite = lambda leg: leg.answer()
    site.alice.call("sip:bob@example.com")
    site.bob.on_invite = lambda leg: leg.reject(486)
    site.alice.call("sip:bob@example.com")
    assert site.lines == []


def test_a_busy_call_is_missed(site: Site) -> None:
    site.bob.on_invite = lambda leg: leg.reject(486, "Not now")
    call = site.alice.call("sip:bob@example.com")
    assert site.brief() == [("missed", "INVITE", "486")]
    assert (site.line()["reason"], site.line()["from_tag"]) == ("Not now", call.local_tag)
    assert site.line()["to_tag"] == site.bob.incoming[0].local_tag


def test_failures_count_by_flag(make_site: MakeSite) -> None:
    site = make_site("", ROUTE.replace("setflag(2);", "setflag(3);"))
    site.bob.on_invite = lambda leg: leg.reject(486)
    site.alice.call("sip:bob@example.com")
    assert site.brief() == [("answered", "INVITE", "486")]


def test_a_flag_may_stand_for_both(make_site: MakeSite) -> None:
    site = make_site('"log_missed_flag", 1\n"failed_transaction_flag", 1')
    site.bob.on_invite = lambda leg: leg.reject(486)
    site.alice.call("sip:bob@example.com")
    assert site.brief() == [("missed", "INVITE", "486")]


def test_no_answer_and_cancel(site: Site) -> None:
    site.bob.on_invite = lambda leg: leg.ring()
    call = site.alice.call("sip:bob@example.com")
    call.cancel()
    site.node.settle()
    assert site.brief() == [("missed", "INVITE", "487")]
    site.alice.call("sip:bob@example.com")
    site.node.advance(200)
    assert site.brief()[1:] == [("missed", "INVITE", "408")]
    assert site.line()["reason"] == "Request Timeout"


def test_cancels_by_parameter(make_site: MakeSite) -> None:
    site = make_site('"report_cancels", 1')
    site.bob.on_invite = lambda leg: leg.ring()
    call = site.alice.call("sip:bob@example.com")
    call.cancel()
    site.node.settle()
    assert sorted(site.brief()) == [("answered", "CANCEL", "200"), ("missed", "INVITE", "487")]


def test_early_media_by_parameter(make_site: MakeSite) -> None:
    for params, expected in (("", []), ('"early_media", 1', ["183"])):
        site = make_site(params)
        site.alice.call("sip:bob@example.com")
        invite = site.bob.incoming[0].invite
        site.bob.transmit(reply_to(invite, 180, to_tag="x"))
        site.bob.transmit(reply_to(invite, 183, to_tag="x", body="v=0\r\n"))
        site.node.settle()
        assert [line[2] for line in site.brief()] == expected
        site.bob.transmit(reply_to(invite, 486, to_tag="x"))
        site.node.settle()


def test_acks_by_parameter(make_site: MakeSite) -> None:
    site = make_site(
        '"report_ack", 1\n"log_extra", "port=$sp; rm=$rm;avp=$avp(s:a)"',
        "route[A] { }" + ROUTE.replace("t_relay();", 'if (is_method("INVITE")) { $avp(s:a) = "kept"; }\n\tt_relay();'),
    )
    site.alice.auto_ack = False
    call = site.alice.call("sip:bob@example.com")
    leg = site.bob.incoming[0]
    leg.answer()
    site.node.settle()
    assert site.brief() == [("answered", "INVITE", "200")]
    ack = build_message(
        "ACK", call.target, from_tag=call.local_tag, to_tag=call.remote_tag, call_id=call.call_id, route=call.route_set
    )
    site.node.receive(ack, "10.0.0.1:5099")
    assert site.brief()[1:] == [("acknowledged", "ACK", "200")]
    line = site.line()
    assert (line["from_tag"], line["to_tag"]) == (call.local_tag, leg.local_tag)
    assert (line["port"], line["rm"], line["avp"]) == ("5099", "ACK", "kept")
    site.node.receive(ack, "10.0.0.1:5099")
    assert len(site.lines) == 2


def test_the_attributes_of_a_call_do_not_stay_with_its_ack(make_site: MakeSite) -> None:
    route = ROUTE.replace(
        "loose_route();", 'if (is_method("INVITE")) $avp(s:a) = "kept"; else xlog("seen <$avp(s:a)>\\n");'
    )
    site = make_site('"report_ack", 1\n"log_extra", "a=$avp(s:a)"', 'loadmodule "xlog.so"\n' + route)
    site.bob.on_invite = lambda leg: leg.answer()
    site.alice.call("sip:bob@example.com")
    assert [line["a"] for line in map(site.line, range(2))] == ["kept", "kept"]
    assert [text.strip() for text in site.texts() if "seen" in text] == ["seen <<null>>"]


def test_a_reply_of_the_script(make_site: MakeSite) -> None:
    route = """
    route {
        setflag(1);
        setflag(2);
        t_newtran();
        if (uri =~ "busy") t_reply("486", "Own words"); else t_reply("200", "OK");
    }
    """
    site = make_site("", route)
    site.node.receive(build_message("INVITE", "sip:busy@example.com", from_tag="f1"))
    assert site.brief() == [("missed", "INVITE", "486")]
    assert site.line()["reason"] == "Busy Here"
    assert site.line()["to_tag"] == site.node.last.message.to.tag != ""
    site.node.receive(build_message("OPTIONS", "sip:me@example.com", from_tag="f1"))
    assert site.brief()[1:] == [("answered", "OPTIONS", "200")]
    assert site.line()["to_tag"] == site.node.last.message.to.tag
    site.node.receive(build_message("OPTIONS", "sip:busy@example.com"))
    assert len(site.lines) == 2


def test_forks_name_the_branch_that_answered(make_site: MakeSite) -> None:
    route = ROUTE.replace("t_relay();", 'append_branch("sip:carol@10.0.0.3:5060");\n\tt_relay();')
    site = make_site('"log_extra", "ru=$ru;ou=$ou"', route)
    site.alice.call("sip:bob@example.com")
    carol = next(sent for sent in site.node.sent if sent.uri.startswith("sip:carol"))
    site.node.receive(reply_to(carol.data, 200, to_tag="c1", contact="<sip:carol@10.0.0.3>"), "10.0.0.3:5060")
    assert site.brief() == [("answered", "INVITE", "200")]
    assert (site.line()["ru"], site.line()["ou"]) == ("sip:carol@10.0.0.3:5060", "sip:bob@example.com")
    site.alice.call("sip:bob@example.com")
    carol = [sent for sent in site.node.sent if sent.uri.startswith("sip:carol")][-1]
    site.node.receive(reply_to(carol.data, 404, to_tag="c1"), "10.0.0.3:5060")
    site.bob.incoming[-1].reject(486)
    site.node.settle()
    assert site.brief()[-1] == ("missed", "INVITE", site.line()["code"])
    expected = "sip:carol@10.0.0.3:5060" if site.line()["code"] == "404" else "sip:bob@10.0.0.2:5060"
    assert site.line()["ru"] == expected


def test_only_the_first_attempt_is_missed(make_site: MakeSite) -> None:
    route = (
        ROUTE.replace("t_relay();", 't_on_failure("next");\n\tt_relay();')
        + """
    failure_route[next] {
        if (isflagset(2)) xlog("still set\\n");
        $ru = "sip:carol@10.0.0.3:5060";
        append_branch();
        t_relay();
    }
    """
    )
    site = make_site("", 'loadmodule "xlog.so"\n' + route)
    site.bob.on_invite = lambda leg: leg.reject(486)
    site.alice.call("sip:bob@example.com")
    assert site.brief() == [("missed", "INVITE", "486")]
    carol = next(sent for sent in site.node.sent if sent.uri.startswith("sip:carol"))
    site.node.receive(reply_to(carol.data, 603, to_tag="c1"), "10.0.0.3:5060")
    assert len(site.lines) == 1
    assert not [text for text in site.texts() if "still set" in text]


def test_the_request_uri_of_the_script_stays(make_site: MakeSite) -> None:
    route = """
    route {
        setflag(1);
        $ru = "sip:bob@10.0.0.2:5060";
        t_newtran();
        t_reply("200", "OK");
        xlog("uri $ru\\n");
    }
    """
    site = make_site('"log_extra", "ru=$ru"', 'loadmodule "xlog.so"\n' + route)
    site.node.receive(build_message("OPTIONS", "sip:me@example.com"))
    assert site.line()["ru"] == "sip:bob@10.0.0.2:5060"
    assert "uri sip:bob@10.0.0.2:5060" in [text.strip() for text in site.texts()]


def test_flags_set_after_a_wait_count(make_site: MakeSite) -> None:
    site = make_site("", ROUTE.replace("loose_route();", 'usleep("1000");\n\tloose_route();'))
    site.bob.on_invite = lambda leg: leg.reject(486)
    site.alice.call("sip:bob@example.com")
    site.node.advance(0.2)
    assert site.brief() == [("missed", "INVITE", "486")]
    site.bob.on_invite = lambda leg: leg.answer()
    site.alice.call("sip:bob@example.com")
    site.node.advance(0.2)
    assert site.brief()[1:] == [("answered", "INVITE", "200")]


def test_retransmissions_count_once(site: Site) -> None:
    site.alice.call("sip:bob@example.com")
    leg = site.bob.incoming[0]
    leg.answer()
    site.node.settle()
    leg.answer()
    site.node.settle()
    assert len(site.lines) == 1


def test_direction(make_site: MakeSite) -> None:
    for params, swapped in (("", False), ('"detect_direction", 1', True)):
        site = make_site(params)
        site.bob.on_invite = lambda leg: leg.answer()
        call = site.alice.call("sip:bob@example.com")
        leg = site.bob.incoming[0]
        leg.hang_up()
        site.node.settle()
        line = site.line()
        assert line["method"] == "BYE"
        tags = (call.local_tag, leg.local_tag)
        assert (line["from_tag"], line["to_tag"]) == (tags if swapped else tags[::-1])
        assert (site.line(0)["from_tag"], site.line(0)["to_tag"]) == tags


def test_a_changed_status_is_accounted(make_site: MakeSite) -> None:
    route = (
        ROUTE.replace("t_relay();", 't_on_reply("1");\n\tt_relay();')
        + """
    onreply_route[1] { change_reply_status("480", "Gone away"); }
    """
    )
    site = make_site("", route)
    site.bob.on_invite = lambda leg: leg.reject(603)
    call = site.alice.call("sip:bob@example.com")
    assert call.status == 480
    assert site.brief() == [("missed", "INVITE", "480")]
    assert site.line()["reason"] == "Gone away"
