"""Methods as bits, numbered as in SIP Router: they are seen in dumps, databases and ``$ulc(x=>methods)``."""

from functools import lru_cache

from siprouter.sip.names import METHOD_NAMES, TOKEN_CHARS

_ORDER = (
    "INVITE",
    "CANCEL",
    "ACK",
    "BYE",
    "INFO",
    "REGISTER",
    "SUBSCRIBE",
    "NOTIFY",
    "MESSAGE",
    "OPTIONS",
    "PRACK",
    "UPDATE",
    "REFER",
    "PUBLISH",
)
OTHER_METHOD = 1 << len(_ORDER)
METHOD_BITS = {name: 1 << number for number, name in enumerate(_ORDER)}
BITS_BY_ID = tuple(METHOD_BITS.get(name, OTHER_METHOD) for name in METHOD_NAMES)
"""bit by method id (`sip.names`)"""


@lru_cache(maxsize=256)
def methods_mask(text: str) -> int:
    """The bits of a comma-separated list of methods in any case. Raises ValueError for what is no such list.

    Phones send few different lists, so the last ones are kept.
    """
    mask = 0
    for part in text.split(","):
        name = part.strip()
        if not name:
            continue
        if not all(char < "\x80" and TOKEN_CHARS[ord(char)] for char in name):
            raise ValueError(f"no method: {name!r}")
        mask |= METHOD_BITS.get(name.upper(), OTHER_METHOD)
    return mask
