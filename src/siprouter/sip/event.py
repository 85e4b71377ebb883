"""Event and Subscription-State (RFC 6665 section 8.2)."""

from dataclasses import dataclass

from siprouter.sip.errors import MessageError
from siprouter.sip.names import TOKEN_CHARS
from siprouter.sip.valueparams import parse_seconds, parse_value_params


@dataclass(frozen=True, slots=True)
class Event:
    """The package with its templates (``presence.winfo``) as written, and the parameters; `id` is one of them."""

    package: str
    params: dict[str, str]

    @property
    def id(self) -> str:
        """The id parameter, "" where there is none."""
        return self.params.get("id", "")


def parse_event(text: str) -> Event:
    """Reads ``package;id=…``. Raises MessageError(400)."""
    parsed = parse_value_params(text)
    if not is_token(parsed.value):
        raise MessageError(400, "Bad Event")
    return Event(parsed.value, parsed.params)


@dataclass(frozen=True, slots=True)
class SubscriptionState:
    """The state in lower case (``active``, ``pending``, ``terminated`` …); seconds are None where they are absent."""

    state: str
    reason: str
    expires: int | None
    retry_after: int | None


def parse_subscription_state(text: str) -> SubscriptionState:
    """Reads ``active;expires=600``. Raises MessageError(400)."""
    parsed = parse_value_params(text)
    if not is_token(parsed.value):
        raise MessageError(400, "Bad Subscription-State")
    expires, retry_after = parsed.params.get("expires"), parsed.params.get("retry-after")
    return SubscriptionState(
        parsed.value.lower(),
        parsed.params.get("reason", ""),
        None if expires is None else parse_seconds(expires),
        None if retry_after is None else parse_seconds(retry_after),
    )


def is_token(text: str) -> bool:
    """Whether `text` is a token (RFC 3261 section 25.1)."""
    return bool(text) and text.isascii() and all(TOKEN_CHARS[ord(char)] for char in text)
