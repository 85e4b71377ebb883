"""Selects on header fields: @from, @to, @contact, @via, @cseq, @authorization["realm"] …"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from siprouter.core.context import Context
from siprouter.core.declare import Select, select
from siprouter.core.worker import Worker
from siprouter.script.select_parts import find_param, uri_selects
from siprouter.sip.auth import AuthParams, parse_auth
from siprouter.sip.event import parse_event
from siprouter.sip.nameaddr import NameAddr
from siprouter.sip.names import (
    H_AUTHORIZATION,
    H_CALL_ID,
    H_CONTACT,
    H_CONTENT_LENGTH,
    H_CONTENT_TYPE,
    H_CSEQ,
    H_DATE,
    H_EVENT,
    H_EXPIRES,
    H_FROM,
    H_IDENTITY,
    H_IDENTITY_INFO,
    H_MAX_FORWARDS,
    H_MIN_SE,
    H_ORGANIZATION,
    H_PRIORITY,
    H_PROXY_AUTHORIZATION,
    H_RECORD_ROUTE,
    H_REFER_TO,
    H_REMOTE_PARTY_ID,
    H_SESSION_EXPIRES,
    H_SIP_IF_MATCH,
    H_SUBJECT,
    H_TO,
    H_USER_AGENT,
)
from siprouter.sip.via import Via
from siprouter.util.errors import PeerError

PLAIN_HEADERS = {
    "call_id": H_CALL_ID,
    "expires": H_EXPIRES,
    "max_forwards": H_MAX_FORWARDS,
    "content_type": H_CONTENT_TYPE,
    "content_length": H_CONTENT_LENGTH,
    "subject": H_SUBJECT,
    "organization": H_ORGANIZATION,
    "priority": H_PRIORITY,
    "session_expires": H_SESSION_EXPIRES,
    "min_se": H_MIN_SE,
    "user_agent": H_USER_AGENT,
    "sip_if_match": H_SIP_IF_MATCH,
    "date": H_DATE,
    "identity": H_IDENTITY,
    "identity_info": H_IDENTITY_INFO,
}
ADDRESS_HEADERS = {
    "from": (H_FROM, "f"),
    "to": (H_TO, "t"),
    "refer_to": (H_REFER_TO,),
    "rpid": (H_REMOTE_PARTY_ID, "remote_party_id"),
    "contact": (H_CONTACT, "m"),
    "record_route": (H_RECORD_ROUTE, "rr"),
}
"""name: header id and other names"""
CONTACT_PARAMS = {
    "q": "q",
    "expires": "expires",
    "methods": "methods",
    "received": "received",
    "instance": "+sip.instance",
}
AUTH_PARAMS = ("username", "realm", "nonce", "uri", "cnonce", "nc", "response", "opaque", "algorithm", "qop")


def header_text(worker: Worker, ctx: Context, header_id: int) -> str | None:
    """The value of the first header with this id."""
    header = ctx.msg.get(header_id)
    return None if header is None else ctx.msg.value(header)


def _text_of(worker: Worker, ctx: Context, *, header_id: int) -> str | None:
    return header_text(worker, ctx, header_id)


# --- addresses


def first_address(ctx: Context, header_id: int) -> NameAddr | None:
    """The first address in the headers with this id; None for none, a malformed one, or the star."""
    try:
        if header_id == H_FROM:
            found: NameAddr = ctx.msg.from_
        elif header_id == H_TO:
            found = ctx.msg.to
        else:
            addresses = ctx.msg.addresses(header_id)
            if not addresses or addresses[0].star:
                return None
            found = addresses[0]
    except PeerError:
        return None
    return found


def _address_uri(worker: Worker, ctx: Context, *, header_id: int) -> str | None:
    found = first_address(ctx, header_id)
    return None if found is None else found.uri


def _address_name(worker: Worker, ctx: Context, *, header_id: int) -> str | None:
    found = first_address(ctx, header_id)
    return None if found is None else found.display


def _address_tag(worker: Worker, ctx: Context, *, header_id: int) -> str | None:
    found = first_address(ctx, header_id)
    return None if found is None else found.tag


def _address_param(worker: Worker, ctx: Context, name: str, *, header_id: int) -> str | None:
    found = first_address(ctx, header_id)
    if found is None:
        return None
    params: dict[str, str] = found.params
    return params.get(name.lower(), params.get(name.lower().replace("_", "-")))


def _contact_param(worker: Worker, ctx: Context, *, name: str) -> str | None:
    return _address_param(worker, ctx, name, header_id=H_CONTACT)


def address_selects() -> Iterable[Select]:
    """@from, @to, @contact and the others that hold addresses."""
    for main, (header_id, *aliases) in ADDRESS_HEADERS.items():
        assert isinstance(header_id, int)
        for name in (main, *map(str, aliases)):
            yield select(name, partial(_text_of, header_id=header_id), f"the {main} header")
            yield select(f"{name}.uri", partial(_address_uri, header_id=header_id), f"the URI in {main}")
            yield from uri_selects(f"{name}.uri", partial(_address_uri, header_id=header_id))
            yield select(f"{name}.name", partial(_address_name, header_id=header_id), f"the display name in {main}")
            yield select(f"{name}.params.%s", partial(_address_param, header_id=header_id), f"a parameter of {main}")
            if main in ("from", "to", "refer_to", "rpid"):
                yield select(f"{name}.tag", partial(_address_tag, header_id=header_id), f"the tag of {main}")
            if main == "contact":
                for part, param in CONTACT_PARAMS.items():
                    yield select(f"{name}.{part}", partial(_contact_param, name=param), f"{part} of the contact")


# --- Via


def _via(ctx: Context, index: int | None) -> Via | None:
    """Via number `index` from the top, from 1."""
    number = 1 if index is None else index
    try:
        if number == 1:
            return ctx.msg.via  # type: ignore[no-any-return]
        vias: list[Via] = ctx.msg.vias()
    except PeerError:
        return None
    return vias[number - 1] if 1 <= number <= len(vias) else None


def _via_part(worker: Worker, ctx: Context, index: int | None, *, part: str) -> str | None:
    via = _via(ctx, index)
    if via is None:
        return None
    if part in ("name", "version"):
        protocol = via.text.split("/")
        return protocol[0 if part == "name" else 1].strip() if len(protocol) > 2 else None
    if part == "transport":
        return via.transport
    if part == "host":
        return via.host
    if part == "port":
        return str(via.port) if via.port else ""
    if part == "comment":
        text = via.text
        return text[text.index("(") + 1 : text.rindex(")")] if "(" in text and ")" in text else ""
    return via.text


def _via_param(worker: Worker, ctx: Context, index: int | None, name: str) -> str | None:
    via = _via(ctx, index)
    return None if via is None else via.params.get(name.lower())


def _via_known_param(worker: Worker, ctx: Context, index: int | None, *, name: str) -> str | None:
    return _via_param(worker, ctx, index, name)


def via_selects() -> Iterable[Select]:
    """@via[n]."""
    for name in ("via", "v"):
        yield select(f"{name}([%i])", partial(_via_part, part="text"), "a Via, by number from the top")
        for part in ("name", "version", "transport", "host", "port", "comment"):
            yield select(f"{name}([%i]).{part}", partial(_via_part, part=part), f"{part} of a Via")
        for param in ("branch", "received", "rport", "i", "alias"):
            yield select(f"{name}([%i]).{param}", partial(_via_known_param, name=param), f"{param} of a Via")
        yield select(f"{name}([%i]).params.%s", _via_param, "a parameter of a Via")


# --- others


def _cseq_number(worker: Worker, ctx: Context) -> str | None:
    return str(ctx.msg.cseq.number)


def _cseq_method(worker: Worker, ctx: Context) -> str | None:
    method: str = ctx.msg.cseq.method
    return method


def _event(worker: Worker, ctx: Context) -> str | None:
    value = header_text(worker, ctx, H_EVENT)
    if value is None:
        return None
    try:
        return parse_event(value).package
    except PeerError:
        return None


def _credentials(ctx: Context, header_id: int, realm: str) -> tuple[str, AuthParams] | None:
    """The header with credentials for a realm (which may hold variables), and its parameters."""
    if "$" in realm:
        realm = ctx.worker.env.parse_format(realm).text(ctx)
    for header in ctx.msg.all(header_id):
        text = ctx.msg.value(header)
        try:
            found = parse_auth(text)
        except PeerError:
            continue
        if found.realm == realm or not realm:
            return text, found
    return None


def _auth(worker: Worker, ctx: Context, realm: str, *, header_id: int) -> str | None:
    found = _credentials(ctx, header_id, realm)
    return None if found is None else found[0]


def _auth_param(worker: Worker, ctx: Context, realm: str, *, header_id: int, part: str) -> str | None:
    found = _credentials(ctx, header_id, realm)
    if found is None:
        return None
    if part == "user":
        return found[1].user
    return found[1].domain if part == "domain" else found[1].get(part)


def other_selects() -> Iterable[Select]:
    """Headers without further structure, CSeq, Event, credentials."""
    for name, header_id in PLAIN_HEADERS.items():
        yield select(name, partial(_text_of, header_id=header_id), f"the {name} header")
    yield select("cseq", partial(_text_of, header_id=H_CSEQ), "the CSeq header")
    yield select("cseq.num", _cseq_number, "the number of CSeq")
    yield select("cseq.method", _cseq_method, "the method of CSeq")
    yield select("event", _event, "the event package")
    for name, header_id in (("authorization", H_AUTHORIZATION), ("proxy_authorization", H_PROXY_AUTHORIZATION)):
        yield select(f"{name}.%s", partial(_auth, header_id=header_id), "the credentials for a realm")
        for part in AUTH_PARAMS:
            get = partial(_auth_param, header_id=header_id, part=part)
            yield select(f"{name}.%s.{part}", get, f"{part} of the credentials")
        for part in ("user", "domain"):
            get = partial(_auth_param, header_id=header_id, part=part)
            yield select(f"{name}.%s.username.{part}", get, f"{part} of the user name")


# --- any header


def any_header(worker: Worker, ctx: Context, name: str, index: int | None) -> str | None:
    """Header number `index` (from 1; negative: the last) of a name in which `_` stands for `-`."""
    msg = ctx.msg
    headers = msg.find(name.replace("_", "-")) or msg.find(name)
    if not headers:
        return None
    if index is not None and index <= 0:
        return str(msg.value(headers[-1]))
    number = 1 if index is None else index
    return str(msg.value(headers[number - 1])) if number <= len(headers) else None


def any_header_param(worker: Worker, ctx: Context, name: str, index: int | None, param: str) -> str | None:
    """A parameter of any header."""
    text = any_header(worker, ctx, name, index)
    if text is None:
        return None
    return find_param(text, param) or None
