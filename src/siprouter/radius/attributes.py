"""Attributes of a request and of its reply: between values of the script and octets of a packet."""

from __future__ import annotations

import ipaddress

from siprouter.radius.dictionary import DIGEST_ATTRIBUTES, FIRST_DIGEST_PART, Attribute
from siprouter.radius.errors import RadiusRequestError
from siprouter.util.text import to_bytes, to_str

MAX_VALUE = 253
MAX_VENDOR_VALUE = 247
MAX_DIGEST_PART = 251

Pair = tuple[int | tuple[int, int], bytes]
"""(key of the attribute in a packet, octets)"""


def encode(attribute: Attribute, value: int | str) -> Pair:
    """One attribute as it travels. Raises RadiusRequestError for what does not fit."""
    data = _octets(attribute, value)
    if attribute.is_digest_part:
        _check(attribute, data, MAX_DIGEST_PART)
        part = attribute.code - FIRST_DIGEST_PART + 1
        return DIGEST_ATTRIBUTES, bytes((part, len(data) + 2)) + data
    if not 0 < attribute.code <= 255:
        raise RadiusRequestError(f"attribute {attribute.name} is internal to servers: {attribute.code} is above 255")
    _check(attribute, data, MAX_VENDOR_VALUE if attribute.vendor else MAX_VALUE)
    return attribute.key, data


def encode_cut(attribute: Attribute, value: int | str) -> Pair:
    """The same, with texts that are too long cut off: for what is accounted."""
    if attribute.type in ("string", "octets") and isinstance(value, str):
        limit = MAX_VENDOR_VALUE if attribute.vendor else MAX_VALUE
        value = to_str(to_bytes(value)[:limit])
    return encode(attribute, value)


def _check(attribute: Attribute, data: bytes, limit: int) -> None:
    if len(data) > limit:
        raise RadiusRequestError(f"value of {attribute.name} has {len(data)} octets, at most {limit} fit")


def _octets(attribute: Attribute, value: int | str) -> bytes:
    kind = attribute.type
    if attribute.is_number:
        return _number(attribute, value)
    if kind == "ipaddr":
        return _address(attribute, value, 4)
    if kind == "ipv6addr":
        return _address(attribute, value, 16)
    if kind in ("string", "octets"):
        return to_bytes(str(value))
    raise RadiusRequestError(f"attribute {attribute.name} is of type {kind}, which cannot be sent")


def _number(attribute: Attribute, value: int | str) -> bytes:
    if not isinstance(value, int):
        if not (value.isascii() and value.isdigit() and len(value) <= 10):
            raise RadiusRequestError(f"attribute {attribute.name} takes a number, found {value[:40]!r}")
        value = int(value)
    return (value & 0xFFFFFFFF).to_bytes(4, "big")


def _address(attribute: Attribute, value: int | str, length: int) -> bytes:
    try:
        packed = ipaddress.ip_address(value).packed
    except ValueError:
        packed = b""
    if len(packed) != length:
        raise RadiusRequestError(f"attribute {attribute.name} takes an address, found {value!r}")
    return packed

