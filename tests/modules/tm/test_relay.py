"""t_relay and its kin: calls through a node, from the first INVITE to the last ACK."""

import pytest

from tests.modules.tm.node import ALICE, BOB, CAROL


def relaying(node, **hints):
    def route(ctx):
        for name, argument in hints.items():
            node.call(ctx, name, argument)
        node.runs.append(ctx.msg.method)
        node.call(ctx, "t_relay")
        return 1

    return route


def test_a_whole_call(node):
    node.on_request(relaying(node))
    node.request()
    trying, invite = node.take()
    assert trying.line == "100 > 192.0.2.1"
    assert "trying -- your call" in trying.text
    assert invite.line == "INVITE > 198.51.100.10"
    assert invite.msg.via.host == "203.0.113.1"
    assert len(invite.msg.vias()) == 2
    assert "received" not in invite.text
    node.answer(invite, 100)
    assert node.lines() == []
    node.answer(invite, 180)
    node.answer(invite, 200)
    ringing, ok = node.take()
    assert (ringing.line, ok.line) == ("180 > 192.0.2.1", "200 > 192.0.2.1")
    assert len(ok.msg.vias()) == 1
    assert ok.msg.to.tag == "b1"
    node.request("ACK", branch="z9hG4bKa2", to_tag="b1")
    assert node.lines() == ["ACK > 198.51.100.10"]
    node.request("BYE", branch="z9hG4bKa3", cseq=2, to_tag="b1")
    (bye,) = node.take()
    node.answer(bye, 200)
    assert node.lines() == ["200 > 192.0.2.1"]
    assert node.runs == ["INVITE", "ACK", "BYE"]


def test_a_retransmission_never_runs_the_script_twice(node):
    node.on_request(relaying(node))
    for _ in range(3):
        node.request()
    assert node.runs == ["INVITE"]
    assert node.lines() == ["100 > 192.0.2.1", "INVITE > 198.51.100.10", "100 > 192.0.2.1", "100 > 192.0.2.1"]


def test_busy_is_acknowledged_and_relayed(node):
    node.on_request(relaying(node))
    node.request()
    invite = node.take()[1]
    node.answer(invite, 486)
    ack, busy = node.take()
    assert ack.line == "ACK > 198.51.100.10"
    assert ack.msg.via.branch == invite.msg.via.branch
    assert ack.msg.to.tag == "b1"
    assert ack.msg.cseq.number == 1
    assert busy.line == "486 > 192.0.2.1"
    node.wait(0.6)
    assert node.lines() == ["486 > 192.0.2.1"]
    node.request("ACK", to_tag="b1")
    node.wait(10)
    assert node.lines() == []
    assert node.runs == ["INVITE"]


def test_no_answer_is_408(node):
    node.on_request(relaying(node))
    node.request()
    node.wait(31)
    lines = node.lines()
    assert lines[:2] == ["100 > 192.0.2.1", "INVITE > 198.51.100.10"]
    assert lines.count("INVITE > 198.51.100.10") == 10
    assert "408 > 192.0.2.1" in lines


def test_cancel_of_a_ringing_call(node):
    node.on_request(relaying(node))
    node.request()
    invite = node.take()[1]
    node.answer(invite, 180)
    node.take()
    node.request("CANCEL", extra='Reason: SIP;cause=200;text="Call completed elsewhere"')
    cancel, ok = node.take()
    assert cancel.line == "CANCEL > 198.51.100.10"
    assert cancel.msg.via.branch == invite.msg.via.branch
    assert cancel.header("Reason") == 'SIP;cause=200;text="Call completed elsewhere"'
    assert len(cancel.msg.vias()) == 1
    assert ok.line == "200 > 192.0.2.1"
    assert ok.msg.method == "CANCEL"
    node.answer(cancel, 200)
    node.answer(invite, 487)
    assert node.lines() == ["ACK > 198.51.100.10", "487 > 192.0.2.1"]
    node.request("CANCEL")
    assert node.lines() == ["200 > 192.0.2.1"]
    node.request("ACK", to_tag="b1")


def test_cancel_before_any_reply_waits_for_one(node):
    node.on_request(relaying(node))
    node.request()
    invite = node.take()[1]
    node.request("CANCEL")
    assert node.lines() == ["200 > 192.0.2.1"]
    node.answer(invite, 100)
    assert node.lines() == ["CANCEL > 198.51.100.10"]
    node.answer(invite, 487)
    assert node.lines() == ["ACK > 198.51.100.10", "487 > 192.0.2.1"]


def test_cancel_that_matches_nothing(make_node):
    for mode, expected in ((0, ["CANCEL > 198.51.100.10"]), (1, ["CANCEL > 198.51.100.10"]), (2, [])):
        node = make_node(unmatched_cancel=mode)
        node.on_request(relaying(node))
        node.request("CANCEL")
        assert node.lines() == expected
        assert len(node.tm.table) == (1 if mode == 0 else 0)


def test_invite_that_comes_after_its_cancel_goes_nowhere(node):
    node.on_request(relaying(node))
    node.request("CANCEL")
    node.take()
    node.request("INVITE")
    assert node.lines() == ["100 > 192.0.2.1", "487 > 192.0.2.1"]


def test_unreachable_next_hop_is_477_at_the_end_of_the_script(node):
    node.on_request(relaying(node))
    node.outlet.broken.add(BOB[0])
    node.request()
    sent = node.take()
    assert [one.line for one in sent] == ["100 > 192.0.2.1", "477 > 192.0.2.1"]


def test_the_script_may_answer_itself_when_relaying_fails(node):
    def route(ctx):
        assert node.call(ctx, "t_relay") < 0
        node.call(ctx, "t_reply", "404", "Nobody")
        return 1

    node.on_request(route)
    node.outlet.broken.add(BOB[0])
    node.request()
    assert node.lines() == ["100 > 192.0.2.1", "404 > 192.0.2.1"]


@pytest.mark.parametrize(("uri", "status"), [("tel:123", 479), ("sip:bob@nowhere.invalid", 478)])
def test_bad_destinations(node, uri, status):
    node.on_request(relaying(node))
    node.request(uri=uri)
    node.spin()
    assert node.lines() == ["100 > 192.0.2.1", f"{status} > 192.0.2.1"]


def test_parallel_forking_and_the_best_reply(node):
    from siprouter.core.context import Branch

    def route(ctx):
        ctx.append_branch(Branch("sip:carol@198.51.100.11"))
        node.call(ctx, "t_relay")
        return 1

    node.on_request(route)
    node.request()
    _, bob, carol = node.take()
    assert (bob.msg.uri, carol.msg.uri) == ("sip:bob@198.51.100.10", "sip:carol@198.51.100.11")
    assert bob.msg.via.branch != carol.msg.via.branch
    node.answer(carol, 503, CAROL)
    assert node.lines() == ["ACK > 198.51.100.11"]
    node.answer(bob, 486)
    assert node.lines() == ["ACK > 198.51.100.10", "486 > 192.0.2.1"]


def test_a_200_cancels_the_other_branch_and_says_why(node):
    from siprouter.core.context import Branch

    def route(ctx):
        ctx.append_branch(Branch("sip:carol@198.51.100.11"))
        node.call(ctx, "t_relay")
        return 1

    node.on_request(route)
    node.request()
    _, bob, carol = node.take()
    node.answer(carol, 180, CAROL)
    node.take()
    node.answer(bob, 200)
    ok, cancel = node.take()
    assert ok.line == "200 > 192.0.2.1"
    assert cancel.line == "CANCEL > 198.51.100.11"
    assert cancel.header("Reason") == 'SIP;cause=200;text="Call completed elsewhere"'
    node.answer(carol, 200, CAROL, tag="c1")
    assert node.lines() == ["200 > 192.0.2.1"]


def test_relay_variants(node):
    cases = {
        ("t_relay", "198.51.100.20", "5070"): ("198.51.100.20", 5070, 1),
        ("t_relay_to_tcp", "198.51.100.21", "5071"): ("198.51.100.21", 5071, 2),
        ("t_relay_to_tcp",): ("198.51.100.10", 5060, 2),
        ("t_relay_to_udp", "198.51.100.22", "5072"): ("198.51.100.22", 5072, 1),
        ("t_relay_to", "tcp:198.51.100.23:5073"): ("198.51.100.23", 5073, 2),
        ("t_relay_to", "198.51.100.24"): ("198.51.100.24", 5060, 1),
        ("t_relay_to",): ("198.51.100.10", 5060, 1),
        ("t_relay_to_avp", "tcp", "198.51.100.25:5075"): ("198.51.100.25", 5075, 2),
    }
    for number, (function, target) in enumerate(cases.items()):
        node.on_request(lambda ctx, function=function: node.call(ctx, *function))
        node.request("OPTIONS", branch=f"z9hG4bKv{number}", cseq=number + 1)
        (sent,) = node.take()
        assert (sent.to.ip, sent.to.port, sent.to.proto) == target
        assert sent.msg.uri == "sip:bob@198.51.100.10"
        assert sent.msg.via.transport == ("TCP" if target[2] == 2 else "UDP")
        node.answer(sent, 200)
        assert node.lines() == ["200 > 192.0.2.1"]


def test_relay_to_flags(node):
    node.on_request(lambda ctx: node.call(ctx, "t_relay_to", "0x01"))
    node.request()
    assert node.lines() == ["INVITE > 198.51.100.10"]
    node.on_request(lambda ctx: node.call(ctx, "t_relay_to", "udp:198.51.100.11", "1"))
    node.request(branch="z9hG4bKb", cseq=2)
    assert node.lines() == ["INVITE > 198.51.100.11"]


def test_transport_without_listener(node):
    node.on_request(relaying(node))
    node.request("OPTIONS", uri="sip:bob@198.51.100.10;transport=tls")
    assert node.lines() == ["477 > 192.0.2.1"]


def test_over_tcp_there_are_no_retransmissions_and_replies_go_back_by_the_connection(node):
    node.on_request(relaying(node))
    node.request("OPTIONS", uri="sip:bob@198.51.100.10;transport=tcp", proto=2, connection=9, transport="TCP")
    node.wait(5)
    (sent,) = node.take()
    assert sent.to.proto == 2
    node.answer(sent, 200)
    (ok,) = node.take()
    assert (ok.to.proto, ok.to.connection) == (2, 9)


def test_replies_heed_rport_and_note_where_the_request_came_from(node):
    node.on_request(relaying(node))
    node.request("OPTIONS", source=("192.0.2.77", 4321), sent_by="10.1.1.1:5060;rport")
    (sent,) = node.take()
    assert "received=192.0.2.77" in sent.text and "rport=4321" in sent.text
    node.answer(sent, 200)
    (ok,) = node.take()
    assert (ok.to.ip, ok.to.port) == ("192.0.2.77", 4321)


def test_a_request_that_comes_back_unchanged_is_a_loop(node):
    node.on_request(relaying(node))
    node.request("OPTIONS", uri="sip:bob@203.0.113.1")
    (first,) = node.take()
    node.receive(first.text.encode(), ("203.0.113.1", 5060))
    (second,) = node.take()
    assert second.line == "OPTIONS > 203.0.113.1"
    node.receive(second.text.encode(), ("203.0.113.1", 5060))
    assert node.lines() == ["482 > 203.0.113.1"]


def test_loop_detection_can_be_switched_off(make_node):
    node = make_node(loop_detection=0)
    node.on_request(relaying(node))
    node.request("OPTIONS", uri="sip:bob@203.0.113.1")
    for _ in range(4):
        (sent,) = node.take()
        assert sent.line == "OPTIONS > 203.0.113.1"
        node.receive(sent.text.encode(), ("203.0.113.1", 5060))
    node.take()


def test_stray_reply_goes_to_its_route_and_on(make_node):
    node = make_node(on_sl_reply="stray")
    seen = []

    def stray(ctx):
        seen.append(ctx.msg.status)
        return 0 if ctx.msg.status == 404 else 1

    node.on_reply("stray", stray)
    for status in (200, 404):
        node.receive(
            f"SIP/2.0 {status} X\nVia: SIP/2.0/UDP 203.0.113.1;branch=z9hG4bKnone\n"
            "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKa1\nFrom: <sip:a@b>;tag=1\nTo: <sip:c@d>;tag=2\n"
            "Call-ID: x\nCSeq: 1 INVITE\nContent-Length: 0\n\n",
            BOB,
        )
    assert seen == [200, 404]
    assert node.lines() == ["200 > 192.0.2.1"]


def test_a_script_that_forgets_its_transaction(node):
    node.on_request(lambda ctx: node.call(ctx, "t_newtran"))
    node.request("OPTIONS")
    assert node.lines() == []
    assert any("neither relayed" in text for text in node.worker.texts())


def test_two_callers_with_the_same_branch_do_not_mix(node):
    node.on_request(relaying(node))
    node.request("OPTIONS", call_id="one")
    node.request("OPTIONS", call_id="two")
    one, two = node.take()
    node.answer(two, 200)
    node.answer(one, 404)
    assert [sent.msg.call_id for sent in node.take()] == ["two", "one"]
    assert ALICE
