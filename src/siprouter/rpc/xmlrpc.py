"""XML-RPC (xmlrpc.com/spec): method calls to values, values to method responses.

Document types and entities are refused, so that a small body cannot grow.
"""

from __future__ import annotations

import datetime as dt
import math
import xmlrpc.client
from typing import Any
from xml.parsers import expat

from siprouter.rpc.values import NULL_TEXT, Pairs, RpcValue, plain
from siprouter.util.errors import InternalError, PeerError

MAX_BODY = 65535
MAX_ELEMENTS = 128
"""deepest nesting of elements; a nested value takes three: value, struct, member or value, array, data"""

_HEAD = '<?xml version="1.0"?>\n<methodResponse>\n'
_TAIL = "\n</methodResponse>\n"


class XmlRpcError(PeerError):
    """A body that is no XML-RPC call."""

    def __init__(self, reason: str) -> None:
        super().__init__(400, reason)


class _Reader:
    """Feeds the standard library's unmarshaller, and refuses what it would let pass."""

    def __init__(self) -> None:
        self.depth = 0
        self.target = xmlrpc.client.Unmarshaller(use_datetime=True, use_builtin_types=True)
        self.target.xml(None, None)  # type: ignore[arg-type]  # the parser gives text, not encoded bytes
        parser = self.parser = expat.ParserCreate(None)
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.target.data
        parser.StartDoctypeDeclHandler = self.refuse_doctype
        parser.EntityDeclHandler = self.refuse_doctype

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > MAX_ELEMENTS:
            raise XmlRpcError("nested too deeply")
        self.target.start(tag, attributes)

    def end(self, tag: str) -> None:
        self.depth -= 1
        self.target.end(tag)

    def refuse_doctype(self, *_declaration: object) -> None:
        raise XmlRpcError("document type declarations are not accepted")


def parse_call(body: bytes) -> tuple[str, list[RpcValue]]:
    """Method and parameters of a method call. Raises XmlRpcError."""
    if len(body) > MAX_BODY:
        raise XmlRpcError("request too big")
    reader = _Reader()
    try:
        reader.parser.Parse(body, True)
        params = reader.target.close()
        method = reader.target.getmethodname()
    except XmlRpcError:
        raise
    except (expat.ExpatError, xmlrpc.client.Error, ValueError, TypeError, LookupError, AttributeError) as error:
        raise XmlRpcError("not an XML-RPC call") from error
    if not method:
        raise XmlRpcError("method name missing")
    return method, [_from_xml(value) for value in params]


def _from_xml(value: Any) -> RpcValue:
    if isinstance(value, dict):
        return Pairs((str(name), _from_xml(member)) for name, member in value.items())
    if isinstance(value, list | tuple):
        return [_from_xml(item) for item in value]
    if isinstance(value, dt.datetime):
        return value.strftime("%Y%m%dT%H:%M:%S")
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return value
    raise XmlRpcError("value of an unknown type")


def build_response(result: RpcValue, escape_cr: bool = True) -> bytes:
    """The answer to a call that succeeded; `result` is one value.

    A carriage return goes out as a character reference: XML parsers read a plain one as a line feed.
    """
    text = f"{_HEAD}<params>\n<param>{_value(plain(result))}</param>\n</params>{_TAIL}"
    return _encode(text, escape_cr)


def build_fault(code: int, message: str, escape_cr: bool = True) -> bytes:
    """The answer to a call that failed."""
    fault = _value({"faultCode": code, "faultString": message})
    return _encode(f"{_HEAD}<fault>\n{fault}\n</fault>{_TAIL}", escape_cr)


def _encode(text: str, escape_cr: bool) -> bytes:
    return (text.replace("\r", "&#xD;") if escape_cr else text).encode()


def double_lf_to_crlf(value: RpcValue) -> RpcValue:
    """`value` with each pair of line feeds in its strings as CR LF: for clients that cannot send a CR."""
    if isinstance(value, str):
        return value.replace("\n\n", "\r\n")
    if isinstance(value, Pairs):
        return Pairs((name, double_lf_to_crlf(member)) for name, member in value)
    if isinstance(value, list):
        return [double_lf_to_crlf(item) for item in value]
    return value


def _value(value: object) -> str:
    """`value`, as `plain` gives it, inside its `<value>` element."""
    if value is None:
        inner = f"<string>{_escape(NULL_TEXT)}</string>"
    elif isinstance(value, bool):
        inner = f"<boolean>{value:d}</boolean>"
    elif isinstance(value, int):
        tag = "int" if -0x80000000 <= value <= 0x7FFFFFFF else "double"
        inner = f"<{tag}>{value}</{tag}>"
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise InternalError(f"XML-RPC cannot carry {value}")
        inner = f"<double>{value!r}</double>"
    elif isinstance(value, str):
        inner = f"<string>{_escape(value)}</string>"
    elif isinstance(value, list):
        inner = f"<array><data>{''.join(_value(item) for item in value)}</data></array>"
    elif isinstance(value, dict):
        inner = "".join(f"<member><name>{_escape(name)}</name>{_value(item)}</member>" for name, item in value.items())
        inner = f"<struct>{inner}</struct>"
    else:
        raise InternalError(f"XML-RPC cannot carry {type(value).__name__}")
    return f"<value>{inner}</value>"


def _escape(text: str) -> str:
    """Text of an element; what XML 1.0 cannot hold (control characters, bytes that are not UTF-8) becomes U+FFFD."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if text.isprintable():
        return text
    return "".join(char if _allowed(char) else "\ufffd" for char in text)


def _allowed(char: str) -> bool:
    code = ord(char)
    return char in "\t\n\r" or 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or code >= 0x10000
