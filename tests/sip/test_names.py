"""The numbers of headers and methods, and finding them in any spelling."""

import pytest

from siprouter.sip import names
from siprouter.sip.cseq import find_method
from siprouter.sip.headers import scan_headers


def test_constants_are_the_places_in_the_table() -> None:
    constants = {name: value for name, value in vars(names).items() if name.startswith("H_")}
    assert len(constants) == len(names.HEADER_NAMES) == len(set(constants.values()))
    for name, value in constants.items():
        if value:
            assert name == "H_" + names.HEADER_NAMES[value].upper().replace("-", "_")
    for number, name in enumerate(names.METHOD_NAMES):
        assert getattr(names, "M_" + (name or "OTHER")) == number


def test_compact_forms_are_those_of_the_registry() -> None:
    compact = {short: name for name, short in names.COMPACT_FORMS.items()}
    assert "".join(sorted(compact)) == "abcdefijklmnorstuvxy"
    assert (compact["v"], compact["m"], compact["k"], compact["x"]) == (
        "via",
        "contact",
        "supported",
        "session-expires",
    )


@pytest.mark.parametrize("spelling", list(names.HEADER_IDS))
def test_headers_are_found_in_any_case(spelling: str) -> None:
    for name in (spelling, spelling.upper(), spelling.title(), spelling.swapcase()):
        block = scan_headers(f"{name}: x\r\n\r\n".encode(), 0, len(name) + 7)
        assert block.headers[0].id == names.HEADER_IDS[spelling] == names.header_id(name)
        assert block.find(spelling) == block.all(names.HEADER_IDS[spelling]) == block.headers


@pytest.mark.parametrize("name", ["Vi", "Viaa", "XX", "Vib", "Contact-", "F\x7erom", "Q", "content-lengtx", "via~"])
def test_other_names(name: str) -> None:
    block = scan_headers(f"{name}: x\r\n\r\n".encode(), 0, len(name) + 7)
    assert block.headers[0].id == names.header_id(name) == 0


@pytest.mark.parametrize("name", names.METHOD_NAMES[1:])
def test_methods(name: str) -> None:
    data = name.encode()
    assert find_method(data, 0, len(data)) == names.method_id(name) > 0
    for other in (name.lower(), name + "X", name[:-1], "X" + name[1:], name[:-1] + "x"):
        assert find_method(other.encode(), 0, len(other)) == names.method_id(other) == 0


def test_long_and_empty_methods() -> None:
    assert find_method(b"INVITE" * 100, 0, 600) == find_method(b"", 0, 0) == 0
