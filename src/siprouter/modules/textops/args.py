"""Arguments of textops' functions that are looked up once, when the script is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.args import ArgType, Constant, Folded
from siprouter.core.values import Value, to_text
from siprouter.sip.names import H_OTHER, M_OTHER, TOKEN_CHARS, header_id, method_id
from siprouter.util.errors import OperatorError, SourceLocation

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv

PRIVACY_VALUES = {
    "user": 1,
    "header": 2,
    "session": 4,
    "none": 8,
    "critical": 16,
    "id": 32,
    "history": 64,
}


class Methods:
    """Which methods are meant: bits by method id, or the name in capitals of one that has no id. Immutable."""

    __slots__ = ("mask", "name")

    def __init__(self, mask: int, name: str = "") -> None:
        self.mask = mask
        self.name = name

    def has(self, method_id: int, method: str) -> bool:
        """Whether a method is one of them."""
        if self.name:
            return method_id == M_OTHER and method.upper() == self.name
        return bool(self.mask >> method_id & 1)


def parse_methods(text: str) -> Methods:
    """`INVITE|ACK` or one name. Raises ValueError for an unknown name in a list, and for what is no name."""
    names = [name.strip().upper() for name in text.replace("|", ",").split(",")]
    mask = 0
    for name in names:
        if not name or not name.isascii() or not all(TOKEN_CHARS[octet] for octet in name.encode()):
            raise ValueError(f"bad method name in '{text}'")
        number = method_id(name)
        if number == M_OTHER:
            if len(names) > 1:
                raise ValueError(f"unknown method {name} in a list")
            return Methods(0, name)
        mask |= 1 << number
    return Methods(mask)


class MethodList(ArgType):
    """Method names, parsed once."""

    kind = "a method, or methods with | between them"

    def __init__(self) -> None:
        super().__init__("methods")

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        try:
            return Constant(parse_methods(to_text(value)))
        except ValueError as error:
            raise OperatorError(str(error), location) from None

    def convert(self, ctx: Context, value: Value) -> Methods:
        try:
            return parse_methods(to_text(value))
        except ValueError:
            return Methods(0)


class HeaderName:
    """A header by its id where it has one, else by name. Immutable."""

    __slots__ = ("id", "name")

    def __init__(self, id: int, name: str) -> None:
        self.id = id
        self.name = name


class HeaderArg(ArgType):
    """The name of a header, long or compact."""

    kind = "the name of a header"

    def __init__(self, name: str = "header") -> None:
        super().__init__(name)

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        text = to_text(value).strip()
        if not text or not text.isascii() or not all(TOKEN_CHARS[octet] for octet in text.encode()):
            raise self.bad(value, location)
        return Constant(self.convert_text(text))

    def convert(self, ctx: Context, value: Value) -> HeaderName:
        return self.convert_text(to_text(value).strip())

    def convert_text(self, text: str) -> HeaderName:
        """The header that `text` names."""
        return HeaderName(header_id(text) if text else H_OTHER, text)


class MimeArg(ArgType):
    """A media type `type/subtype` in lower case; "" for any."""

    kind = "a media type such as application/sdp"

    def __init__(self) -> None:
        super().__init__("type")

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        text = to_text(value).strip().lower()
        kind, slash, subtype = text.partition("/")
        if text and not (kind and slash and subtype and ";" not in text and "," not in text):
            raise self.bad(value, location)
        return Constant(text)

    def convert(self, ctx: Context, value: Value) -> str:
        return to_text(value).strip().lower()


class PrivacyArg(ArgType):
    """The bit of one privacy value."""

    kind = "one of " + ", ".join(PRIVACY_VALUES)

    def __init__(self) -> None:
        super().__init__("privacy")

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        bit = PRIVACY_VALUES.get(to_text(value).lower())
        if bit is None:
            raise self.bad(value, location)
        return Constant(bit)

    def convert(self, ctx: Context, value: Value) -> int:
        return PRIVACY_VALUES.get(to_text(value).lower(), 0)
