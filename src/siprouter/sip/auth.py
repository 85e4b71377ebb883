"""Authorization, Proxy-Authorization and the challenges they answer (RFC 3261 section 22, RFC 7616, RFC 8760)."""

import re
from dataclasses import dataclass

from siprouter.sip.errors import MessageError
from siprouter.sip.names import TOKEN_CHARS

MAX_PARAMS = 64

# Possessive throughout: what was matched is never given back, so that no text takes longer than its length.
_TOKEN = "[" + "".join(re.escape(chr(code)) for code in range(128) if TOKEN_CHARS[code]) + "]++"
_QUOTED = r'(?:[^"\\]|\\.)*+'
_PARAM = re.compile(rf'[ ,]*+({_TOKEN}) *+= *+(?:"({_QUOTED})"|([^ ,"]*+)) *+(?=,|\Z)', re.DOTALL)
_OPEN_QUOTE = re.compile(rf'[ ,]*+{_TOKEN} *+= *+"{_QUOTED}\\?\Z', re.DOTALL)


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
    at = 0
    end = len(text.rstrip(" ,"))
    while at < end:
        match = _PARAM.match(text, at)
        if match is None:
            raise MessageError(400, "Unbalanced Quotes" if _OPEN_QUOTE.match(text, at) else "Bad Credentials")
        name, quoted, plain = match.groups()
        name = name.lower()
        if name in found or len(found) >= MAX_PARAMS:
            raise MessageError(400, "Bad Credentials")
        found[name] = plain if quoted is None else quoted
        at = match.end()
    return found
