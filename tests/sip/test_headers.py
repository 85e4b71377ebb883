"""The scan for header lines."""

from siprouter.sip.headers import HeaderBlock, parse_number, scan_headers, unfold
from siprouter.sip.names import H_CONTACT, H_VIA


def scan(text: str) -> HeaderBlock:
    return scan_headers(text.encode(), 0, len(text.encode()))


def test_names_values_and_lines() -> None:
    block = scan("Subject :  a b \r\nX:\r\nY: one\r\n\r\nbody")
    assert [(block.name(header), block.value(header)) for header in block.headers] == [
        ("Subject", "a b"),
        ("X", ""),
        ("Y", "one"),
    ]
    assert [block.line(header) for header in block.headers] == [b"Subject :  a b \r\n", b"X:\r\n", b"Y: one\r\n"]
    assert block.buf[block.body_start :] == b"body" and not block.defect


def test_folds() -> None:
    block = scan("X: a\r\n b\r\n\t\r\n  c \r\nY: \r\n d\r\n\r\n")
    assert [block.value(header) for header in block.headers] == ["a b  c", "d"]
    assert [header.folded for header in block.headers] == [True, True]
    assert unfold(b"a\r\n\t b \n c") == b"a b c"


def test_finding() -> None:
    block = scan("m: <sip:a@b>\r\nX-a: 1\r\nContact: *\r\nx-A: 2\r\n\r\n")
    assert block.get(H_CONTACT) is block.headers[0] and block.get(H_VIA) is None
    assert block.all(H_CONTACT) == block.find("CONTACT") == block.find("M") == [block.headers[0], block.headers[2]]
    assert [block.value(header) for header in block.find("X-A")] == ["1", "2"]
    assert block.find("X") == block.all(H_VIA) == []


def test_scanning_goes_on_behind_a_defect() -> None:
    block = scan("broken\r\nX: 1\r\n: y\r\nZ: 2\r\n\r\n")
    assert block.defect == "Bad Header Line"
    assert [block.name(header) for header in block.headers] == ["X", "Z"]


def test_numbers() -> None:
    texts = {
        b"0": 0,
        b"007": 7,
        b"2147483647": 2**31 - 1,
        b"2147483648": -1,
        b"": -1,
        b"-1": -1,
        b"1 ": -1,
        b"9" * 50: -1,
    }
    assert {text: parse_number(text, 0, len(text)) for text in texts} == texts
