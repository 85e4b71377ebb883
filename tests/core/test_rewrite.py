"""Rewriting parts of the request URI."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from siprouter.core import rewrite
from siprouter.core.context import Context
from tests.support.fakes import context, make_worker, request

FULL = "sip:bob:pw@example.com:5070;transport=tcp;x?a=b"


def make(uri: str) -> Context:
    ctx = context(make_worker(), request("INVITE", "sip:placeholder"))
    ctx.set_uri(uri)
    return ctx


@pytest.mark.parametrize(
    ("uri", "change", "argument", "result"),
    [
        (FULL, rewrite.set_user, "carol", "sip:carol:pw@example.com:5070;transport=tcp;x?a=b"),
        (FULL, rewrite.set_user, "", "sip:example.com:5070;transport=tcp;x?a=b"),
        (FULL, rewrite.set_user_password, "c:d", "sip:c:d@example.com:5070;transport=tcp;x?a=b"),
        (FULL, rewrite.prefix, "00", "sip:00bob:pw@example.com:5070;transport=tcp;x?a=b"),
        ("sip:h", rewrite.prefix, "00", "sip:00@h"),
        (FULL, rewrite.strip, 1, "sip:ob:pw@example.com:5070;transport=tcp;x?a=b"),
        (FULL, rewrite.strip, 9, "sip:example.com:5070;transport=tcp;x?a=b"),
        (FULL, rewrite.strip, 0, FULL),
        (FULL, rewrite.strip_tail, 2, "sip:b:pw@example.com:5070;transport=tcp;x?a=b"),
        (FULL, rewrite.strip_tail, 0, FULL),
        (FULL, rewrite.set_host, "h", "sip:bob:pw@h:5070;transport=tcp;x?a=b"),
        (FULL, rewrite.set_host_port, "h:1", "sip:bob:pw@h:1;transport=tcp;x?a=b"),
        (FULL, rewrite.set_host_port_transport, "h:1;transport=tls", "sip:bob:pw@h:1;transport=tls;x?a=b"),
        (FULL, rewrite.set_host_all, "h;y", "sip:bob:pw@h;y"),
        (FULL, rewrite.set_port, "", "sip:bob:pw@example.com;transport=tcp;x?a=b"),
        (FULL, rewrite.set_port, "65536", None),
        (FULL, rewrite.set_host, "h" * 5000, None),
        ("tel:+1;ext=2", rewrite.set_host, "h", "sip:+1;ext=2@h;user=phone"),
        ("tels:+1", rewrite.set_host_port, "h:1", "sips:+1@h:1;user=phone"),
        ("tel:+1;ext=2", rewrite.set_host_all, "h", "sip:+1;ext=2@h"),
        ("tel:+12", rewrite.strip, 1, "tel:12"),
        ("tel:+1", rewrite.set_port, "5", None),
        ("urn:service:sos", rewrite.set_user, "x", None),
        ("broken", rewrite.set_host, "x", None),
    ],
)
def test_parts(uri: str, change: Callable[[Context, str | int], bool], argument: str | int, result: str | None) -> None:
    ctx = make(uri)
    assert change(ctx, argument) == (result is not None)
    assert ctx.uri == (uri if result is None else result)


@pytest.mark.parametrize(
    ("uri", "result"),
    [
        ("sip:+1@h", "sip:+1@h;user=phone"), ("sip:+1@h;x", "sip:+1@h;x;user=phone"),
        ("sip:+1@h;user=Phone", "sip:+1@h;user=Phone"), ("tel:+1", "tel:+1"), ("foo:x", None),
    ],
)  # fmt: skip
def test_user_phone(uri: str, result: str | None) -> None:
    ctx = make(uri)
    assert rewrite.set_user_phone(ctx) == (result is not None)
    assert ctx.uri == (result or uri)
