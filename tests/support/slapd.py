"""Debian's slapd on a free port of 127.0.0.1, with a directory of SIP accounts."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import pytest

from tests.support.ports import Ports
from tests.support.process import Process, need, polls

PASSWORD = "s3cret"
BIND_DN = "cn=admin,dc=test"

CONFIG = """\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
attributetype ( 0.0.8.350.1.1.6.1.1 NAME 'SIPIdentitySIPURI' EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 0.0.8.350.1.1.6.1.5 NAME 'SIPIdentityUserName' EQUALITY caseIgnoreMatch
  SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 0.0.8.350.1.1.6.1.6 NAME 'SIPIdentityPassword' SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )
attributetype ( 0.0.8.350.1.1.6.1.7 NAME 'SIPIdentityServiceLevel' EQUALITY caseIgnoreMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 0.0.8.350.1.1.8.1.1 NAME 'callPreferenceURI' EQUALITY caseIgnoreMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
objectclass ( 0.0.8.350.1.1.6.2.1 NAME 'SIPIdentity' AUXILIARY
  MAY ( SIPIdentitySIPURI $ SIPIdentityUserName $ SIPIdentityPassword $ SIPIdentityServiceLevel ) )
objectclass ( 0.0.8.350.1.1.8.2.1 NAME 'callPreferenceURIObject' AUXILIARY MAY ( callPreferenceURI ) )
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile @DIR@/pid
database mdb
maxsize 10485760
suffix "dc=test"
rootdn "cn=admin,dc=test"
rootpw s3cret
directory @DIR@/db
access to * by dn.exact="cn=admin,dc=test" write by anonymous auth by * none
"""

PEOPLE = """\
dn: dc=test
objectClass: dcObject
objectClass: organization
dc: test
o: test

dn: ou=sip,dc=test
objectClass: organizationalUnit
ou: sip

dn: cn=alice,ou=sip,dc=test
objectClass: inetOrgPerson
objectClass: SIPIdentity
objectClass: callPreferenceURIObject
cn: alice
sn: Liddell
telephoneNumber: +4989123456
telephoneNumber: 0049
employeeNumber: 17
SIPIdentitySIPURI: sip:alice@example.org
SIPIdentitySIPURI: sip:a(1)*@example.org
SIPIdentityUserName: alice
SIPIdentityPassword: wonder
SIPIdentityServiceLevel: long_distance
SIPIdentityServiceLevel: conferencing
callPreferenceURI: sip:alice@voicemail.example.org n:20000
callPreferenceURI: sip:alice@voicemail.example.org b
callPreferenceURI: nonsense

dn: cn=bob,ou=sip,dc=test
objectClass: inetOrgPerson
objectClass: SIPIdentity
cn: bob
sn: Liddell
SIPIdentityUserName: bob

dn: cn=b\\C3\\B6b\\, jr.,ou=sip,dc=test
objectClass: inetOrgPerson
cn:: YsO2YiwganIu
sn: Odd
"""


class Slapd(Process):
    """A directory server that can be stopped and started again."""

    def __init__(self, folder: Path, ports: Ports) -> None:
        need("slapd")
        pytest.importorskip("ldap", reason="pip install python-ldap (needs Debian's libldap2-dev and libsasl2-dev)")
        self.port = ports.take()
        self.url = f"ldap://127.0.0.1:{self.port}"
        home = folder / "slapd"
        (home / "db").mkdir(parents=True)
        config = home / "slapd.conf"
        config.write_text(CONFIG.replace("@DIR@", str(home)))
        (home / "people.ldif").write_text(PEOPLE)
        command = ["slapadd", "-f", str(config), "-l", str(home / "people.ldif")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        super().__init__(["slapd", "-f", str(config), "-h", self.url, "-d", "0"], home, "slapd")

    def ready(self) -> None:
        for _ in polls(30):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert self.alive(), self.tail()
        raise AssertionError("slapd does not listen")

    def config(self, path: Path, *servers: str, password: str = PASSWORD) -> Path:
        """A file of sessions: one called people."""
        urls = ", ".join(servers or (self.url,))
        path.write_text(
            f'# sessions\n[people]\nldap_server_url = "{urls}"\nldap_bind_dn = "{BIND_DN}" ; who\n'
            f"ldap_bind_password = '{password}'\nldap_network_timeout = 500\n"
        )
        return path
