"""One request, and what its reply says: packets of pyrad, signed and checked."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from siprouter.radius.attributes import Pair
from siprouter.radius.dictionary import Attribute, Dictionary
from siprouter.radius.errors import RadiusRequestError
from siprouter.util.text import to_str

if TYPE_CHECKING:
    # an optional package: whoever makes a Dictionary hears that it is missing
    from pyrad.packet import Packet

MAX_PACKET = 4096
MESSAGE_AUTHENTICATOR = 80

ACCESS_REQUEST, ACCESS_ACCEPT, ACCESS_REJECT, ACCESS_CHALLENGE = 1, 2, 3, 11
ACCOUNTING_REQUEST, ACCOUNTING_RESPONSE = 4, 5
ANSWERS = {
    ACCESS_REQUEST: (ACCESS_ACCEPT, ACCESS_REJECT, ACCESS_CHALLENGE),
    ACCOUNTING_REQUEST: (ACCOUNTING_RESPONSE,),
}


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered; the packet is from it, and belongs to the request."""

    code: int
    packet: Packet = field(repr=False)

    @property
    def accepted(self) -> bool:
        """Whether it is an Access-Accept (a challenge is none: there is nobody to ask)."""
        return self.code == ACCESS_ACCEPT

    def texts(self, attribute: Attribute) -> list[str]:
        """The values of an attribute, in their order, as text."""
        return [to_str(value) for value in dict.get(self.packet, attribute.key, ())]


@dataclass(slots=True)
class Request:
    """A packet on its way to one server: its octets, and what checks the answer."""

    packet: Packet
    data: bytes


def build_request(dictionary: Dictionary, code: int, number: int, secret: bytes, pairs: Sequence[Pair]) -> Request:
    """A signed request with the identifier `number`; an Access-Request with Message-Authenticator (RFC 2869, 5.14).

    Raises RadiusRequestError for more attributes than a packet holds.
    """
    from pyrad.packet import AcctPacket, AuthPacket

    if code == ACCESS_REQUEST:
        # random for each request: who can guess it can make up the answer (RFC 2865, 3)
        packet = AuthPacket(code, number, secret, os.urandom(16), dict=dictionary.packets)
    else:
        packet = AcctPacket(code, number, secret, dict=dictionary.packets)
    for key, value in pairs:
        packet.setdefault(key, []).append(value)
    if code == ACCESS_REQUEST:
        packet.add_message_authenticator()
    data: bytes = packet.RequestPacket()
    if len(data) > MAX_PACKET:
        raise RadiusRequestError(f"the request has {len(data)} octets, at most {MAX_PACKET} fit into a packet")
    return Request(packet, data)


def read_reply(request: Request, data: bytes, need_signature: bool) -> Reply | None:
    """The reply in a datagram; None where it is malformed, is no answer to `request` or was not signed with the secret.

    `need_signature`: replies to an Access-Request must have a Message-Authenticator (CVE-2024-3596).
    """
    from pyrad.packet import PacketError

    if len(data) > MAX_PACKET:
        return None
    sent = request.packet
    try:
        packet = sent.CreateReply(packet=data)
        if packet.code not in ANSWERS[sent.code]:
            return None
        if not sent.VerifyReply(packet, data, enforce_ma=need_signature):
            return None
    except (PacketError, ValueError, KeyError, IndexError):
        return None
    return Reply(packet.code, packet)


def is_signed(reply: Reply) -> bool:
    """Whether it had a Message-Authenticator."""
    return dict.__contains__(reply.packet, MESSAGE_AUTHENTICATOR)
