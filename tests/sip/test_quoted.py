import pytest

from siprouter.sip.quoted import split_quoted
from siprouter.sip.uri import parse_uri


@pytest.mark.parametrize(
    "params,parts",
    [
        ("", [""]),
        ("lr;a=b", ["lr", "a=b"]),
        ('lr;c="d;e";f', ["lr", 'c="d;e"', "f"]),
        ('c="d;e', ['c="d;e']),
    ],
)
def test_split_quoted(params: str, parts: list[str]) -> None:
    assert split_quoted(params) == parts


def test_uri_with_quoted_parameter() -> None:
    uri = parse_uri('sip:edge@192.0.2.1;lr;received="sip:192.0.2.9:7;transport=tcp"')
    assert uri.param("received") == '"sip:192.0.2.9:7;transport=tcp"'
    assert uri.transport == ""
