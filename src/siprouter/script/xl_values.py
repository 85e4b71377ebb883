"""What the specifiers of SER's format strings stand for: `%ru`, `%fu`, `%Ts` … (see `xl_format`)."""

from __future__ import annotations

import os
import socket
import time

from siprouter.core.context import Q_UNSET, Context
from siprouter.core.outgoing import contact_line, q_text
from siprouter.core.values import Value
from siprouter.script.select_headers import first_address, header_text
from siprouter.script.select_message import message_id
from siprouter.sip.names import H_CONTACT, H_FROM, H_REFER_TO, H_TO, H_USER_AGENT
from siprouter.util.text import to_str

DELIMITER = ", "
LAST = -1
ALL = -2
MESSAGE_TIME = "xl.time"
UNIQUE = "xl.unique"


def _hex(number: int) -> str:
    return f"{number & 0xFFFFFFFF:08x}"


def _branch(ctx: Context) -> Value:
    return ctx.branch_list[0].uri if ctx.branch_list and ctx.msg.is_request else None


def _branches(ctx: Context) -> Value:
    if not ctx.msg.is_request:
        return None
    found = ctx.branch_list or ()
    return DELIMITER.join(one.uri if one.q == Q_UNSET else f"<{one.uri}>;q={q_text(one.q)}" for one in found)


def _destination_set(ctx: Context) -> Value:
    line = contact_line(ctx)
    return to_str(line).removesuffix("\r\n") if line else None


def _address_uri(ctx: Context, header_id: int) -> Value:
    found = first_address(ctx, header_id)
    return None if found is None else found.uri


def _tag(ctx: Context, header_id: int) -> Value:
    found = first_address(ctx, header_id)
    return None if found is None else found.tag or None


def _next_hop(ctx: Context) -> Value:
    if not ctx.msg.is_request:
        return None
    return ctx.dst_uri or ctx.uri


def _seconds(ctx: Context) -> int:
    """When the time was first asked for while this message is handled."""
    seconds: int = ctx.vars.setdefault(MESSAGE_TIME, int(ctx.worker.wall_clock()))
    return seconds


def _unique(ctx: Context) -> Value:
    """Another 64-bit number at each call, in hexadecimal."""
    services = ctx.worker.services
    number = services.get(UNIQUE)
    if number is None:
        number = int.from_bytes(ctx.worker.random_bytes(8), "big")
    number = services[UNIQUE] = (number + 1) & (1 << 64) - 1
    return f"{number:016x}"


def _listener_address(ctx: Context) -> Value:
    listener = ctx.source.listener
    return None if listener is None else str(listener.address)


def _listener_port(ctx: Context) -> Value:
    listener = ctx.source.listener
    return None if listener is None else int(listener.port)


def _own_address(ctx: Context) -> Value:
    return next((str(listener.address) for listener in ctx.worker.listeners), "")


VALUES = {
    "br": _branch,
    "bR": _branches,
    "ci": lambda ctx: ctx.msg.call_id,
    "cs": lambda ctx: ctx.msg.cseq.number,
    "ct": lambda ctx: header_text(ctx.worker, ctx, H_CONTACT),
    "ds": _destination_set,
    "fu": lambda ctx: _address_uri(ctx, H_FROM),
    "ft": lambda ctx: _tag(ctx, H_FROM),
    "Hn": lambda ctx: socket.gethostname().partition(".")[0],
    "Hd": lambda ctx: socket.gethostname().partition(".")[2],
    "Hf": lambda ctx: socket.gethostname(),
    "Hi": _own_address,
    "mb": lambda ctx: to_str(ctx.msg.buf),
    "mf": lambda ctx: ctx.flags,
    "mi": lambda ctx: message_id(ctx.worker, ctx),
    "ml": lambda ctx: len(ctx.msg.buf),
    "mx": lambda ctx: _hex(message_id(ctx.worker, ctx)),
    "nh": _next_hop,
    "pp": lambda ctx: os.getpid(),
    "px": lambda ctx: _hex(os.getpid()),
    "rm": lambda ctx: ctx.msg.method if ctx.msg.is_request else None,
    "ru": lambda ctx: ctx.uri if ctx.msg.is_request else None,
    "rs": lambda ctx: None if ctx.msg.is_request else ctx.msg.status,
    "rr": lambda ctx: None if ctx.msg.is_request else ctx.msg.reason,
    "rt": lambda ctx: _address_uri(ctx, H_REFER_TO),
    "Ri": _listener_address,
    "Rp": _listener_port,
    "si": lambda ctx: ctx.source.ip,
    "sp": lambda ctx: ctx.source.port,
    "tu": lambda ctx: _address_uri(ctx, H_TO),
    "tt": lambda ctx: _tag(ctx, H_TO),
    "Ts": _seconds,
    "Tf": lambda ctx: time.asctime(time.localtime(_seconds(ctx))),
    "Tx": lambda ctx: _hex(_seconds(ctx)),
    "ua": lambda ctx: header_text(ctx.worker, ctx, H_USER_AGENT),
    "uq": _unique,
}
"""specifier (without the %) -> its value for a message; None prints `<null>`"""


def header_value(ctx: Context, name: str, index: int) -> Value:
    """`%{name[index]}`: a header by number from 0, the LAST one, or ALL of them."""
    msg = ctx.msg
    headers = msg.find(name)
    if index == ALL:
        return DELIMITER.join(msg.value(header) for header in headers)
    if not headers or index >= len(headers):
        return None
    value: str = msg.value(headers[index])
    return value
