"""Octets as text and back."""

from siprouter.util.text import to_bytes, to_str


def test_every_octet_survives() -> None:
    octets = bytes(range(256)) + "Gruß".encode()
    assert to_bytes(to_str(octets)) == octets
    assert to_str(b"Gru\xc3\x9f\xff") == "Gruß\udcff"


def test_surrogates_that_stand_for_no_octet() -> None:
    assert to_bytes("a\ud800\udcff\udfffb") == b"a?\xff?b"
