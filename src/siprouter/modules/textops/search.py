"""Searching and replacing in the message. Searches see the message as received, replacements are pending edits.

Offsets are those of the message's octets; the first line is never touched by `replace` and `subst`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core import rewrite
from siprouter.core.substitution import Substitution
from siprouter.core.values import Value
from siprouter.sip.message import Message
from siprouter.util.errors import PeerError
from siprouter.util.regex import Match, Regex
from siprouter.util.text import to_bytes, to_str

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.modules.textops.state import TextOps

MAX_REPLACEMENTS = 10_000


def find(inst: TextOps, regex: Regex | None, data: bytes, pos: int) -> Match | None:
    """The first match at `pos` or later; None also for a bad pattern, and a text too long for the pattern (logged)."""
    if regex is None:
        inst.log.error("bad regular expression", source="textops")
        return None
    try:
        return regex.search_bytes(data, pos)
    except PeerError as error:
        inst.log.error("%s", error.reason, source="textops")
        return None


def search(inst: TextOps, ctx: Context, regex: Regex | None) -> int:
    """search(regex): anywhere in the message"""
    return 1 if find(inst, regex, ctx.msg.buf, 0) is not None else -1


def search_body(inst: TextOps, ctx: Context, regex: Regex | None) -> int:
    """search_body(regex)"""
    body: bytes = ctx.msg.body
    return 1 if body and find(inst, regex, body, 0) is not None else -1


def search_append(inst: TextOps, ctx: Context, regex: Regex | None, text: str) -> int:
    """search_append(regex, text): text behind the first match"""
    msg: Message = ctx.msg
    match = find(inst, regex, msg.buf, msg.headers_start)
    if match is None:
        return -1
    msg.insert(match.end, to_bytes(text))
    return 1


def search_append_body(inst: TextOps, ctx: Context, regex: Regex | None, text: str) -> int:
    """search_append_body(regex, text)"""
    msg: Message = ctx.msg
    match = find(inst, regex, msg.body, 0) if msg.body else None
    if match is None:
        return -1
    msg.insert(msg.body_start + match.end, to_bytes(text))
    return 1


def _replace(inst: TextOps, msg: Message, regex: Regex | None, text: str, in_body: bool, every: bool) -> int:
    """Replace the first match or all; -1 where nothing matches, or a match is empty."""
    data = msg.body if in_body else msg.buf
    offset = msg.body_start if in_body else 0
    pos = 0 if in_body else msg.headers_start
    new = to_bytes(text)
    for count in range(MAX_REPLACEMENTS if every else 1):
        match = find(inst, regex, data, pos) if pos < len(data) else None
        if match is None:
            return 1 if count else -1
        if match.start == match.end and every:
            inst.log.error("the pattern matches the empty string", source="textops")
            return -1
        msg.replace(offset + match.start, match.end - match.start, new)
        pos = match.end
    return 1


def replace(inst: TextOps, ctx: Context, regex: Regex | None, text: str) -> int:
    """replace(regex, text): the first match behind the first line"""
    return _replace(inst, ctx.msg, regex, text, False, False)


def replace_all(inst: TextOps, ctx: Context, regex: Regex | None, text: str) -> int:
    """replace_all(regex, text)"""
    return _replace(inst, ctx.msg, regex, text, False, True)


def replace_body(inst: TextOps, ctx: Context, regex: Regex | None, text: str) -> int:
    """replace_body(regex, text)"""
    return _replace(inst, ctx.msg, regex, text, True, False)


def replace_body_all(inst: TextOps, ctx: Context, regex: Regex | None, text: str) -> int:
    """replace_body_all(regex, text); also replace_body_atonce, whose pattern takes the body as one line"""
    return _replace(inst, ctx.msg, regex, text, True, True)


def _edits(inst: TextOps, ctx: Context, substitution: Substitution, text: str) -> list[tuple[int, int, str]]:
    try:
        return substitution.edits(ctx, text)
    except PeerError as error:
        inst.log.error("substitution %s: %s", substitution.text, error.reason, source="textops")
    except ValueError as error:
        inst.log.error("substitution %s: %s", substitution.text, error, source="textops")
    return []


def _substitute(inst: TextOps, ctx: Context, substitution: Substitution, data: bytes, offset: int) -> int:
    msg: Message = ctx.msg
    text = to_str(data)
    edits = _edits(inst, ctx, substitution, text)
    plain = text.isascii()
    for start, length, new in edits:
        if not plain:
            first = len(to_bytes(text[:start]))
            length = len(to_bytes(text[start : start + length]))
            start = first
        msg.replace(offset + start, length, to_bytes(new))
    return 1 if edits else -1


def subst(inst: TextOps, ctx: Context, substitution: Substitution) -> int:
    """subst(substitution): behind the first line"""
    msg: Message = ctx.msg
    return _substitute(inst, ctx, substitution, msg.buf[msg.headers_start :], msg.headers_start)


def subst_body(inst: TextOps, ctx: Context, substitution: Substitution) -> int:
    """subst_body(substitution)"""
    msg: Message = ctx.msg
    return _substitute(inst, ctx, substitution, msg.body, msg.body_start) if msg.body else -1


def run_substitution(inst: TextOps, ctx: Context, substitution: Substitution, text: str) -> str | None:
    """`text` with the matches replaced, None where nothing matches or it fails (logged)."""
    out: list[str] = []
    pos = 0
    for start, length, new in _edits(inst, ctx, substitution, text):
        out += (text[pos:start], new)
        pos = start + length
    return "".join([*out, text[pos:]]) if out else None


def subst_uri(inst: TextOps, ctx: Context, substitution: Substitution) -> int:
    """subst_uri(substitution): in the request URI"""
    changed = run_substitution(inst, ctx, substitution, ctx.uri) if ctx.msg.is_request else None
    if changed is None:
        return -1
    ctx.set_uri(changed)
    return 1


def subst_user(inst: TextOps, ctx: Context, substitution: Substitution) -> int:
    """subst_user(substitution): in the user part of the request URI"""
    uri = rewrite.present_uri(ctx) if ctx.msg.is_request else None
    changed = None if uri is None else run_substitution(inst, ctx, substitution, uri.user)
    return 1 if changed is not None and rewrite.set_user(ctx, changed) else -1


def transform_subst(inst: TextOps, ctx: Context, value: Value, substitution: Substitution) -> Value:
    """{re.subst,/pattern/replacement/flags}: unchanged where nothing matches, null for null and for an empty text"""
    if value is None or value == "":
        return None
    changed = run_substitution(inst, ctx, substitution, str(value))
    return value if changed is None else changed
