"""Authorization, Proxy-Authorization and the challenges they answer (RFC 3261 section 22, RFC 7616, RFC 8760)."""

from siprouter.sip.errors import MessageError
from siprouter.sip.names import TOKEN_CHARS

MAX_PARAMS = 64


class AuthParams:
    """Credentials or a challenge: the scheme in lower case, the parameters as lower-case name → value. Immutable.

    Values are without their quotes; what is inside stays as written, since digests are made over just that.
    """

    __slots__ = ("params", "scheme")

    def __init__(self, scheme: str, params: dict[str, str]) -> None:
        self.scheme = scheme
        self.params = params

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AuthParams):
            return NotImplemented
        return self.scheme == other.scheme and self.params == other.params

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"AuthParams({self.scheme!r}, {self.params!r})"

    def get(self, name: str) -> str:
        """A parameter's value, "" where it is absent."""
        return self.params.get(name, "")

    @property
    def is_digest(self) -> bool:
        """Whether the scheme is Digest."""
        return self.scheme == "digest"

    @property
    def username(self) -> str:
        """The user name as written."""
        return self.get("username")

    @property
    def user(self) -> str:
        """The user name without a domain behind ``@``."""
        return self.get("username").partition("@")[0]

    @property
    def domain(self) -> str:
        """What stands behind ``@`` in the user name."""
        return self.get("username").partition("@")[2]

    @property
    def realm(self) -> str:
        """The realm."""
        return self.get("realm")


def parse_auth(text: str) -> AuthParams:
    """Reads ``Digest name=value, name="value"``; of another scheme only the name counts where it has no such list.

    Raises MessageError(400) on a malformed or repeated parameter of Digest.
    """
    scheme, _, rest = text.strip().partition(" ")
    if not scheme:
        raise MessageError(400, "Bad Credentials")
    try:
        return AuthParams(scheme.lower(), _parse_auth_params(rest.replace("\t", " ")))
    except MessageError:
        if scheme.lower() == "digest":
            raise
        return AuthParams(scheme.lower(), {})


def _parse_auth_params(text: str) -> dict[str, str]:
    """Reads ``name=value, name="value"`` in one pass; empty elements are passed over."""
    found: dict[str, str] = {}
    token = TOKEN_CHARS
    size = len(text)
    end = size
    while end > 0 and (text[end - 1] == " " or text[end - 1] == ","):
        end -= 1
    at = 0
    while at < end:
        while text[at] == " " or text[at] == ",":
            at += 1
        start = at
        while at < size and ord(text[at]) < 128 and token[ord(text[at])]:
            at += 1
        name = text[start:at].lower()
        at = _behind_spaces(text, at, size)
        if not name or at >= size or text[at] != "=" or name in found or len(found) >= MAX_PARAMS:
            raise MessageError(400, "Bad Credentials")
        start = at = _behind_spaces(text, at + 1, size)
        if at < size and text[at] == '"':
            start = at = at + 1
            while at < size and text[at] != '"':
                at += 2 if text[at] == "\\" else 1
            if at >= size:
                raise MessageError(400, "Unbalanced Quotes")
            found[name] = text[start:at]
            at += 1
        else:
            while at < size and text[at] != " " and text[at] != "," and text[at] != '"':
                at += 1
            found[name] = text[start:at]
        at = _behind_spaces(text, at, size)
        if at < size and text[at] != ",":
            raise MessageError(400, "Bad Credentials")
    return found


def _behind_spaces(text: str, at: int, size: int) -> int:
    """The position of the first character from `at` on that is no space."""
    while at < size and text[at] == " ":
        at += 1
    return at
