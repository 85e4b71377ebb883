"""Debian's FreeRADIUS on free ports of 127.0.0.1, and the configuration files of its clients."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

from tests.support.ports import Ports
from tests.support.process import Process, need

SECRET = "testing123"
START_SECONDS = 60.0

SHARE = "/usr/share/freeradius/dictionary"
PARTS = ("rfc2865", "rfc2866", "rfc2869", "rfc3162", "iana", "freeradius.internal", "openser")
DICTIONARY = (
    "".join(f"$INCLUDE {SHARE}.{part}\n" for part in PARTS)
    + """\
ATTRIBUTE Sip-Uri-Host 224 string
VENDOR iptelorg 24960
BEGIN-VENDOR iptelorg
ATTRIBUTE SER-Attr 1 string
ATTRIBUTE SER-From 2 string
ATTRIBUTE SER-Request-Timestamp 8 integer
ATTRIBUTE SER-Service-Type 14 integer
ATTRIBUTE SER-DID 16 string
ATTRIBUTE SER-UID 17 string
ATTRIBUTE SER-Uri-User 19 string
ATTRIBUTE SER-Uri-Scheme 20 string
END-VENDOR iptelorg
"""
)

SERVER = """\
prefix = /usr
name = freeradius
logdir = @DIR@
run_dir = @DIR@
pidfile = @DIR@/pid
libdir = /usr/lib/freeradius
max_requests = 4096
log {
	destination = stdout
	auth = yes
}
security {
	allow_core_dumps = no
	require_message_authenticator = yes
}
thread pool {
	start_servers = 1
	max_servers = 2
	min_spare_servers = 1
	max_spare_servers = 2
}
client loop {
	ipaddr = 127.0.0.1
	secret = @SECRET@
}
modules {
	digest {
	}
	files {
		filename = @DIR@/users
		acctusersfile = @DIR@/acct
	}
	detail {
		filename = @DIR@/detail
		permissions = 0600
	}
}
server default {
	listen {
		type = auth
		ipaddr = 127.0.0.1
		port = @AUTH@
	}
	listen {
		type = acct
		ipaddr = 127.0.0.1
		port = @ACCT@
	}
	authorize {
		digest
		files
	}
	authenticate {
		digest
	}
	accounting {
		detail
	}
}
"""

CLIENT = """\
# as radiusclient-ng has it
auth_order	radius,local
@SERVERS@
servers		servers
dictionary	dictionary
radius_timeout	@TIMEOUT@
radius_retries	@RETRIES@
default_realm
"""

OWN_DICTIONARY = """\
$INCLUDE @OTHER@
VALUE Service-Type Group-Check 12
"""

ENTRY = re.compile(r"^\t([\w-]+) = (.*)$", re.MULTILINE)


class FreeRadius(Process):
    """One server; `users` is its file of that name."""

    def __init__(self, folder: Path, ports: Ports, users: str = "", name: str = "freeradius") -> None:
        need("freeradius")
        folder.mkdir(exist_ok=True)
        self.auth_port, self.acct_port = ports.take(), ports.take()
        self.detail = folder / "detail"
        text = SERVER.replace("@DIR@", str(folder)).replace("@SECRET@", SECRET)
        text = text.replace("@AUTH@", str(self.auth_port)).replace("@ACCT@", str(self.acct_port))
        (folder / "radiusd.conf").write_text(text)
        (folder / "names").mkdir(exist_ok=True)
        (folder / "names" / "dictionary").write_text(DICTIONARY)
        (folder / "dictionary").write_text("")
        (folder / "users").write_text(users)
        (folder / "acct").write_text("")
        # with names of its own: two of those in Debian's dictionary mean other attributes than SIP servers send
        folders = ["-d", str(folder), "-D", str(folder / "names")]
        super().__init__(["freeradius", *folders, "-f", "-xx", "-l", "stdout"], folder, name)

    def ready(self) -> None:
        self.wait_for("Ready to process requests", START_SECONDS)

    def kill(self) -> None:
        """At once, without a farewell."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        self.process = None

    def records(self) -> list[dict[str, str]]:
        """The records of the detail file, in its order, by attribute; quotes are taken off."""
        text = self.detail.read_text() if self.detail.exists() else ""
        blocks = [block for block in text.split("\n\n") if block.strip()]
        return [{name: value.strip('"') for name, value in ENTRY.findall(block)} for block in blocks]


def client_config(folder: Path, *servers: FreeRadius, timeout: int = 1, retries: int = 10, more: str = "") -> Path:
    """A configuration file for `servers`, in this order, with the dictionary that the servers have."""
    folder.mkdir(exist_ok=True)
    lines = [f"authserver 127.0.0.1:{server.auth_port}" for server in servers]
    lines += [f"acctserver 127.0.0.1:{server.acct_port}" for server in servers]
    text = CLIENT.replace("@SERVERS@", "\n".join(lines)).replace("@TIMEOUT@", str(timeout))
    path = folder / "radiusclient.conf"
    path.write_text(text.replace("@RETRIES@", str(retries)) + more)
    (folder / "servers").write_text(f"# server secret\n127.0.0.1 {SECRET}\n")
    (folder / "common").write_text(DICTIONARY)
    (folder / "dictionary").write_text(OWN_DICTIONARY.replace("@OTHER@", "common"))
    return path
