"""The self-signed certificate, and what is read from broken files."""

from __future__ import annotations

import ssl
import time
from pathlib import Path

import pytest

from siprouter.modules.tls.certificates import (
    is_expired,
    is_self_signed,
    load_der,
    load_first,
    make_self_signed,
    revoked_serials,
)
from siprouter.util.errors import OperatorError


def test_self_signed(tmp_path: Path) -> None:
    path = make_self_signed(tmp_path, ["sip.example.org", "192.0.2.1", "2001:db8::1"], time.time())
    assert path.stat().st_mode & 0o777 == 0o600
    assert [item.name for item in tmp_path.iterdir()] == [path.name]
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(path)
    found = load_der(load_first(str(path)))
    assert found is not None and is_self_signed(found)
    assert not is_expired(found, time.time()) and is_expired(found, time.time() + 4000 * 86400)
    before = path.read_bytes()
    assert make_self_signed(tmp_path, ["other"], time.time()) == path and path.read_bytes() == before


def test_broken_files(tmp_path: Path) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("-----BEGIN X509 CRL-----\nnonsense\n-----END X509 CRL-----\n")
    assert load_first(str(broken)) == load_first("") == load_first(str(tmp_path / "none")) == b""
    assert load_der(b"") is load_der(b"nonsense") is None
    with pytest.raises(OperatorError, match="cannot read CRL"):
        revoked_serials(str(broken))
