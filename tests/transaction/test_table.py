"""Matching: RFC 3261 branches and requests of before, replies by our Via, ACKs, CANCELs, bounds, loops."""

from typing import ClassVar

import pytest

from siprouter.sip.message import parse_message
from siprouter.transaction.table import (
    ACK_NEGATIVE,
    ACK_NONE,
    MAX_SAME_CALL,
    MAX_SAME_KEY,
    TID_LENGTH,
    is_loop,
    loop_mark,
)
from siprouter.transport.endpoint import PROTO_UDP, Endpoint
from siprouter.util.errors import PeerError
from tests.transaction.kit import CALLER, World, callee, make_reply, make_request


def find(world, method="INVITE", **given):
    return world.table.find_request(make_request(method, **given))


class TestRequests:
    def test_the_same_request_is_found(self, world):
        transaction = world.serve()
        assert find(world) is transaction
        transaction.release(world.now)

    @pytest.mark.parametrize(
        "change", [{"branch": "z9hG4bKother"}, {"sent_by": "192.0.2.1:5062"}, {"sent_by": "192.0.2.9:5060"},
                   {"call_id": "other"}, {"cseq": 2}],
    )  # fmt: skip
    def test_another_one_is_not(self, world, change):
        world.serve().release(world.now)
        assert find(world, **change) is None

    def test_what_does_not_count_with_a_cookie(self, world):
        transaction = world.serve()
        assert find(world, uri="sip:else@example.com", from_tag="x", to="<sip:z@example.com>;tag=9") is transaction
        transaction.release(world.now)

    def test_methods_are_apart(self, world):
        invite = world.serve()
        cancel = world.serve("CANCEL")
        assert find(world) is invite
        assert find(world, "CANCEL") is cancel
        assert find(world, "BYE") is None
        assert world.table.find_canceled(make_request("CANCEL")) is invite
        for transaction in (invite, cancel):
            transaction.release(world.now)

    def test_an_invite_after_its_cancel(self, world):
        cancel = world.serve("CANCEL")
        assert world.table.is_canceled_already(make_request())
        assert not world.table.is_canceled_already(make_request(branch="z9hG4bKother"))
        assert world.table.find_canceled(make_request("CANCEL")) is None
        cancel.release(world.now)

    def test_removal_from_the_middle_of_a_chain(self, world):
        methods = ("INVITE", "CANCEL", "BYE", "OPTIONS")
        made = [world.serve(method) for method in methods]
        made[2].destroy()
        made[3].destroy()
        assert [find(world, method) for method in methods] == [made[0], made[1], None, None]
        made[0].destroy()
        assert find(world, "CANCEL") is made[1]
        made[1].destroy()


class TestOldRequests:
    """Without the RFC 3261 cookie."""

    OLD: ClassVar = {"branch": "1"}

    def test_the_same_request_is_found(self, world):
        transaction = world.serve(**self.OLD)
        assert find(world, **self.OLD) is transaction
        transaction.release(world.now)

    @pytest.mark.parametrize(
        "change", [{"from_tag": "other"}, {"to": "<sip:x@example.com>"}, {"uri": "sip:x@example.com"}, {"branch": "2"},
                   {"sent_by": "192.0.2.7"}, {"cseq": 9}, {"call_id": "x"}],
    )  # fmt: skip
    def test_another_one_is_not(self, world, change):
        world.serve(**self.OLD).release(world.now)
        assert find(world, **{**self.OLD, **change}) is None

    def test_relaxed_matching(self, world):
        transaction = world.serve(**self.OLD)
        world.config.ruri_matching = False
        assert find(world, **self.OLD, uri="sip:x@example.com") is transaction
        world.config.via1_matching = False
        assert find(world, branch="9", sent_by="192.0.2.7") is transaction
        transaction.release(world.now)

    def test_no_branch_at_all(self, world):
        transaction = world.serve(branch="")
        assert find(world, branch="") is transaction
        transaction.release(world.now)

    def test_cancel_and_ack_may_differ_in_the_to_tag(self, world):
        transaction = world.serve(**self.OLD)
        tagged = "<sip:bob@example.com>;tag=new"
        assert world.table.find_canceled(make_request("CANCEL", to=tagged, **self.OLD)) is transaction
        transaction.reply(404, b"404", world.now)
        assert world.ack(to=tagged, **self.OLD) == ACK_NEGATIVE
        assert world.ack(to="<sip:else@example.com>", **self.OLD) == ACK_NONE


class TestAcks:
    def test_negative_only_after_a_negative_reply(self, world):
        transaction = world.serve()
        assert world.ack() == ACK_NONE
        transaction.reply(486, b"486", world.now)
        assert world.ack() == ACK_NEGATIVE
        assert world.ack() == ACK_NEGATIVE

    def test_not_for_other_methods(self, world):
        world.serve("BYE").reply(486, b"486", world.now)
        assert world.ack() == ACK_NONE

    def test_chain_of_one_call_is_bounded(self, world):
        for number in range(MAX_SAME_CALL + 40):
            world.serve(branch=f"z9hG4bK{number}").release(world.now)
        assert sum(1 for t in world.table.by_label.values() if t.dialog_key) == MAX_SAME_CALL + 1
        assert world.ack(branch="z9hG4bKnone") == ACK_NONE


class TestReplies:
    def test_found_by_our_via(self, world):
        transaction, first, second = world.call(callee(), callee(1))
        assert world.table.find_reply(make_reply(second, 180)) is second
        assert first.via_branch != second.via_branch
        transaction.release(world.now)

    def test_the_id_cannot_be_guessed_from_another(self, world):
        one, _ = world.call()
        two, _ = world.call(call_id="two")
        assert one.tid[7:15] != two.tid[7:15]
        assert one.tid[15:27] != two.tid[15:27]
        assert len(one.tid) == TID_LENGTH
        for transaction in (one, two):
            transaction.release(world.now)

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda text: text[:15] + "0" * 12 + text[27:],
            lambda text: text[:27] + ".0000000000000000" + text[44:],
            lambda text: text[:44],
            lambda text: text[:44] + ".zz",
            lambda text: text[:44] + ".-1",
            lambda text: text[:44] + ".7",
            lambda text: text[:44] + "x0",
            lambda text: "z9hG4bKgggggggg" + text[15:],
            lambda text: "",
        ],
    )
    def test_spoilt_ids_match_nothing(self, world, spoil):
        transaction, branch = world.call()
        message = make_reply(branch, 200)
        text = message.buf.decode().replace(branch.via_branch, spoil(branch.via_branch))
        assert world.table.find_reply(parse_message(text.encode())) is None
        transaction.release(world.now)

    def test_the_method_must_be_right(self, world):
        transaction, branch = world.call()
        assert world.table.find_reply(make_reply(branch, 200, "BYE")) is None
        assert world.table.find_reply(make_reply(branch, 200, "CANCEL")) is None
        world.reply(branch, 180)
        transaction.cancel_branches(b"", None, world.now)
        assert world.table.find_reply(make_reply(branch, 200, "CANCEL")) is branch
        transaction.release(world.now)

    def test_nothing_matches_when_the_transaction_is_gone(self, world):
        _, branch = world.call()
        world.reply(branch, 200)
        world.wait(6)
        assert world.table.find_reply(make_reply(branch, 200)) is None


class TestBounds:
    def test_size(self):
        world = World(limit=3)
        for number in range(3):
            world.serve("OPTIONS", call_id=str(number)).release(world.now)
        with pytest.raises(PeerError) as raised:
            world.serve("OPTIONS", call_id="more")
        assert raised.value.status == 503
        with pytest.raises(PeerError):
            world.table.create_local(None, "OPTIONS", world.now)
        world.wait(6)
        world.serve("OPTIONS", call_id="more").release(world.now)
        world.finish()

    def test_one_identifier_with_many_methods(self, world):
        for number in range(MAX_SAME_KEY):
            world.serve(f"M{number}").release(world.now)
        with pytest.raises(PeerError):
            world.serve("ONEMORE")
        assert len(world.table) == MAX_SAME_KEY


def test_lookups_by_label_and_call(world):
    transaction = world.serve(call_id="abc", cseq=5)
    label = transaction.label
    assert world.table.find_label(label & 0xFFFF, label) is transaction
    assert world.table.find_label((label + 1) & 0xFFFF, label) is None
    assert world.table.find_label(0, label + 65536) is None
    assert world.table.find_call("abc", "5") is transaction
    assert world.table.find_call("abc", "6") is None
    transaction.release(world.now)


def test_labels_wrap_around(world):
    world.table.next_label = 0xFFFFFFFF
    one = world.serve("OPTIONS", call_id="1")
    two = world.serve("OPTIONS", call_id="2")
    assert (one.label, two.label) == (0xFFFFFFFF, 0)
    world.table.next_label = 0xFFFFFFFF
    three = world.serve("OPTIONS", call_id="3")
    assert three.label == 1
    for transaction in (one, two, three):
        transaction.release(world.now)


def test_statistics(world):
    for status in (200, 302, 404, 503, 603):
        transaction = world.serve("OPTIONS", call_id=str(status))
        transaction.reply(status, b"x", world.now)
    local = world.table.create_local(None, "OPTIONS", world.now)
    stats = world.table.stats
    assert (stats.created, stats.local, stats.current, stats.waiting) == (6, 1, 6, 5)
    assert stats.by_class == [0, 0, 1, 1, 1, 1, 1]
    assert (stats.sent, stats.generated) == (5, 5)
    local.release(world.now)


class TestLocal:
    def test_result_and_end(self, world):
        transaction = world.table.create_local(None, "OPTIONS", world.now)
        branch = world.fork(transaction, callee())
        world.reply(branch, 180)
        world.reply(branch, 404)
        assert world.user.log == [("result", 180, False), ("result", 404, False)]
        world.wait(6)
        assert transaction in world.user.gone

    def test_time_out(self, world):
        transaction = world.table.create_local(None, "OPTIONS", world.now)
        world.fork(transaction, callee())
        world.wait(31)
        assert world.user.log == [("result", 408, True)]

    def test_each_2xx_to_an_invite_is_reported(self, world):
        transaction = world.table.create_local(None, "INVITE", world.now)
        branch = world.fork(transaction, callee())
        world.reply(branch, 200)
        world.reply(branch, 200)
        assert world.user.log == [("result", 200, False)] * 2


class TestLoops:
    HERE = Endpoint(PROTO_UDP, "203.0.113.1", 5060)

    def forwarded(self, world, request, source):
        transaction = world.table.create(request, source, CALLER, world.now)
        text = request.buf.decode().replace(
            "\r\nVia:", f"\r\nVia: SIP/2.0/UDP 203.0.113.1;branch={transaction.tid}.0\r\nVia:", 1
        )
        transaction.release(world.now)
        return transaction, parse_message(text.encode())

    def test_unchanged_is_a_loop(self, world):
        first, again = self.forwarded(world, make_request("OPTIONS"), self.HERE)
        second, _ = self.forwarded(world, again, self.HERE)
        assert not is_loop(first)
        assert is_loop(second)

    @pytest.mark.parametrize("change", ["uri", "route", "source"])
    def test_changed_is_a_spiral(self, world, change):
        _, again = self.forwarded(world, make_request("OPTIONS"), self.HERE)
        text, source = again.buf.decode(), self.HERE
        if change == "uri":
            text = text.replace("sip:bob@example.com SIP", "sip:carol@example.com SIP")
        elif change == "route":
            text = text.replace("\r\nFrom:", "\r\nRoute: <sip:x;lr>\r\nFrom:")
        else:
            source = Endpoint(PROTO_UDP, "203.0.113.1", 5070)
        second, _ = self.forwarded(world, parse_message(text.encode()), source)
        assert not is_loop(second)

    def test_our_mark_in_a_body_is_no_loop(self, world):
        request = make_request("OPTIONS")
        mark = loop_mark(request, self.HERE)
        body = request.buf.replace(b"Content-Length: 0\r\n\r\n", b"\r\n." + mark.encode() + b".")
        transaction = world.table.create(parse_message(body), self.HERE, CALLER, world.now)
        assert not is_loop(transaction)
        transaction.release(world.now)


def test_the_table_does_not_grow_under_load(world):
    for number in range(2000):
        transaction = world.serve("OPTIONS", call_id=str(number))
        branch = world.fork(transaction, callee())

        branch.owner.receive_reply(branch, make_reply(branch, 200, "OPTIONS"), 200, world.now)
        world.outlet.sent.clear()
        world.outlet.callbacks.clear()
        world.wait(0.01)
    assert len(world.table) <= 501
