"""Addresses with display names and parameters."""

import pytest

from siprouter.sip.errors import MessageError
from siprouter.sip.nameaddr import NameAddr, parse_nameaddr, parse_nameaddrs


def one(text: str) -> NameAddr:
    return parse_nameaddr(text.encode(), 0, len(text.encode()), False)


def many(text: str) -> list[NameAddr]:
    return parse_nameaddrs(text.encode(), 0, len(text.encode()))


@pytest.mark.parametrize(
    ("text", "display", "name", "uri", "tag"),
    [
        ("sip:a@b", "", "", "sip:a@b", ""),
        ("sip:a@b;tag=1", "", "", "sip:a@b", "1"),
        ("<sip:a@b;x=y>;tag=1", "", "", "sip:a@b;x=y", "1"),
        ("Alice <sip:a@b>;TAG = 1", "Alice", "Alice", "sip:a@b", "1"),
        ("Alice B. <sip:a@b>", "Alice B.", "Alice B.", "sip:a@b", ""),
        ("Alice<sip:a@b>", "Alice", "Alice", "sip:a@b", ""),
        (
            '"Al \\"x\\" <sip:no@no>, ;" <sip:a@b>;p="a;b,c";tag=t',
            '"Al \\"x\\" <sip:no@no>, ;"',
            'Al "x" <sip:no@no>, ;',
            "sip:a@b",
            "t",
        ),
        ('""<sip:a@b>', '""', "", "sip:a@b", ""),
        ("Bell, A <sip:a@b>;tag=1", "Bell, A", "Bell, A", "sip:a@b", "1"),
        ("< sip:a@b >", "", "", "sip:a@b", ""),
        ("<tel:+123;phone-context=a,b>", "", "", "tel:+123;phone-context=a,b", ""),
        ("Ю <sip:a@b>", "Ю", "Ю", "sip:a@b", ""),
        ("<sip:a@b>;tag=1;", "", "", "sip:a@b", "1"),
    ],
)
def test_forms(text: str, display: str, name: str, uri: str, tag: str) -> None:
    addr = one(text)
    assert (addr.display, addr.display_name, addr.uri, addr.tag) == (display, name, uri, tag)


def test_parameters_and_offsets() -> None:
    text = ' "A" <sip:a@b:5070> ; q=0.5;expires=60 ; +sip.instance="<urn:uuid:1>";flag '
    addr = one(text)
    assert addr.params == {"q": "0.5", "expires": "60", "+sip.instance": "<urn:uuid:1>", "flag": ""}
    assert text[addr.start : addr.end] == addr.text == text.strip()
    assert text[addr.uri_start : addr.uri_end] == "sip:a@b:5070"
    assert addr.parsed_uri.port == 5070
    assert addr.bracketed and not addr.star


def test_lists() -> None:
    found = many('<sip:a@b>;x=1, "C, D" <sip:c@d>,sip:e@f;y , , *,')
    assert [addr.uri for addr in found] == ["sip:a@b", "sip:c@d", "sip:e@f", "*"]
    assert [addr.star for addr in found] == [False, False, False, True]
    assert [addr.text for addr in found] == ["<sip:a@b>;x=1", '"C, D" <sip:c@d>', "sip:e@f;y", "*"]
    assert many("") == many(" , ,") == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        ";tag=1",
        "<>",
        "<sip:a@b",
        "sip:a@b>",
        "Alice",
        '"Alice <sip:a@b>',
        '"Alice" sip:a@b',
        "<sip:a@b> x",
        "<sip:a@b>;=1",
        "<sip:a@b>;tag=",
        "<sip:a@b>,<sip:c@d>",
        "<sip:a b@c>",
        "<<sip:a@b>>",
        "sip:a@b?x=y",
        "<sip:a@b>;tag=a b",
        'A "B" <sip:a@b>',
        '<sip:a@b>;x="y',
        "<sip:a@b>;x=y<z",
    ],
)
def test_malformed(text: str) -> None:
    with pytest.raises(MessageError):
        str(one(text).parsed_uri)
