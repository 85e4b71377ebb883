import pytest

from siprouter.sip.quoted import find_quoted_param


@pytest.mark.parametrize(
    "params,value",
    [
        ("lr", None),
        ("", None),
        ("lr;received=sip:192.0.2.1:5060;ftag=1", "sip:192.0.2.1:5060"),
        ('lr;Received="sip:192.0.2.1:5060;transport=tcp";ftag=1', "sip:192.0.2.1:5060;transport=tcp"),
        ('received="sip:x', "sip:x"),
        ("received", ""),
        ('a="received=1";received=2', "2"),
    ],
)
def test_find_quoted_param(params: str, value: str | None) -> None:
    assert find_quoted_param(params, "received") == value
