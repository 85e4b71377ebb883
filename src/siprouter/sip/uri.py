"""URIs: sip, sips, tel, urn:service and any other scheme (RFC 3261 section 19.1, RFC 3966, RFC 3986, RFC 5118)."""

from siprouter.sip.errors import MessageError
from siprouter.sip.names import HOST_CHARS
from siprouter.sip.quoted import split_quoted

U_OTHER = 0
U_SIP = 1
U_SIPS = 2
U_TEL = 3
U_URN = 4

_KINDS = {"sip": U_SIP, "sips": U_SIPS, "tel": U_TEL, "tels": U_TEL, "urn": U_URN}
_SCHEMES = {
    b"sip": "sip", b"SIP": "sip", b"Sip": "sip", b"sips": "sips", b"SIPS": "sips", b"tel": "tel", b"TEL": "tel",
    b"urn": "urn",
}  # fmt: skip


class Uri:
    """One URI as received; nothing is unescaped. Immutable; absent parts are "" (port: 0).

    `scheme` is in lower case, `kind` its number (`U_SIP` …). `user` includes user parameters (``alice;day=tuesday``);
    for tel it is the number. `host` of an IPv6 reference keeps its brackets. `params` is the text behind the first
    ``;`` after the host (``transport=tcp;lr``), `headers` the text behind ``?``. For other schemes everything behind
    the colon is in `opaque`.
    """

    __slots__ = ("_end", "_params", "_source", "_start", "headers", "host", "kind", "opaque", "params", "password",
                 "port", "scheme", "user")  # fmt: skip

    scheme: str
    kind: int
    user: str
    password: str
    host: str
    port: int
    params: str
    headers: str
    opaque: str
    _params: dict[str, str] | None
    _source: bytes
    _start: int
    _end: int

    @property
    def is_sip(self) -> bool:
        """Whether the scheme is sip or sips."""
        return self.kind == U_SIP or self.kind == U_SIPS

    @property
    def text(self) -> str:
        """The URI as it was written."""
        return self._source[self._start : self._end].decode("utf-8", "surrogateescape")

    def __str__(self) -> str:
        return self._source[self._start : self._end].decode("utf-8", "surrogateescape")

    def __repr__(self) -> str:
        return f"<Uri {self.text}>"

    def param_dict(self) -> dict[str, str]:
        """All URI parameters: lower-case name → value as written, "" for a flag. Not to be changed by the caller."""
        if self._params is None:
            self._params = parse_uri_params(self.params)
        return self._params

    def param(self, name: str) -> str | None:
        """The value of a URI parameter, "" for one without a value, None where it is absent."""
        if not self.params:
            return None
        return self.param_dict().get(name)

    @property
    def transport(self) -> str:
        """The transport parameter in lower case, or ""."""
        if not self.params:
            return ""
        return self.param_dict().get("transport", "").lower()

    @property
    def host_port(self) -> str:
        """``host`` or ``host:port``."""
        return f"{self.host}:{self.port}" if self.port else self.host

    def replaced(
        self,
        *,
        scheme: str | None = None,
        user: str | None = None,
        password: str | None = None,
        host: str | None = None,
        port: int | None = None,
        params: str | None = None,
        headers: str | None = None,
    ) -> str:
        """The text of this URI with some parts exchanged; None keeps a part, "" (port: 0) removes it.

        A URI of another scheme than sip, sips and tel becomes the one asked for as far as its parts go.
        """
        return build_uri(
            self.scheme if scheme is None else scheme,
            self.user if user is None else user,
            self.password if password is None else password,
            self.host if host is None else host,
            self.port if port is None else port,
            self.params if params is None else params,
            self.headers if headers is None else headers,
        )


def build_uri(
    scheme: str, user: str, password: str = "", host: str = "", port: int = 0, params: str = "", headers: str = ""
) -> str:
    """The text of a URI from its parts, which are put in as they are."""
    text = scheme + ":" + user
    if password:
        text += ":" + password
    if host:
        text += ("@" if user else "") + host
    if port:
        text += f":{port}"
    if params:
        text += ";" + params
    if headers:
        text += "?" + headers
    return text


def parse_uri_params(params: str) -> dict[str, str]:
    """``a=b;c`` → {"a": "b", "c": ""}: names in lower case, values as written, the first of a name counts."""
    found: dict[str, str] = {}
    for part in split_quoted(params) if '"' in params else params.split(";"):
        name, _, value = part.partition("=")
        name = name.strip().lower()
        if name and name not in found:
            found[name] = value.strip()
    return found


def parse_uri(text: str) -> Uri:
    """Parses the text of a URI. Raises MessageError(400) on a malformed one; an unknown scheme is no error."""
    try:
        source = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise MessageError(400, "Bad URI") from None
    return parse_uri_at(source, 0, len(source))


def parse_uri_at(source: bytes, start: int, end: int) -> Uri:
    """Parses the URI in `source[start:end]`, see `parse_uri`."""
    if start < 0 or end > len(source):
        raise IndexError("outside the bufferfer")
    p = source
    i = start
    while i < end and p[i] != 58:
        c = p[i]
        if not (97 <= (c | 32) <= 122 or (i > start and (48 <= c <= 57 or c == 43 or c == 45 or c == 46))):
            raise MessageError(400, "Bad URI Scheme")
        i += 1
    if i >= end or i == start:
        raise MessageError(400, "Bad URI Scheme")
    scheme = _SCHEMES.get(p[start:i])
    if scheme is None:
        scheme = p[start:i].decode("ascii").lower()
    uri = Uri.__new__(Uri)
    uri.scheme = scheme
    uri.kind = _KINDS.get(scheme, U_OTHER)
    uri.user = uri.password = uri.host = uri.params = uri.headers = uri.opaque = ""
    uri.port = 0
    uri._params = None
    uri._source = source
    uri._start = start
    uri._end = end
    i += 1
    if uri.kind == U_SIP or uri.kind == U_SIPS:
        _parse_sip(uri, i)
    elif uri.kind == U_TEL:
        _parse_tel(uri, i)
    else:
        if i >= end:
            raise MessageError(400, "Bad URI")
        uri.opaque = p[i:end].decode("utf-8", "surrogateescape")
    return uri


def _parse_sip(uri: Uri, pos: int) -> None:
    """Reads ``user:password@host:port;params?headers`` from `pos` on."""
    source = uri._source
    p = source
    end = uri._end
    at = pos
    colon = -1
    while at < end and p[at] != 64:
        if p[at] <= 32:
            raise MessageError(400, "Bad URI")
        if p[at] == 58 and colon < 0:
            colon = at
        at += 1
    if at < end:
        if colon < 0:
            colon = at
        if colon == pos:
            raise MessageError(400, "Bad URI User")
        uri.user = p[pos:colon].decode("utf-8", "surrogateescape")
        if colon < at:
            uri.password = p[colon + 1 : at].decode("utf-8", "surrogateescape")
        pos = at + 1
    i = host_end(source, pos, end)
    uri.host = p[pos:i].decode("ascii")
    if i < end and p[i] == 58:
        pos = i + 1
        i = port_end(source, pos, end)
        uri.port = number(source, pos, i)
    if i < end and p[i] == 59:
        pos = i + 1
        i += 1
        while i < end and p[i] != 63:
            if p[i] <= 32 or p[i] == 64:
                raise MessageError(400, "Bad URI Parameter")
            i += 1
        uri.params = p[pos:i].decode("utf-8", "surrogateescape")
    if i < end:
        if p[i] != 63:
            raise MessageError(400, "Bad URI")
        uri.headers = p[i + 1 : end].decode("utf-8", "surrogateescape")


def _parse_tel(uri: Uri, pos: int) -> None:
    """Reads ``number;params`` from `pos` on (RFC 3966); visual separators stay."""
    source = uri._source
    p = source
    end = uri._end
    i = pos
    while i < end and p[i] != 59 and p[i] != 63:
        if p[i] <= 32:
            raise MessageError(400, "Bad URI")
        i += 1
    if i == pos:
        raise MessageError(400, "Bad URI User")
    uri.user = p[pos:i].decode("utf-8", "surrogateescape")
    if i < end and p[i] == 59:
        pos = i + 1
        while i < end and p[i] != 63:
            i += 1
        uri.params = p[pos:i].decode("utf-8", "surrogateescape")
    if i < end:
        uri.headers = p[i + 1 : end].decode("utf-8", "surrogateescape")


def host_end(source: bytes, pos: int, end: int) -> int:
    """Where the host that starts at `pos` ends (a name, an IPv4 address or a bracketed IPv6 reference)."""
    if pos < 0 or end > len(source):
        raise IndexError("outside the buffer")
    p = source
    host_chars = HOST_CHARS
    i = pos
    if i < end and p[i] == 91:
        i += 1
        colons = 0
        while i < end and p[i] != 93:
            c = p[i]
            if c == 58:
                colons += 1
            elif not (48 <= c <= 57 or 97 <= (c | 32) <= 102 or c == 46):
                raise MessageError(400, "Bad IPv6 Reference")
            i += 1
        if i >= end or colons < 2 or i - pos > 46:
            raise MessageError(400, "Bad IPv6 Reference")
        i += 1
    else:
        while i < end and host_chars[p[i]]:
            i += 1
    if i == pos:
        raise MessageError(400, "Bad Host")
    return i


def port_end(source: bytes, pos: int, end: int) -> int:
    """Where the port number that starts at `pos` ends; it is between 0 and 65535."""
    if pos < 0 or end > len(source):
        raise IndexError("outside the buffer")
    p = source
    i = pos
    value = 0
    while i < end and 48 <= p[i] <= 57:
        value = value * 10 + p[i] - 48
        if value > 65535:
            raise MessageError(400, "Bad Port")
        i += 1
    if i == pos:
        raise MessageError(400, "Bad Port")
    return i


def number(source: bytes, pos: int, end: int) -> int:
    """The value of the decimal digits `source[pos:end]`, which fit into 31 bits."""
    if pos < 0 or end > len(source):
        raise IndexError("outside the buffer")
    p = source
    value = 0
    while pos < end:
        value = value * 10 + p[pos] - 48
        pos += 1
    return value
