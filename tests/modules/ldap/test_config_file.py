"""The file of LDAP sessions."""

from __future__ import annotations

from pathlib import Path

import pytest

from siprouter.db.ldap_session import Session
from siprouter.modules.ldap.config_file import read_file
from siprouter.util.errors import OperatorError

FILE = """
# comment
; comment
[sipaccounts]
ldap_server_url = "ldap://h350-1.example.com, ldap://h350-2.example.com:80389"
ldap_bind_dn = "cn=sip_proxy,ou=accounts;dc=example"   ; who
ldap_bind_password = 'p#wd'
ldap_network_timeout = 500 ; half a second
ldap_client_bind_timeout=250
ldap_client_search_timeout = 100
calculate_ha1 = 1
colour = red

[ campus ]  ; another
LDAP_VERSION = 2
ldap_server_url = "ldap://a.example.com,
                   ldaps://b.example.com:636"
"""


def test_sessions(tmp_path: Path) -> None:
    path = tmp_path / "ldap.cfg"
    path.write_text(FILE)
    sessions, notes = read_file(str(path))
    assert sessions == [
        Session(
            "sipaccounts",
            ("ldap://h350-1.example.com", "ldap://h350-2.example.com:80389"),
            3,
            "cn=sip_proxy,ou=accounts;dc=example",
            "p#wd",
            0.5,
            0.25,
            2.0,
        ),
        Session("campus", ("ldap://a.example.com", "ldaps://b.example.com:636"), 2),
    ]
    assert len(notes) == 3
    assert notes[1] == f"{path}:12: there is no setting 'colour', it has no effect"
    assert f"{path}:11: calculate_ha1 has no effect" in notes[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no session"),
        ("x = 1", r":1:1: ldap: expected \[name\]"),
        ("[a]\nnonsense", ":2:1: ldap: expected"),
        ("[a]\n", ":1:1: ldap: session a needs ldap_server_url"),
        ("[a]\nldap_server_url = http://x", "needs ldap_server_url"),
        ("[a]\nldap_server_url = ldap://x\nldap_version = 4", "ldap_version must be 2 or 3"),
        ("[a]\nldap_server_url = ldap://x\nldap_network_timeout = soon", ":3:1: ldap: ldap_network_timeout must be"),
        ('[a]\nldap_server_url = "ldap://x', "does not end with its quote"),
        ("[a]\nldap_server_url = ldap://x\n[a]\n", "is too long, or there twice"),
    ],
)
def test_errors(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "ldap.cfg"
    path.write_text(text)
    with pytest.raises(OperatorError, match=message):
        read_file(str(path))
    with pytest.raises(OperatorError, match="No such file"):
        read_file(str(tmp_path / "nothing"))
