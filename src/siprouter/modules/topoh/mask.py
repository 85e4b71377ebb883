"""Masking: base64 with an alphabet that is shuffled by a key, as all versions of the module write it.

Who knows the key reads and writes masked values, on any server: they hold all there is to know about a call. It is no
encryption: who can choose what is masked, and sees the result, learns the alphabet.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import string
import struct

STANDARD = (string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/").encode()
PLAIN = (string.ascii_uppercase + string.ascii_lowercase + string.digits + ".-").encode()
PADDING = b"*"
MAX_MASKED = 8192
"""octets of a value to unmask"""
_POLYNOMIAL = 0x8408  # CRC-16/X.25, low bit first
_WORD = 0xFFFFFFFF


class Mask:
    """The two ways for one key. Raises ValueError for an empty key."""

    def __init__(self, key: bytes) -> None:
        if not key:
            raise ValueError("the key is empty")
        alphabet = shuffle(key) + PADDING
        self._write = bytes.maketrans(STANDARD + b"=", alphabet)
        self._read = bytes.maketrans(alphabet, STANDARD + b"=")
        self._foreign = bytes(set(range(256)) - set(alphabet))

    def mask(self, clear: bytes) -> bytes:
        """`clear` in characters that tokens, URI parameters and Call-IDs may have."""
        return base64.b64encode(clear).translate(self._write)

    def unmask(self, masked: bytes) -> bytes:
        """What was masked. Raises ValueError for what `mask` with this key cannot have written."""
        if not masked or len(masked) > MAX_MASKED or masked.translate(None, self._foreign) != masked:
            raise ValueError("not masked with this key")
        try:
            clear = base64.b64decode(masked.translate(self._read), validate=True)
        except binascii.Error:
            raise ValueError("not masked with this key") from None
        if self.mask(clear) != masked:  # one way only to write a value
            raise ValueError("not masked with this key")
        return clear


def shuffle(key: bytes) -> bytes:
    """The 64 characters in the order that belongs to a key."""
    words = struct.unpack("<4I", hashlib.md5(key + key, usedforsecurity=False).digest())
    signed = struct.unpack(f"{len(key)}b", key)
    start = _crc(key)
    letters = bytearray(PLAIN)
    for count in range(len(letters), 1, -1):
        turn = start + count + len(key)
        other = ((words[turn % 4] + signed[turn % len(key)]) & _WORD) % count
        letters[count - 1], letters[other] = letters[other], letters[count - 1]
    return bytes(letters)


def _crc(data: bytes) -> int:
    crc = 0xFFFF
    for octet in data:
        crc ^= octet
        for _ in range(8):
            crc = crc >> 1 ^ _POLYNOMIAL if crc & 1 else crc >> 1
    return crc ^ 0xFFFF
