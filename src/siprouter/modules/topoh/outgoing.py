"""What goes out: addresses of one side become masked values for the other, and marks are taken off."""

from __future__ import annotations

from collections.abc import Callable

from siprouter.modules.topoh.directions import (
    DOWN,
    LOCAL,
    UP,
    header_mark,
    take_header_off,
    unmarked_via,
    via_mark,
)
from siprouter.modules.topoh.values import Masked
from siprouter.sip.message import Message
from siprouter.sip.nameaddr import NameAddr
from siprouter.sip.names import H_CALL_ID, M_ACK, M_CANCEL, M_INVITE
from siprouter.sip.uri import Uri
from siprouter.util.text import to_bytes

IsOurs = Callable[[Uri], bool]


def mask_request(msg: Message, masked: Masked, call_ids: bool, is_ours: IsOurs) -> bool:
    """Edit a request that is about to leave; False: it is one of our own, and leaves as it is."""
    mark = header_mark(msg)
    take_header_off(msg)
    vias = msg.vias()
    if len(vias) == 1:
        hidden = mark.startswith(DOWN) and (msg.method_id in (M_ACK, M_CANCEL) or mark[1:2] == LOCAL)
        if hidden and call_ids:
            mask_call_id(msg, masked)
        return bool(mark)
    if not mark:
        return False
    for via in vias[1:]:
        msg.replace(via.start, via.end - via.start, masked.mask_via(msg.buf[via.start : via.end]))
    mask_contacts(msg, masked)
    for route in msg.record_routes():
        if not is_ours(route.parsed_uri):
            mask_address(msg, route, masked)
    if call_ids and not msg.to.tag:
        flip_replaces(msg, masked)
    if call_ids and mark.startswith(DOWN):
        mask_call_id(msg, masked)
    return True


def mask_reply(msg: Message, masked: Masked, call_ids: bool, is_ours: IsOurs) -> bool:
    """Edit a reply that is about to leave; False: it leaves as it is."""
    mark = header_mark(msg)
    take_header_off(msg)
    own = "" if mark else via_mark(msg.buf[msg.via.start : msg.via.end])
    msg.replace(msg.via.start, msg.via.end - msg.via.start, unmarked_via(msg, msg.via))
    if own:  # a reply of our own: the mark tells which way the request went
        if call_ids and own.startswith(UP):
            mask_call_id(msg, masked)
        return True
    if not mark:
        return False
    mask_farther_routes(msg, masked, is_ours)
    if not 300 <= msg.status < 400:  # who is sent elsewhere must be able to go there
        mask_contacts(msg, masked)
    if call_ids and mark.startswith(DOWN):
        mask_call_id(msg, masked)
    return True


def mask_farther_routes(msg: Message, masked: Masked, is_ours: IsOurs) -> None:
    """Record-Routes of those behind us, as seen from where the reply goes: they stand above ours."""
    behind: list[NameAddr] = []
    for route in msg.record_routes():
        if is_ours(route.parsed_uri):
            for address in behind:
                mask_address(msg, address, masked)
            return
        behind.append(route)


def mask_contacts(msg: Message, masked: Masked) -> None:
    """All Contacts."""
    for contact in msg.contacts():
        if not contact.star:
            mask_address(msg, contact, masked)


def mask_address(msg: Message, address: NameAddr, masked: Masked) -> None:
    """The URI of one address."""
    data = masked.mask_uri(msg.buf[address.uri_start : address.uri_end])
    if not address.bracketed:
        data = b"<" + data + b">"
    msg.replace(address.uri_start, address.uri_end - address.uri_start, data)


def mask_call_id(msg: Message, masked: Masked) -> None:
    """The Call-ID."""
    header = msg.get(H_CALL_ID)
    assert header is not None
    msg.replace(header.start, header.end - header.start, masked.mask_call_id(to_bytes(msg.call_id)))


def flip_replaces(msg: Message, masked: Masked) -> None:
    """The Call-ID in Replaces (RFC 3891) of a new INVITE: each side knows the call to be replaced by its own."""
    if msg.method_id != M_INVITE:
        return
    for header in msg.find("Replaces"):
        call_id = msg.buf[header.start : header.end].partition(b";")[0].rstrip()
        clear = masked.unmask_call_id(call_id)
        msg.replace(header.start, len(call_id), masked.mask_call_id(call_id) if clear is None else clear)
