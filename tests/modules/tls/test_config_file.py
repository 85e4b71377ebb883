"""tls.cfg: what is read and what is refused, with its place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from siprouter.modules.tls.config_file import parse_config, read_config
from siprouter.transport.tls_domain import DomainKey
from siprouter.util.errors import OperatorError

TEXT = r"""
# a comment
[server:default]
method = TLSv1
verify_certificate = no  # why not
private_key = ./key.pem
certificate = "my \"own\" cert.pem"

[ client : 192.0.2.1 : 5061 ]
cert_file=client\ cert.pem
verify_cert = ON
verify_depth = 3
cipher_list = HIGH:!aNULL:@STRENGTH

[srv:[2001:DB8::1]:5062]
server_name = sip.example.org
server_name_mode = 1
ca_list = very/long/\
name.pem
[s:[2001:db8::1]:5062]
server_name=other.example.org
"""


def test_sections() -> None:
    sections = parse_config(TEXT, "tls.cfg")
    assert [str(section.key) for section in sections] == [
        "server:default",
        "client:192.0.2.1:5061",
        "server:[2001:db8::1]:5062",
        "server:[2001:db8::1]:5062",
    ]
    assert sections[0].key == DomainKey(True)
    assert sections[0].values == {
        "method": "TLSv1",
        "verify_certificate": False,
        "private_key": "./key.pem",
        "certificate": 'my "own" cert.pem',
    }
    assert sections[1].values == {
        "certificate": "client cert.pem",
        "verify_certificate": True,
        "verify_depth": 3,
        "cipher_list": "HIGH:!aNULL:@STRENGTH",
    }
    assert sections[2].values["ca_list"] == "very/long/name.pem"
    assert (sections[2].location.line, sections[2].places["ca_list"].line) == (15, 18)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("method = TLSv1", "t:1:1: a setting before the first section"),
        ("[server]", "t:1:1: bad section"),
        ("[peer:default]", "unknown kind of domain peer"),
        ("[server:sip.test:5061]", "sip.test is no IP address"),
        ("[server:2001:db8::1:5061]", "bad section"),
        ("[server:192.0.2.1]", "bad port missing"),
        ("[server:192.0.2.1:65536]", "bad port 65536"),
        ("[server:[192.0.2.1]:5061]", "no IP address"),
        ("[server:default]\n[server:default]", "t:2:1: a second section server:default"),
        ("[client:default]\n[client:default]\nserver_name=a", "a second section client:default"),
        ("[server:default]\ncertficate = x", r"t:2:1: unknown setting certficate \(did you mean certificate\?\)"),
        ("[server:default]\nmethod = SSLv3", r"t:2:10: TLS method SSLv3: OpenSSL has no SSLv3"),
        ("[server:default]\nmethod = TLSv9", "unknown TLS method TLSv9"),
        ("[server:default]\nverify_certificate = maybe", "t:2:22: verify_certificate is yes or no"),
        ("[server:default]\nverify_depth = 101", "verify_depth is a number up to 100"),
        ("[server:default]\nverify_depth = -1", "verify_depth is a number up to 100"),
        ("[server:default]\ncertificate =", "certificate has no value"),
        ("[server:default]\ncertificate = my cert.pem", "quote values with spaces"),
        ("[server:default]\nhello", "neither a section nor a setting"),
    ],
)
def test_mistakes(text: str, problem: str) -> None:
    with pytest.raises(OperatorError) as caught:
        parse_config(text, "t")
    assert re.search(problem, str(caught.value)), str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="No such file"):
        read_config(tmp_path / "none.cfg")
    with pytest.raises(OperatorError, match="directory"):
        read_config(tmp_path)
    large = tmp_path / "large.cfg"
    large.write_bytes(b"#" * (1 << 20) + b"\n")
    with pytest.raises(OperatorError, match="larger than"):
        read_config(large)
