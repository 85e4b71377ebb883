"""Authorization, Proxy-Authorization and the challenges they answer (RFC 3261 section 22, RFC 7616, RFC 8760)."""

from dataclasses import dataclass

from siprouter.sip.errors import MessageError
from siprouter.sip.names import TOKEN_CHARS

MAX_PARAMS = 64


@dataclass(frozen=True, slots=True)
class AuthParams:
    """Credentials or a challenge: the scheme in lower case, the parameters as lower-case name → value.

    Values are without their quotes; what is inside stays as written, since digests are made over just that.
    """

    scheme: str
    params: dict[str, str]

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
    found: dict[str, str] = {}
    i = 0
    while True:
        while i < len(text) and text[i] in " ,":
            i += 1
        if i >= len(text):
            return found
        start = i
        while i < len(text) and text[i].isascii() and TOKEN_CHARS[ord(text[i])]:
            i += 1
        name = text[start:i].lower()
        while i < len(text) and text[i] == " ":
            i += 1
        if not name or name in found or len(found) >= MAX_PARAMS or text[i : i + 1] != "=":
            raise MessageError(400, "Bad Credentials")
        found[name], i = _auth_value(text, i + 1)


def _auth_value(text: str, i: int) -> tuple[str, int]:
    """The value that starts at `i` and the position behind it."""
    while i < len(text) and text[i] == " ":
        i += 1
    if text[i : i + 1] != '"':
        start = i
        while i < len(text) and text[i] not in ' ,"':
            i += 1
        return _before_comma(text, i, text[start:i])
    start = i = i + 1
    while i < len(text) and text[i] != '"':
        i += 2 if text[i] == "\\" else 1
    if i >= len(text):
        raise MessageError(400, "Unbalanced Quotes")
    return _before_comma(text, i + 1, text[start:i])


def _before_comma(text: str, i: int, value: str) -> tuple[str, int]:
    while i < len(text) and text[i] == " ":
        i += 1
    if i < len(text) and text[i] != ",":
        raise MessageError(400, "Bad Credentials")
    return value, i
