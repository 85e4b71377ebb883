"""Calls: each function plays one through the router of a stage, and says what must arrive before it goes on."""

from __future__ import annotations

from tests.differential.stage import Stage
from tests.support.wire import Endpoint, Message


def ring(stage: Stage, caller: Endpoint, callee: Endpoint, user: str = "bob") -> tuple[str, Message]:
    """Registers ``callee``, sends it an INVITE and rings; returns the INVITE as sent and as received."""
    assert stage.register(callee, user).status == 200
    sent = stage.invite(caller, stage.uri(user))
    caller.send(sent)
    invite = callee.expect("INVITE")
    stage.answer(callee, invite, 180, "Ringing")
    caller.expect(180)
    return sent, invite


def talk(stage: Stage, caller: Endpoint, callee: Endpoint, user: str = "bob") -> tuple[Message, Message]:
    """A call up to the ACK; returns the INVITE at the callee and the 200 at the caller."""
    _, invite = ring(stage, caller, callee, user)
    stage.answer(callee, invite)
    final = caller.expect(200)
    stage.ack(caller, stage.contact(callee), final)
    callee.expect("ACK")
    return invite, final


def routes(message: Message, backwards: bool) -> str:
    values = message.all("record-route")
    return "\n".join(f"Route: {value}" for value in (reversed(values) if backwards else values))


def hang_up(stage: Stage, caller: Endpoint, callee: Endpoint, final: Message) -> None:
    stage.within(caller, "BYE", stage.contact(callee), final, 2, routes(final, True))
    stage.answer(callee, callee.expect("BYE"))
    caller.expect(200)


def call_and_hang_up(stage: Stage) -> None:
    _, final = talk(stage, stage.alice, stage.bob)
    hang_up(stage, stage.alice, stage.bob, final)


def callee_hangs_up(stage: Stage) -> None:
    invite, _ = talk(stage, stage.alice, stage.bob)
    lines = routes(invite, False)
    bye = stage.request(stage.bob, "BYE", stage.contact(stage.alice), extra=lines, contact="", to=invite.value("from"))
    bye = bye.replace(f"Call-ID: {stage.case}@bob", f"Call-ID: {invite.value('call-id')}")
    stage.bob.send(bye)
    stage.answer(stage.alice, stage.alice.expect("BYE"))
    stage.bob.expect(200)


def reinvite(stage: Stage) -> None:
    _, final = talk(stage, stage.alice, stage.bob)
    text = stage.invite(stage.alice, stage.contact(stage.bob), to=final.value("to"), cseq=2, extra=routes(final, True))
    stage.alice.send(text)
    stage.answer(stage.bob, stage.bob.expect("INVITE"))
    again = stage.alice.expect(200)
    stage.within(stage.alice, "ACK", stage.contact(stage.bob), again, 2, routes(final, True))
    stage.bob.expect("ACK")


def busy(stage: Stage) -> None:
    sent, invite = ring(stage, stage.alice, stage.bob)
    stage.answer(stage.bob, invite, 486, "Busy Here")
    final = stage.alice.expect(486)
    stage.bob.expect("ACK")
    stage.ack(stage.alice, stage.uri("bob"), final, branch_of(sent))


def branch_of(text: str) -> str:
    return text.partition("branch=")[2].partition(";")[0]


def cancel_of(sent: str) -> str:
    """The CANCEL of an INVITE sent: same request URI, Via, From, To, Call-ID and CSeq number."""
    keep = ("Via:", "Max-Forwards:", "From:", "To:", "Call-ID:")
    lines = [line for line in sent.splitlines() if line.startswith(keep)]
    start = sent.splitlines()[0].replace("INVITE", "CANCEL", 1)
    return "\n".join([start, *lines, "CSeq: 1 CANCEL", "Content-Length: 0", "", ""])


def cancelled(stage: Stage) -> None:
    sent, invite = ring(stage, stage.alice, stage.bob)
    stage.alice.send(cancel_of(sent))
    stage.alice.expect(200)
    cancel = stage.bob.expect("CANCEL")
    stage.answer(stage.bob, cancel)
    stage.answer(stage.bob, invite, 487, "Request Terminated")
    final = stage.alice.expect(487)
    stage.bob.expect("ACK")
    stage.ack(stage.alice, stage.uri("bob"), final, branch_of(sent))


def cancel_without_call(stage: Stage) -> None:
    stage.alice.send(cancel_of(stage.invite(stage.alice, stage.uri("bob"))))


def no_answer(stage: Stage) -> None:
    sent, _ = ring(stage, stage.alice, stage.bob)
    stage.bob.expect("CANCEL", 8)
    final = stage.alice.expect(408, 8)
    stage.ack(stage.alice, stage.uri("bob"), final, branch_of(sent))


def nobody_there(stage: Stage) -> None:
    stage.alice.send(stage.invite(stage.alice, stage.uri("nobody")))
    stage.alice.expect(404)


def incomplete_address(stage: Stage) -> None:
    stage.alice.send(stage.invite(stage.alice, "sip:test.local"))
    stage.alice.expect(484)


def moved(stage: Stage) -> None:
    stage.alice.send(stage.invite(stage.alice, "sip:moved@test.local"))
    stage.alice.expect(302)


def declined_by_script(stage: Stage) -> None:
    stage.alice.send(stage.invite(stage.alice, "sip:decline@test.local"))
    stage.alice.expect(603)


def too_many_hops(stage: Stage) -> None:
    stage.alice.send(stage.invite(stage.alice, stage.uri("bob"), max_forwards=0))
    stage.alice.expect(483)


def max_forwards_counts_down(stage: Stage) -> None:
    assert stage.register(stage.bob, "bob").status == 200
    for hops in (1, 5, 70):
        call = f"{stage.case}-{hops}"
        stage.alice.send(stage.request(stage.alice, "MESSAGE", stage.uri("bob"), max_forwards=hops, call=call))
        stage.answer(stage.bob, stage.bob.expect("MESSAGE"))
        stage.alice.expect(200)


def redirected_by_callee(stage: Stage) -> None:
    sent, invite = ring(stage, stage.alice, stage.bob)
    contacts = "Contact: <sip:other@example.org>;q=0.3, <sip:x@example.net>"
    stage.bob.send(stage.reply(invite, 302, "Moved", "bob", contacts))
    final = stage.alice.expect(302)
    stage.bob.expect("ACK")
    stage.ack(stage.alice, stage.uri("bob"), final, branch_of(sent))


def fork(stage: Stage) -> None:
    """Two contacts ring, one answers: the other is cancelled."""
    assert stage.register(stage.bob, "both", ";q=0.9").status == 200
    assert stage.register(stage.carol, "both", ";q=0.5", cseq=2).status == 200
    stage.alice.send(stage.invite(stage.alice, stage.uri("both")))
    first, second = stage.bob.expect("INVITE"), stage.carol.expect("INVITE")
    stage.answer(stage.bob, first, 180, "Ringing")
    stage.alice.expect(180)
    stage.answer(stage.carol, second, 180, "Ringing")
    stage.alice.expect(180)
    stage.answer(stage.carol, second)
    final = stage.alice.expect(200)
    stage.answer(stage.bob, stage.bob.expect("CANCEL"))
    stage.answer(stage.bob, first, 487, "Request Terminated")
    stage.bob.expect("ACK")
    stage.ack(stage.alice, stage.contact(stage.carol), final)
    stage.carol.expect("ACK")


def fork_fails_with_the_best_reply(stage: Stage) -> None:
    """RFC 3261 16.7: of 486 and 404 one is chosen; 6xx wins over both."""
    for number, (one, other) in enumerate([(486, 404), (404, 603), (503, 486), (401, 486)]):
        user = f"both{number}"
        assert stage.register(stage.bob, user).status == 200
        assert stage.register(stage.carol, user, cseq=2).status == 200
        sent = stage.invite(stage.alice, stage.uri(user), call=f"{stage.case}-{number}")
        stage.alice.send(sent)
        first, second = stage.bob.expect("INVITE"), stage.carol.expect("INVITE")
        stage.answer(stage.bob, first, one, "One")
        stage.bob.expect("ACK")
        stage.answer(stage.carol, second, other, "Other")
        stage.carol.expect("ACK")
        while (final := stage.alice.next()).status < 200:
            pass
        stage.ack(stage.alice, stage.uri(user), final, branch_of(sent))
        stage.settle()


def serial_fork_in_failure_route(stage: Stage) -> None:
    stage_case, stage.case = stage.case, "serial"
    assert stage.register(stage.bob, "first").status == 200
    assert stage.register(stage.carol, "second").status == 200
    stage.case = stage_case
    stage.alice.send(stage.invite(stage.alice, "sip:serial@test.local"))
    stage.answer(stage.bob, stage.bob.expect("INVITE"), 486, "Busy Here")
    stage.bob.expect("ACK")
    stage.answer(stage.carol, stage.carol.expect("INVITE"))
    final = stage.alice.expect(200)
    stage.ack(stage.alice, stage.contact(stage.carol), final)
    stage.carol.expect("ACK")


def rewritten_request(stage: Stage) -> None:
    stage_case, stage.case = stage.case, "rewritten"
    assert stage.register(stage.bob, "bob").status == 200
    stage.case = stage_case
    extra = "Subject: gone\nOrganization: Elsewhere, Ltd.\nX-Kept: yes"
    stage.alice.send(stage.request(stage.alice, "MESSAGE", "sip:rewritten@test.local", extra=extra))
    stage.answer(stage.bob, stage.bob.expect("MESSAGE"))
    stage.alice.expect(200)


def stateless_forward(stage: Stage) -> None:
    stage_case, stage.case = stage.case, "stateless"
    assert stage.register(stage.bob, "bob").status == 200
    stage.case = stage_case
    text = stage.request(stage.alice, "MESSAGE", "sip:stateless@test.local")
    for _ in range(2):
        stage.alice.send(text)
        stage.answer(stage.bob, stage.bob.expect("MESSAGE"))
        stage.alice.expect(200)


def outbound(stage: Stage) -> None:
    """A request URI of another domain, by address."""
    stage.alice.send(stage.request(stage.alice, "MESSAGE", f"sip:someone@{stage.bob.address};x=y"))
    stage.answer(stage.bob, stage.bob.expect("MESSAGE"), 202, "Accepted")
    stage.alice.expect(202)


def call_over_tcp(stage: Stage) -> None:
    _, final = talk(stage, stage.tina, stage.bob)
    hang_up(stage, stage.tina, stage.bob, final)


def call_to_tcp(stage: Stage) -> None:
    _, final = talk(stage, stage.alice, stage.tina, "tina")
    hang_up(stage, stage.alice, stage.tina, final)
