"""What is particular to Contact: q, expires, instances (RFC 3261 section 20.10, RFC 5626, RFC 5627)."""

from siprouter.sip.errors import MessageError
from siprouter.sip.nameaddr import NameAddr, parse_nameaddrs
from siprouter.util.text import to_bytes

Q_UNSET = -1
Q_MAX = 1000
DEFAULT_EXPIRES = 3600


def parse_q(text: str) -> int:
    """A qvalue in thousandths: "0.5" → 500. Raises MessageError(400) on all but 0 to 1 with up to three decimals."""
    whole, _, decimals = text.strip().partition(".")
    if whole not in ("0", "1", "") or not (whole or decimals) or len(decimals) > 3:
        raise MessageError(400, "Bad q Parameter")
    if decimals and not (decimals.isascii() and decimals.isdigit()):
        raise MessageError(400, "Bad q Parameter")
    value = int(whole or "0") * 1000 + int((decimals + "000")[:3])
    if value > Q_MAX:
        raise MessageError(400, "Bad q Parameter")
    return value


def format_q(value: int) -> str:
    """Thousandths as a qvalue: 500 → "0.5", 1000 → "1", 0 → "0"."""
    if value >= Q_MAX:
        return "1"
    return f"0.{value:03d}".rstrip("0").rstrip(".") if value > 0 else "0"


def contact_q(contact: NameAddr) -> int:
    """The q parameter in thousandths, `Q_UNSET` where there is none. MessageError(400)."""
    text = contact.params.get("q")
    return Q_UNSET if text is None else parse_q(text)


def contact_expires(contact: NameAddr) -> int | None:
    """The expires parameter in seconds, None where there is none; a malformed one counts as 3600 (section 20.10)."""
    text = contact.params.get("expires")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()):
        return DEFAULT_EXPIRES
    return int(text) if len(text) < 10 else 0xFFFFFFFF


def contact_instance(contact: NameAddr) -> str:
    """The instance of +sip.instance without its angle brackets, "" where there is none (RFC 5626 section 4.1)."""
    text = contact.params.get("+sip.instance", "")
    if text.startswith("<") and text.endswith(">"):
        return text[1:-1]
    return text


def contact_reg_id(contact: NameAddr) -> int:
    """The reg-id parameter, 0 where it is absent or no number from 1 to 2**31 - 1 (RFC 5626 section 4.2)."""
    text = contact.params.get("reg-id", "")
    value = int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else 0
    return value if value <= 0x7FFFFFFF else 0


def parse_contacts(text: str) -> list[NameAddr]:
    """The addresses in the text of a Contact (or Route, Path, Diversion …) value. MessageError(400)."""
    data = to_bytes(text)
    return parse_nameaddrs(data, 0, len(data))
