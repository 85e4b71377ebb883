"""Pseudo-variables of the received message, of where it came from, and of its flags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.access import PvAccess
from siprouter.core.pvars import ALL, InnerName
from siprouter.core.route_info import ERROR, SENDING, ErrorInfo, Sending
from siprouter.core.values import Value, to_int, to_text
from siprouter.sip.message import Message
from siprouter.sip.names import H_CONTACT, H_CONTENT_LENGTH, H_CONTENT_TYPE, H_USER_AGENT
from siprouter.transport.endpoint import AF_INET, AF_INET6, PROTO_NAMES, PROTO_NONE, url_host
from siprouter.util.errors import OperatorError
from siprouter.util.text import to_str

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.pv.state import Pv

DELIMITER = ", "
FLAGS_MASK = 0xFFFFFFFF


def get_true(inst: Pv, ctx: Context) -> Value:
    """$true"""
    return 1


def get_pid(inst: Pv, ctx: Context) -> Value:
    """$pp"""
    return inst.process_id


def get_message_id(inst: Pv, ctx: Context) -> Value:
    """$mi"""
    return inst.message_id(ctx)


def get_method(inst: Pv, ctx: Context) -> Value:
    """$rm: of CSeq in replies"""
    method: str = ctx.msg.method
    return method


def get_version(inst: Pv, ctx: Context) -> Value:
    """$rv"""
    line: str = ctx.msg.first_line
    return line.rpartition(" ")[2] if ctx.msg.is_request else line.partition(" ")[0]


def get_status(inst: Pv, ctx: Context) -> Value:
    """$rs: null in requests"""
    status: int = ctx.msg.status
    return None if ctx.msg.is_request else status


def get_reason(inst: Pv, ctx: Context) -> Value:
    """$rr: null in requests"""
    reason: str = ctx.msg.reason
    return None if ctx.msg.is_request else reason


def get_call_id(inst: Pv, ctx: Context) -> Value:
    """$ci"""
    call_id: str = ctx.msg.call_id
    return call_id


def get_cseq(inst: Pv, ctx: Context) -> Value:
    """$cs: the number as text"""
    return str(ctx.msg.cseq.number)


def _first(ctx: Context, header_id: int) -> str | None:
    msg: Message = ctx.msg
    header = msg.get(header_id)
    return None if header is None else msg.value(header)


def get_contact(inst: Pv, ctx: Context) -> Value:
    """$ct: the first Contact header; null where it is empty"""
    return _first(ctx, H_CONTACT) or None


def get_content_type(inst: Pv, ctx: Context) -> Value:
    """$cT"""
    return _first(ctx, H_CONTENT_TYPE)


def get_content_length(inst: Pv, ctx: Context) -> Value:
    """$cl: null where the header is absent"""
    msg: Message = ctx.msg
    return None if msg.get(H_CONTENT_LENGTH) is None else msg.content_length


def get_user_agent(inst: Pv, ctx: Context) -> Value:
    """$ua"""
    return _first(ctx, H_USER_AGENT)


def get_body(inst: Pv, ctx: Context) -> Value:
    """$rb: empty where there is none"""
    return to_str(ctx.msg.body)


def get_body_size(inst: Pv, ctx: Context) -> Value:
    """$bs"""
    return len(ctx.msg.body)


def get_buffer(inst: Pv, ctx: Context) -> Value:
    """$mb"""
    return to_str(ctx.msg.buf)


def get_length(inst: Pv, ctx: Context) -> Value:
    """$ml"""
    return len(ctx.msg.buf)


# where it came from


def get_source_ip(inst: Pv, ctx: Context) -> Value:
    """$si"""
    ip: str = ctx.source.ip
    return ip


def get_source_port(inst: Pv, ctx: Context) -> Value:
    """$sp"""
    port: int = ctx.source.port
    return port


def get_proto(inst: Pv, ctx: Context) -> Value:
    """$pr: udp, tcp, …"""
    proto: int = ctx.source.proto
    return "NONE" if proto == PROTO_NONE else PROTO_NAMES[proto]


def get_received_ip(inst: Pv, ctx: Context) -> Value:
    """$Ri"""
    listener = ctx.source.listener
    address: str | None = None if listener is None else listener.address
    return address


def get_received_port(inst: Pv, ctx: Context) -> Value:
    """$Rp"""
    listener = ctx.source.listener
    port: int = 0 if listener is None else listener.port
    return None if listener is None else port


# flags


def get_flags(inst: Pv, ctx: Context) -> Value:
    """$mf"""
    return ctx.flags


def get_flags_hexa(inst: Pv, ctx: Context) -> Value:
    """$mF: eight digits"""
    return f"{ctx.flags:08x}"


def set_flags(inst: Pv, ctx: Context, value: Value) -> None:
    """$mf = number; null clears"""
    ctx.flags = to_int(value) & FLAGS_MASK


def get_branch_flags(inst: Pv, ctx: Context) -> Value:
    """$bf: flags of branch 0"""
    return ctx.branch_flags


def get_branch_flags_hexa(inst: Pv, ctx: Context) -> Value:
    """$bF"""
    return f"{ctx.branch_flags:08x}"


def set_branch_flags(inst: Pv, ctx: Context, value: Value) -> None:
    """$bf = number; null clears"""
    ctx.branch_flags = to_int(value) & FLAGS_MASK


def get_script_flags(inst: Pv, ctx: Context) -> Value:
    """$sf"""
    return ctx.script_flags


def get_script_flags_hexa(inst: Pv, ctx: Context) -> Value:
    """$sF"""
    return f"{ctx.script_flags:08x}"


def set_script_flags(inst: Pv, ctx: Context, value: Value) -> None:
    """$sf = number; null clears"""
    ctx.script_flags = to_int(value) & FLAGS_MASK


# headers by name


def bind_hdr(inst: Pv, inner: InnerName) -> PvAccess:
    """$hdr(name), $(hdr(name)[index]), $(hdr(name)[*])"""
    every = inner.index == ALL
    fixed = inner.text if inner.dynamic is None else None
    plain = inner.index is None

    def get(ctx: Context) -> Value:
        msg: Message = ctx.msg
        name = fixed if fixed is not None else to_text(inner.value(ctx))
        headers = msg.find(name)
        if not headers:
            return None
        if plain:
            return msg.value(headers[0])
        if every:
            return DELIMITER.join([msg.value(header) for header in headers])
        index = inner.index_value(ctx)
        return msg.value(headers[index]) if -len(headers) <= index < len(headers) else None

    return PvAccess(get)


# errors and sending


def get_error_class(inst: Pv, ctx: Context) -> Value:
    """$err.class"""
    error: ErrorInfo | None = ctx.vars.get(ERROR)
    return 0 if error is None else error.error_class


def get_error_level(inst: Pv, ctx: Context) -> Value:
    """$err.level"""
    error: ErrorInfo | None = ctx.vars.get(ERROR)
    return 0 if error is None else error.level


def get_error_info(inst: Pv, ctx: Context) -> Value:
    """$err.info"""
    error: ErrorInfo | None = ctx.vars.get(ERROR)
    return None if error is None else error.info


def get_error_code(inst: Pv, ctx: Context) -> Value:
    """$err.rcode"""
    error: ErrorInfo | None = ctx.vars.get(ERROR)
    return 0 if error is None else error.code


def get_error_reason(inst: Pv, ctx: Context) -> Value:
    """$err.rreason"""
    error: ErrorInfo | None = ctx.vars.get(ERROR)
    return None if error is None else error.reason


def _sent_to(name: str, sending: Sending) -> Value:
    """One attribute of where a message goes."""
    to = sending.to
    if name == "ip":
        return url_host(to.ip)
    if name == "port":
        return to.port
    return _sent_common(name, sending)


def _sent_from(name: str, sending: Sending) -> Value:
    """One attribute of the socket that a message leaves from."""
    listener = sending.to.listener
    if listener is None:
        return None
    if name == "ip":
        return listener.address
    if name == "port":
        return listener.port
    return _sent_common(name, sending)


def _sent_common(name: str, sending: Sending) -> Value:
    if name == "af":
        return AF_INET6 if ":" in sending.to.ip else AF_INET
    if name == "proto":
        return sending.to.proto
    return to_str(sending.data) if name == "buf" else len(sending.data)


SND_NAMES = ("ip", "af", "buf", "len", "port", "proto")


def _snd_name(inner: InnerName, what: str) -> str:
    if inner.text not in SND_NAMES:
        raise unknown_name(inner, what, SND_NAMES)
    return inner.text


def bind_sndto(inst: Pv, inner: InnerName) -> PvAccess:
    """$sndto(name), $snd(name): null outside onsend routes"""
    name = _snd_name(inner, "sndto")

    def get(ctx: Context) -> Value:
        sending: Sending | None = ctx.vars.get(SENDING)
        return None if sending is None else _sent_to(name, sending)

    return PvAccess(get)


def bind_sndfrom(inst: Pv, inner: InnerName) -> PvAccess:
    """$sndfrom(name): null outside onsend routes"""
    name = _snd_name(inner, "sndfrom")

    def get(ctx: Context) -> Value:
        sending: Sending | None = ctx.vars.get(SENDING)
        return None if sending is None else _sent_from(name, sending)

    return PvAccess(get)


def unknown_name(inner: InnerName, what: str, names: tuple[str, ...]) -> OperatorError:
    """The error for an inner name that is not one of a fixed set."""
    return inner.error(f"unknown name '{inner.text}' in ${what}({inner.text})", f"one of {', '.join(names)}")
