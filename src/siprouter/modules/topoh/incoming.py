"""What comes in: masked values become what they stand for, and the message is marked with its way."""

from __future__ import annotations

from siprouter.modules.topoh.directions import UP, put_marks, reply_mark, request_mark, via_mark
from siprouter.modules.topoh.values import Masked
from siprouter.sip.message import Message
from siprouter.sip.nameaddr import NameAddr
from siprouter.sip.names import H_CALL_ID, H_REFER_TO, M_CANCEL, M_REFER
from siprouter.util.text import to_bytes


def unmask_request(msg: Message, masked: Masked, call_ids: bool) -> None:
    """Edit a received request. Raises MessageError(400) for masked values that a peer made up, and unreadable ones."""
    check_readable(msg)
    mark = request_mark(msg)
    if msg.to.tag:
        clear = masked.unmask_uri(msg.parsed_uri)
        if clear is not None:
            msg.replace(msg.uri_start, msg.uri_end - msg.uri_start, clear)
        for route in msg.routes():
            unmask_address(msg, route, masked)
        if msg.method_id == M_REFER and msg.get(H_REFER_TO) is not None:
            unmask_address(msg, msg.address(H_REFER_TO), masked)
        if call_ids and mark.startswith(UP):
            unmask_call_id(msg, masked)
    put_marks(msg, mark)


def unmask_reply(msg: Message, masked: Masked, call_ids: bool) -> bool:
    """Edit a received reply; False: there is nothing to edit. Raises MessageError as above."""
    check_readable(msg)
    vias = msg.vias()
    if len(vias) == 1:
        return msg.cseq.method_id == M_CANCEL and call_ids and unmask_call_id(msg, masked)
    request = ""
    for number, via in enumerate(vias[1:]):
        clear = masked.unmask_via(via)
        if clear is not None:
            msg.replace(via.start, via.end - via.start, clear)
            if number == 0:
                request = via_mark(clear)
    for route in msg.record_routes():
        unmask_address(msg, route, masked)
    mark = reply_mark(request)
    if call_ids and mark.startswith(UP):
        unmask_call_id(msg, masked)
    put_marks(msg, mark)
    return True


def check_readable(msg: Message) -> None:
    """What cannot be read could not be hidden when the message leaves: MessageError(400)."""
    msg.vias()
    msg.contacts()
    for route in msg.record_routes():
        _ = route.parsed_uri


def unmask_address(msg: Message, address: NameAddr, masked: Masked) -> None:
    """The URI of one address, without its headers; what is none of ours stays."""
    uri = address.parsed_uri
    clear = masked.unmask_uri(uri)
    if clear is None:
        return
    length = len(to_bytes(address.uri.partition("?")[0]))
    msg.replace(address.uri_start, length, clear)


def unmask_call_id(msg: Message, masked: Masked) -> bool:
    """The Call-ID, where it is masked; whether it is."""
    header = msg.get(H_CALL_ID)
    assert header is not None
    clear = masked.unmask_call_id(to_bytes(msg.call_id))
    if clear is None:
        return False
    msg.replace(header.start, header.end - header.start, clear)
    return True
