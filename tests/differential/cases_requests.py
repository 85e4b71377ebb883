"""Registrations, retransmissions, and requests that are odd or wrong."""

from __future__ import annotations

from tests.differential.cases_calls import branch_of, ring, routes, talk
from tests.differential.stage import Stage


def register_and_query(stage: Stage) -> None:
    stage.register(stage.bob, "bob", ";expires=600;q=0.7")
    stage.register(stage.carol, "bob", ";expires=300", cseq=2)
    query = stage.request(stage.bob, "REGISTER", "sip:test.local", stage.uri("bob"), 3, contact="")
    stage.bob.send(query)
    stage.bob.expect(200)


def register_again(stage: Stage) -> None:
    stage.register(stage.bob, "bob", ";expires=600")
    stage.register(stage.bob, "bob", ";expires=1200;q=0.2", cseq=2)


def register_with_old_cseq(stage: Stage) -> None:
    stage.register(stage.bob, "bob", ";expires=600", cseq=5)
    stage.register(stage.bob, "bob", ";expires=1200", cseq=4)


def register_with_expires_header(stage: Stage) -> None:
    stage.register(stage.bob, "bob", extra="Expires: 120")
    stage.register(stage.carol, "bob", ";expires=60", extra="Expires: 120", cseq=2)


def unregister(stage: Stage) -> None:
    stage.register(stage.bob, "bob")
    stage.register(stage.carol, "bob", cseq=2)
    stage.register(stage.bob, "bob", ";expires=0", cseq=3)
    stage.alice.send(stage.request(stage.alice, "MESSAGE", stage.uri("bob")))
    stage.answer(stage.carol, stage.carol.expect("MESSAGE"))
    stage.alice.expect(200)


def unregister_all(stage: Stage) -> None:
    stage.register(stage.bob, "bob")
    stage.register(stage.carol, "bob", cseq=2)
    star = stage.request(stage.bob, "REGISTER", "sip:test.local", stage.uri("bob"), 3, "Expires: 0", contact="*")
    stage.bob.send(star)
    stage.bob.expect(200)
    stage.alice.send(stage.request(stage.alice, "MESSAGE", stage.uri("bob")))
    stage.alice.expect(404)


def star_without_expires(stage: Stage) -> None:
    stage.bob.send(stage.request(stage.bob, "REGISTER", "sip:test.local", stage.uri("bob"), contact="*"))
    stage.bob.next()


def two_contacts_in_one_register(stage: Stage) -> None:
    contact = f'"Desk" <{stage.contact(stage.bob)}>;q=0.1, <{stage.contact(stage.carol)}>;expires=60'
    stage.bob.send(stage.request(stage.bob, "REGISTER", "sip:test.local", stage.uri("bob"), contact=contact))
    stage.bob.expect(200)


def too_many_contacts(stage: Stage) -> None:
    for number in range(5):
        contact = f"<sip:bob@127.0.0.1:{4000 + number}>;expires=600"
        text = stage.request(stage.bob, "REGISTER", "sip:test.local", stage.uri("bob"), number + 1, contact=contact)
        stage.bob.send(text)
        stage.bob.next()


def contact_that_is_no_uri(stage: Stage) -> None:
    for number, contact in enumerate(["<nonsense>", "<sip:bob@127.0.0.1:99999>", "<sip:bob@127.0.0.1", "bob"]):
        text = stage.request(stage.bob, "REGISTER", "sip:test.local", stage.uri(f"b{number}"), contact=contact,
                             call=f"{stage.case}-{number}")  # fmt: skip
        stage.bob.send(text)
        stage.bob.next()


def method_not_allowed_by_the_contact(stage: Stage) -> None:
    stage.register(stage.bob, "bob", ';methods="INVITE, ACK, BYE, CANCEL"')
    stage.alice.send(stage.request(stage.alice, "MESSAGE", stage.uri("bob")))
    stage.alice.expect(405)


def retransmitted_invite(stage: Stage) -> None:
    """Before a reply, while ringing, and after the final reply: the script runs once, the last reply comes again."""
    assert stage.register(stage.bob, "bob").status == 200
    text = stage.invite(stage.alice, stage.uri("bob"))
    stage.alice.send(text)
    invite = stage.bob.expect("INVITE")
    stage.alice.send(text)
    stage.settle()
    stage.answer(stage.bob, invite, 180, "Ringing")
    stage.alice.expect(180)
    stage.alice.send(text)
    stage.alice.expect(180)
    stage.answer(stage.bob, invite, 486, "Busy Here")
    stage.alice.expect(486)
    stage.bob.expect("ACK")
    stage.alice.send(text)
    final = stage.alice.expect(486)
    stage.ack(stage.alice, stage.uri("bob"), final, branch_of(text))


def retransmitted_final_replies(stage: Stage) -> None:
    _, invite = ring(stage, stage.alice, stage.bob)
    for _ in range(3):
        stage.answer(stage.bob, invite, 486, "Busy Here")
        stage.bob.expect("ACK")


def retransmitted_success(stage: Stage) -> None:
    invite, final = talk(stage, stage.alice, stage.bob)
    stage.answer(stage.bob, invite)
    stage.alice.expect(200)
    stage.ack(stage.alice, stage.contact(stage.bob), final)
    stage.bob.expect("ACK")


def retransmitted_bye(stage: Stage) -> None:
    _, final = talk(stage, stage.alice, stage.bob)
    lines = routes(final, True)
    text = stage.request(stage.alice, "BYE", stage.contact(stage.bob), final.value("to"), 2, lines, contact="")
    stage.alice.send(text)
    stage.answer(stage.bob, stage.bob.expect("BYE"))
    stage.alice.expect(200)
    stage.alice.send(text)
    stage.alice.expect(200)


def stray_ack(stage: Stage) -> None:
    stage.alice.send(stage.request(stage.alice, "ACK", stage.uri("bob"), f"<{stage.uri('bob')}>;tag=t-x", contact=""))


def stray_reply(stage: Stage) -> None:
    """A reply to a transaction that does not exist is forwarded by its second Via."""
    host, port = stage.router.address
    text = f"""SIP/2.0 180 Ringing
Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK-t-unknown.0
Via: SIP/2.0/UDP {stage.alice.address};branch=z9hG4bK-t-alice;rport={stage.alice.port};received=127.0.0.1
From: <sip:alice@test.local>;tag=t-alice
To: <sip:bob@test.local>;tag=t-bob
Call-ID: {stage.case}@alice
CSeq: 1 INVITE
Content-Length: 0

"""
    stage.bob.send(text)
    stage.alice.expect(180)


def in_dialog_without_route(stage: Stage) -> None:
    to = f"<{stage.uri('bob')}>;tag=t-bob"
    stage.alice.send(stage.request(stage.alice, "BYE", stage.uri("bob"), to, contact=""))
    stage.alice.expect(404)


def strict_router_before_us(stage: Stage) -> None:
    """A strict router put us into the request URI and the target into the last Route (RFC 3261 16.4)."""
    host, port = stage.router.address
    uri = f"sip:{host}:{port};lr;ftag=t-alice"
    route = f"Route: <{stage.contact(stage.bob)}>"
    stage.alice.send(stage.request(stage.alice, "BYE", uri, f"<{stage.uri('bob')}>;tag=t-bob", extra=route, contact=""))
    stage.answer(stage.bob, stage.bob.expect("BYE"))
    stage.alice.expect(200)


def next_hop_in_route(stage: Stage) -> None:
    """Our Route is taken off, the message goes to the next one, loose and strict."""
    host, port = stage.router.address
    for number, param in enumerate((";lr", "")):
        route = f"Route: <sip:{host}:{port};lr>\nRoute: <sip:{stage.carol.address}{param}>"
        to, call = "<sip:bob@test.local>;tag=t-bob", f"{stage.case}-{number}"
        uri = stage.contact(stage.bob)
        stage.alice.send(stage.request(stage.alice, "INFO", uri, to, extra=route, contact="", call=call))
        stage.answer(stage.carol, stage.carol.expect("INFO"))
        stage.alice.expect(200)


def unknown_method(stage: Stage) -> None:
    assert stage.register(stage.bob, "bob").status == 200
    stage.alice.send(stage.request(stage.alice, "JUGGLE", stage.uri("bob")))
    stage.answer(stage.bob, stage.bob.expect("JUGGLE"))
    stage.alice.expect(200)


def compact_and_folded_headers(stage: Stage) -> None:
    assert stage.register(stage.bob, "bob").status == 200
    text = stage.request(stage.alice, "MESSAGE", stage.uri("bob"), extra="Subject: one\n two\n\tthree\ns: short")
    short_names = {"Via": "v", "From": "f", "To": "t", "Call-ID": "i", "Contact": "m", "Content-Length": "l"}
    for name, short in short_names.items():
        text = text.replace(f"\n{name}:", f"\n{short} :" if short == "f" else f"\n{short}:")
    stage.alice.send(text)
    stage.answer(stage.bob, stage.bob.expect("MESSAGE"))
    stage.alice.expect(200)


def required_extension(stage: Stage) -> None:
    stage.alice.send(stage.request(stage.alice, "OPTIONS", "sip:test.local", extra="Proxy-Require: teleportation"))
    stage.alice.next()


def wrong_requests(stage: Stage) -> None:
    """Each is answered with an error, or dropped."""
    base = stage.request(stage.alice, "MESSAGE", stage.uri("bob"), call=f"{stage.case}-#", branch="z9hG4bK-t-wrong-#")
    changes = [
        ("CSeq: 1 MESSAGE", "CSeq: 1 INVITE"),
        ("CSeq: 1 MESSAGE", "CSeq: x MESSAGE"),
        ("CSeq: 1 MESSAGE\n", ""),
        ("SIP/2.0\n", "SIP/3.0\n"),
        ("Content-Length: 0", "Content-Length: 50"),
        ("Content-Length: 0", "Content-Length: -1"),
        ("Max-Forwards: 70", "Max-Forwards: many"),
        ("Max-Forwards: 70", "Expires: soon"),
    ]
    for number, (old, new) in enumerate(changes):
        stage.alice.send(base.replace(old, new, 1).replace("#", str(number)))
        stage.settle()
