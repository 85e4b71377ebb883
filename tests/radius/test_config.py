"""Files of the client as operators write them, and what is wrong with some."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from siprouter.radius.attributes import encode, encode_cut
from siprouter.radius.config import ServerAddress, read_config
from siprouter.radius.dictionary import Dictionary
from siprouter.radius.errors import RadiusRequestError
from siprouter.util.errors import OperatorError


def write(folder: Path, text: str, secrets: str = "radius.example.org s3cret\n") -> Path:
    path = folder / "radiusclient.conf"
    path.write_text(text)
    (folder / "servers").write_text(secrets)
    return path


def test_a_file_of_the_library(tmp_path: Path) -> None:
    secrets = "# comment\n\nlocalhost/radius.example.org\ts3#cret\n[::1]:1899 other # comment\n"
    path = write(
        tmp_path,
        """
# General settings
auth_order	radius,local
login_tries	4
authserver 	localhost
authserver  radius.example.org:1645, [::1]:1899
acctserver 	10.0.0.1:1813:inline
servers		servers
dictionary 	names
default_realm
radius_timeout	3   # seconds
RADIUS_RETRIES	0
bindaddr *
nas-identifier proxy one
""",
        secrets,
    )
    config = read_config(path)
    assert config.auth_servers == (
        ServerAddress("localhost", 1812, b"s3#cret"),
        ServerAddress("radius.example.org", 1645, b"s3#cret"),
        ServerAddress("::1", 1899, b"other"),
    )
    assert config.acct_servers == (ServerAddress("10.0.0.1", 1813, b"inline"),)
    assert (config.timeout, config.retries, config.dead_time, config.bind_address) == (3, 0, 30, "")
    assert config.dictionary == tmp_path / "names"
    assert config.nas_identifier == "proxy one"
    assert [str(server) for server in config.auth_servers][2] == "[::1]:1899"
    assert "s3#cret" not in repr(config)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("radius_timout 3", "radiusclient.conf:1:1: unknown keyword 'radius_timout' (radius_timeout)"),
        ("\nradius_timeout x", "radiusclient.conf:2:1: radius_timeout must be a number from 1 to 60"),
        ("radius_retries 21", "must be a number from 0 to 20"),
        ("authserver other\nservers servers", "radiusclient.conf:1:1: no secret for other"),
        ("authserver a:0:x", "'a:0:x' is no server"),
        ("authserver a:port:x", "'a:port:x' is no server"),
        ("authserver :1:x", "':1:x' is no server"),
        ("servers nowhere", "nowhere of RADIUS cannot be read"),
        ("require-message-authenticator maybe", "must be auto, yes or no"),
        ("authserver " + " ".join(f"h{number}:1:x" for number in range(9)), "9 of authserver, at most 8"),
    ],
    ids=str,
)
def test_mistakes(tmp_path: Path, text: str, error: str) -> None:
    with pytest.raises(OperatorError) as caught:
        read_config(write(tmp_path, text))
    assert error in str(caught.value)


def test_a_server_without_a_secret(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="servers:1:1: expected a server and its secret"):
        read_config(write(tmp_path, "servers servers", "alone\n"))


def test_names_in_any_case_and_from_included_files(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("$INCLUDE sub/two\nATTRIBUTE My-Number 150 integer\nVALUE My-Number Many 1000\n")
    (tmp_path / "sub").mkdir()
    vendor = "VENDOR Acme 4711\nBEGIN-VENDOR Acme\nATTRIBUTE Acme-Text 7 string\nEND-VENDOR Acme\n"
    (tmp_path / "sub" / "two").write_text(vendor + "ATTRIBUTE SIP-AVP 151 string\n")
    found = Dictionary(tmp_path / "one")
    assert found.find("my-NUMBER").code == 150
    assert found.value("my-number", "MANY") == 1000
    assert found.find("Acme-Text").key == (4711, 7)
    assert found.find("sip-avp").code == 151
    # what the file lacks comes with siprouter
    assert found.find("Sip-Group").code == 211
    assert found.value("Acct-Status-Type", "Nothing", "Alive") == 3
    assert found.known_value("Acct-Status-Type", "Nothing") is None
    with pytest.raises(OperatorError, match=r"RADIUS attribute Acme-Tex is not defined in .*one \(Acme-Text\)"):
        found.find("Acme-Tex")
    with pytest.raises(OperatorError, match="value None of RADIUS attribute My-Number is not defined"):
        found.value("My-Number", "None")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("ATTRIBUTE X 1", "bad:1:1: RADIUS dictionary: Incorrect number of tokens"),
        ("$INCLUDE nowhere", "nowhere cannot be read"),
        ("$INCLUDE bad", "RADIUS dictionary"),
        ("ATTRIBUTE X one string", "Illegal attribute code"),
    ],
)
def test_broken_dictionaries(tmp_path: Path, text: str, error: str) -> None:
    (tmp_path / "bad").write_text(text + "\n")
    with pytest.raises(OperatorError) as caught:
        Dictionary(tmp_path / "bad")
    assert error in str(caught.value)


def test_values() -> None:
    find = Dictionary(None).find
    assert encode(find("User-Name"), "ä\udcff") == (1, b"\xc3\xa4\xff")
    assert encode(find("NAS-Port"), "5060") == (5, b"\x00\x00\x13\xc4")
    assert encode(find("NAS-IP-Address"), "10.0.0.1") == (4, b"\x0a\x00\x00\x01")
    assert encode(find("Digest-Realm"), "x") == (207, b"\x01\x03x")
    assert encode(find("Digest-User-Name"), "bob") == (207, b"\x0a\x05bob")
    assert encode(find("SER-UID"), "1") == ((24960, 17), b"1")
    assert encode_cut(find("SER-UID"), "x" * 300) == ((24960, 17), b"x" * 247)
    for name, value in (
        ("User-Name", "x" * 254),
        ("Digest-Realm", "x" * 252),
        ("SER-UID", "x" * 248),
        ("NAS-Port", "many"),
        ("NAS-IP-Address", "::1"),
        ("NAS-IPv6-Address", "here"),
    ):
        with pytest.raises(RadiusRequestError, match=name):
            encode(find(name), value)


WITHOUT = """
import sys
sys.modules["pyrad"] = None
from siprouter.testing import LoadError, Node
try:
    lines = ('loadmodule "misc_radius.so"', 'modparam("misc_radius", "radius_config", "%s")', 'route { exit; }')
    Node("\\n".join(lines))
except LoadError as error:
    print(error)
"""


def test_without_the_package_the_operator_is_told(tmp_path: Path) -> None:
    path = write(tmp_path, "authserver localhost:1812:x")
    command = [sys.executable, "-W", "ignore", "-c", WITHOUT % path]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "misc_radius: RADIUS needs the Python package pyrad" in output
    assert "pip install 'siprouter[radius]'" in output
