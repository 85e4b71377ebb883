"""Content-Type (RFC 3261 section 20.15)."""

from dataclasses import dataclass

from siprouter.sip.errors import MessageError
from siprouter.sip.valueparams import parse_value_params


@dataclass(frozen=True, slots=True)
class ContentType:
    """Type and subtype in lower case, parameters with lower-case names and values without quotes."""

    type: str
    subtype: str
    params: dict[str, str]

    @property
    def essence(self) -> str:
        """``type/subtype``."""
        return f"{self.type}/{self.subtype}"


def parse_content_type(text: str) -> ContentType:
    """Reads ``type/subtype;name=value``. Raises MessageError(400)."""
    parsed = parse_value_params(text)
    main, slash, sub = parsed.value.partition("/")
    main, sub = main.strip().lower(), sub.strip().lower()
    if not (slash and main and sub) or any(char in main + sub for char in ' \t"/<>@,;:'):
        raise MessageError(400, "Bad Content-Type")
    return ContentType(main, sub, parsed.params)
