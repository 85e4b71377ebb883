"""Attributes of contacts as the text in column `reg_avp_column`, in the form that SIP Router 3.1 writes.

One behind the other: ``s`` (text) or ``n`` (number), the octets of the name ``:`` those of the value ``:`` the flags
``:``, then the name and the value. The flags are a sum: 1 the name is text, 2 the value is text, the class from 16,
the track from 256, and the flags of ``avpflags`` from 8192 in their order.
"""

from __future__ import annotations

from siprouter.core.avp import CLASS_URI, CLASS_USER, TRACK_FROM, TRACK_TO
from siprouter.core.values import Value, wrap_int
from siprouter.db.values import clean
from siprouter.modules.usrloc_s.contact import SavedAvp
from siprouter.util.text import to_bytes, to_str

NAME_IS_TEXT = 1
VALUE_IS_TEXT = 2
CLASSES = {CLASS_URI: 16, CLASS_USER: 32}
TRACKS = {TRACK_FROM: 256, TRACK_TO: 512}
KINDS = {klass | track: bit | track_bit for klass, bit in CLASSES.items() for track, track_bit in TRACKS.items()}
KIND_MASK = 0x3F0
CUSTOM_SHIFT = 13
UINT32 = 0xFFFFFFFF
MAX_DIGITS = 10
MAX_AVPS = 1_000


def avps_text(avps: tuple[SavedAvp, ...]) -> str:
    """The attributes as text that every database takes; "" for none."""
    return "".join([_one_text(*avp) for avp in avps])


def _one_text(klass: int, name: str | int, value: Value, flags: int) -> str:
    bits = KINDS[klass] | (flags << CUSTOM_SHIFT & UINT32)
    if isinstance(name, str):
        bits |= NAME_IS_TEXT
    kind, text = "n", str(value)
    if isinstance(value, int):
        text = str(value & UINT32)
    else:
        kind, text = "s", _storable(value or "")
        bits |= VALUE_IS_TEXT
    label = _storable(str(name))
    return f"{kind}{len(label.encode())}:{len(text.encode())}:{bits}:{label}{text}"


def _storable(text: str) -> str:
    return str(clean(text))


def read_avps(text: str) -> tuple[SavedAvp, ...]:
    """The attributes in such a text; those of other classes and tracks are left out. Raises ValueError."""
    found: list[SavedAvp] = []
    data, at = to_bytes(text), 0
    while at < len(data):
        if len(found) >= MAX_AVPS:
            raise ValueError(f"more than {MAX_AVPS} attributes")
        kind = data[at : at + 1]
        if kind not in (b"s", b"n"):
            raise ValueError("no attributes of a contact")
        numbers = []
        at += 1
        for _ in range(3):
            number, at = _number(data, at)
            numbers.append(number)
        name_size, value_size, bits = numbers
        end = at + name_size + value_size
        if end > len(data):
            raise ValueError("the attributes are cut off")
        name, value = to_str(data[at : at + name_size]), to_str(data[at + name_size : end])
        at = end
        klass = next((klass for klass, kind_bits in KINDS.items() if kind_bits == bits & KIND_MASK), None)
        if klass is not None:
            found.append((klass, _name(name, bits), _value(kind, value), bits >> CUSTOM_SHIFT))
    return tuple(found)


def _number(data: bytes, at: int) -> tuple[int, int]:
    """The number that ends with a colon, and where the text goes on. Raises ValueError."""
    end = data.find(b":", at, at + MAX_DIGITS + 1)
    if end < 0 or not data[at:end].isdigit():
        raise ValueError("a length or the flags of an attribute are no number")
    return int(data[at:end]), end + 1


def _name(text: str, bits: int) -> str | int:
    return text if bits & NAME_IS_TEXT else int(text or "0")


def _value(kind: bytes, text: str) -> Value:
    return text if kind == b"s" else wrap_int(int(text or "0"))
