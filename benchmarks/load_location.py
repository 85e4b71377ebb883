"""The loads that ask for and store where users are: REGISTER, with and without credentials, and requests to users."""

from __future__ import annotations

from hashlib import md5

from benchmarks.accounts import PASSWORD, REALM
from benchmarks.load import Load, number_after, stamp
from benchmarks.messages import lookup, register, runs

URI = "sip:127.0.0.1"
CNONCE = b"c0ffee00"
NONCE_PLACE = b"NONCE"
CREDENTIALS = (
    'Authorization: Digest username="u@@@@@@@@@@", realm="{realm}", nonce="NONCE", uri="{uri}", '
    'response="RESPONSE", qop=auth, nc=00000001, cnonce="{cnonce}"\n'
)
SCATTER = 2_654_435_761  # odd: users are asked for in no order


class Registers(Load):
    """REGISTERs of ``users`` addresses of record in turn, one contact each; latency is to the 200."""

    def __init__(
        self, server: tuple[str, int], first: int, users: int, transport: str = "udp", contact: int = 0
    ) -> None:
        """``contact`` is the port of the contacts, the caller's own by default."""
        super().__init__(server, first, transport)
        self.users = users
        self.register = bytearray(register(self.uac.port, transport, contact))
        self.places = runs(bytes(self.register), b"#")
        self.user_places = runs(bytes(self.register), b"@")

    def start(self) -> None:
        number = self.begun()
        stamp(self.register, self.places, number)
        stamp(self.register, self.user_places, number % self.users)
        self.uac.put(bytes(self.register))

    def at_uas(self, slot: int) -> None:
        self.unexpected(self.uas.message(slot))

    def at_uac(self, slot: int) -> None:
        message = self.uac.message(slot)
        if not message.startswith(b"SIP/2.0 200 "):
            self.unexpected(message)
            return
        if self.answered(number_after(message, b"CSeq: ")):
            self.finished += 1


class Authorized(Load):
    """REGISTER, 401, REGISTER with credentials, 200; latency is over all four. Each number has two CSeq."""

    def __init__(self, server: tuple[str, int], first: int, users: int, transport: str = "udp") -> None:
        super().__init__(server, first, transport)
        self.users = users
        self.register = bytearray(register(self.uac.port, transport))
        self.places = runs(bytes(self.register), b"#")
        self.user_places = runs(bytes(self.register), b"@")
        text = CREDENTIALS.format(realm=REALM, uri=URI, cnonce=CNONCE.decode())
        self.answer = bytearray(register(self.uac.port, transport, 0, text))
        self.answer_places = runs(bytes(self.answer), b"#")
        self.answer_user_places = runs(bytes(self.answer), b"@")
        self.ha2 = md5(f"REGISTER:{URI}".encode()).hexdigest().encode()
        self.passwords = [
            md5(f"u{user:010d}:{REALM}:{PASSWORD}".encode()).hexdigest().encode() for user in range(users)
        ]

    def start(self) -> None:
        number = self.begun()
        stamp(self.register, self.places, 2 * number)
        stamp(self.register, self.user_places, number % self.users)
        self.uac.put(bytes(self.register))

    def at_uas(self, slot: int) -> None:
        self.unexpected(self.uas.message(slot))

    def at_uac(self, slot: int) -> None:
        message = self.uac.message(slot)
        cseq = number_after(message, b"CSeq: ")
        if message.startswith(b"SIP/2.0 401 ") and cseq % 2 == 0:
            self.uac.put(self.credentials(message, cseq // 2))
        elif message.startswith(b"SIP/2.0 200 "):
            if self.answered(cseq // 2):
                self.finished += 1
        else:
            self.unexpected(message)

    def credentials(self, challenge: bytes, number: int) -> bytes:
        """The REGISTER that answers a challenge."""
        at = challenge.find(b'nonce="') + 7
        nonce = challenge[at : challenge.find(b'"', at)]
        user = number % self.users
        stamp(self.answer, self.answer_places, 2 * number + 1)
        stamp(self.answer, self.answer_user_places, user)
        hashed = self.passwords[user] + b":" + nonce + b":00000001:" + CNONCE + b":auth:" + self.ha2
        response = md5(hashed).hexdigest().encode()
        return bytes(self.answer).replace(NONCE_PLACE, nonce, 1).replace(b"RESPONSE", response, 1)


class Lookups(Load):
    """Requests to the ``users`` in no order, which the server looks up and answers; latency is to the answer."""

    def __init__(self, server: tuple[str, int], first: int, users: int) -> None:
        super().__init__(server, first)
        self.users = users
        self.request = bytearray(lookup(self.uac.port))
        self.places = runs(bytes(self.request), b"#")
        self.user_places = runs(bytes(self.request), b"@")

    def start(self) -> None:
        number = self.begun()
        stamp(self.request, self.places, number)
        stamp(self.request, self.user_places, number * SCATTER % self.users)
        self.uac.put(bytes(self.request))

    def at_uac(self, slot: int) -> None:
        message = self.uac.message(slot)
        # a user whose REGISTER was lost is looked up as well
        if not message.startswith((b"SIP/2.0 200 ", b"SIP/2.0 404 ")):
            self.unexpected(message)
            return
        if self.answered(number_after(message, b"Call-ID: l")):
            self.finished += 1
