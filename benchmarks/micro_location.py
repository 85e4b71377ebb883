"""Registrations, look-ups, credentials: whole functions and whole requests."""

from __future__ import annotations

from contextlib import ExitStack, closing
from itertools import count

from benchmarks.bed import Bed
from benchmarks.messages import register
from benchmarks.micro import Case
from benchmarks.micro_sip import CREDENTIALS, INVITE
from siprouter.sip.auth import parse_auth
from siprouter.testing.messages import build_message

SCRIPT = """
route {
	if (method == "REGISTER") { save("location"); exit; }
	if (method == "OPTIONS") { sl_send_reply("200", "OK"); exit; }
	forward();
}
route[LOOKUP] { lookup("location"); }
"""
USERS = 10_000


def registration(user: int, cseq: int) -> bytes:
    data = register(5060).replace(b"@" * 10, b"%010d" % user)
    return data.replace(b"#" * 10, b"%010d" % cseq)


def cases(stack: ExitStack) -> dict[str, Case]:
    """With ten thousand registered users."""
    bed = stack.enter_context(closing(Bed(SCRIPT)))
    for user in range(USERS):
        bed.receive(registration(user, 1))
    assert bed.sent == USERS, "a REGISTER was not answered"
    numbers = count(2)
    domain = bed.worker.module("usrloc").domain("location")
    aor = next(iter(domain.records()))[0]
    look_up = bed.route("LOOKUP")
    call = INVITE.replace(b"sip:bob@biloxi.example.com SIP", b"sip:u0000000007@127.0.0.1 SIP")
    options = build_message("OPTIONS", "sip:127.0.0.1")
    auth = bed.worker.module("auth")
    ask = bed.context(registration(1, 1))
    nonce = parse_auth(auth.challenge(ask, "example.com", False).partition(": ")[2]).get("nonce")
    given = CREDENTIALS.replace("ZVP2FGVT9OgAAAAAAAB4oxzZNxm55eQs4BJR6nBm", nonce)
    asked = bed.context(registration(1, 1).replace(b"User-Agent", b"Authorization: %b\r\nUser-Agent" % given.encode()))

    def authenticate() -> None:
        check = auth.begin(asked, "example.com", False)
        auth.finish(asked, check, "0" * 32)

    return {
        "usrloc: get": lambda: domain.get(aor),
        "lookup() (with parsing)": lambda: look_up(bed.context(call)),
        "REGISTER, the same contact, whole way": lambda: bed.receive(registration(5, next(numbers))),
        "REGISTER, users in turn, whole way": lambda: bed.receive(registration(next(numbers) % USERS, next(numbers))),
        "OPTIONS with stateless reply, whole way": lambda: bed.receive(options),
        "stateless forward, whole way": lambda: bed.receive(
            INVITE.replace(b"sip:bob@biloxi.example.com SIP", b"sip:bob@192.0.2.9 SIP")
        ),
        "auth: make a challenge": lambda: auth.challenge(ask, "example.com", False),
        "auth: check credentials": authenticate,
    }
