"""Script text and wire octets: UTF-8 with surrogateescape, so that any octet survives the way there and back."""


def to_str(data: bytes) -> str:
    """Octets as text; those that are not UTF-8 become lone surrogates."""
    return data.decode("utf-8", "surrogateescape")


def to_bytes(text: str) -> bytes:
    """The inverse of `to_str`. A surrogate that stands for no octet becomes "?", so this never raises."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        kept = "".join(["?" if _stands_for_nothing(char) else char for char in text])
        return kept.encode("utf-8", "surrogateescape")


def _stands_for_nothing(char: str) -> bool:
    return "\ud800" <= char <= "\udfff" and not "\udc80" <= char <= "\udcff"
