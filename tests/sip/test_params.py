"""Header parameters."""

import pytest

from siprouter.sip.errors import MessageError
from siprouter.sip.params import parse_params, quote, unescape, walk_params


def params(text: str) -> dict[str, str]:
    return parse_params(text.encode(), 0, len(text.encode()))


def test_forms() -> None:
    assert params(' ; A = b ;c;d="x;y,\\"z\\"" ; e=[::1];f=ü') == {
        "a": "b",
        "c": "",
        "d": 'x;y,"z"',
        "e": "[::1]",
        "f": "ü",
    }
    assert params("") == params(" ") == params(";") == params(",;a") == {}
    assert params(";a=1;A=2") == {"a": "1"}


def test_a_comma_ends_the_list() -> None:
    cursor = walk_params(b";a=1;b, ;c", 0, 10)
    assert cursor.next() and cursor.named(b"a") and cursor.pos == 4
    assert cursor.next() and (cursor.name(), cursor.value()) == ("b", "")
    assert not cursor.next() and cursor.pos == 6


@pytest.mark.parametrize(
    "text", ["a", ";=b", ";a b", ';a="b', ';a="b"c', ';a=b"c', ";a=<b>", ";\xe9=1", ";a=1 2", ";a;b\x00c"]
)
def test_malformed(text: str) -> None:
    with pytest.raises(MessageError):
        params(text)


@pytest.mark.parametrize("text", ["", "plain", 'a"b', "a\\b", '\\"', "\\\\"])
def test_quoting(text: str) -> None:
    assert unescape(quote(text)[1:-1]) == text


def test_a_backslash_at_the_end_stays() -> None:
    assert unescape("a\\") == "a\\"
