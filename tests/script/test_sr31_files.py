"""The configurations of the public 3.1 branch: each parses, or is refused for the right reason.

The files are not part of this project; SIPROUTER_SR31 names a folder that holds the branch.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from siprouter.script.diagnostics import Diagnostics
from siprouter.script.parser import parse_source
from siprouter.script.source import read_source

ROOT = os.environ.get("SIPROUTER_SR31", "")

pytestmark = pytest.mark.skipif(
    not ROOT, reason="SIPROUTER_SR31 does not name the SIP Router 3.1 branch: its configurations are NOT checked"
)

NO_SCRIPTS = {
    "Makefile.cfg",
    "lib/doxygen.cfg",
    "modules/tls/tls.cfg",
    "modules_k/ldap/etc/ldap.cfg",
    "modules_s/ldap/ldap.cfg",
    "test/unit/carrierroute-2.cfg",
    "test/unit/carrierroute.cfg",
}
"""other kinds of files with the same ending"""

FIFO = "unknown parameter fifo"
MAX_LEN = "unexpected name max_len"
LOOP_CHECKS = "unknown parameter loop_checks"

REFUSED: dict[str, list[tuple[int, str]]] = {
    "doc/presence/cfg/full_ps.cfg": [(183, MAX_LEN)],
    "doc/presence/cfg/ps.cfg": [(220, MAX_LEN)],
    "etc/dbtext.cfg": [(24, FIFO)],
    "etc/nathelper.cfg": [(36, FIFO), (100, MAX_LEN)],
    "etc/obsoleted/use_jabs.cfg": [(22, LOOP_CHECKS)],
    "etc/pa.cfg": [(18, FIFO)],
    "etc/presence/full-no-failover.cfg": [(148, MAX_LEN)],
    "etc/presence/no-db.cfg": [(95, MAX_LEN)],
    "examples/exec_s5.cfg": [(30, "missing ';'")],
    "examples/exec_s5b.cfg": [(30, "missing ';'")],
    "examples/flag_reply.cfg": [(20, FIFO)],
    "examples/kamailio/exec_s5.cfg": [(33, "missing ';'")],
    "examples/voicemail.cfg": [(22, FIFO)],
    "examples/welcome.cfg": [(20, FIFO)],
    "modules/iptrtpproxy/examples/ser.cfg": [(56, MAX_LEN)],
    "modules_k/db_text/doc/db_text.cfg": [(73, MAX_LEN)],
    "modules_k/msilo/doc/msilo.cfg": [(59, "block without closing brace")],
    "modules_k/nathelper/examples/4to6.cfg": [(47, MAX_LEN)],
    "modules_k/nathelper/examples/alg.cfg": [(44, MAX_LEN)],
    "modules_k/osp/etc/sample-osp-openser.cfg": [(15, "unknown parameter disable_dns_blacklist"), (172, MAX_LEN)],
    "modules_k/rtpproxy/examples/4to6.cfg": [(47, MAX_LEN)],
    "modules_k/rtpproxy/examples/alg.cfg": [(44, MAX_LEN)],
    "modules_k/speeddial/doc/speeddial.cfg": [(51, MAX_LEN)],
    "modules_s/dbtext/doc/dbtext-ser.cfg": [(21, FIFO), (72, MAX_LEN)],
    "modules_s/mangler/mangler.cfg": [(21, FIFO), (65, MAX_LEN)],
    "modules_s/nathelper/examples/4to6.cfg": [(46, MAX_LEN)],
    "modules_s/nathelper/examples/alg.cfg": [(43, MAX_LEN)],
    "modules_s/osp/etc/sample-osp-ser.cfg": [(162, MAX_LEN)],
    "modules_s/pdt/doc/pdt.cfg": [(17, FIFO)],
    "modules_s/speeddial/doc/speeddial.cfg": [(12, FIFO), (47, MAX_LEN)],
    "obsolete/jabber_s/doc/xxjab.cfg": [(23, FIFO)],
    "test/bad_eof.cfg": [(1, "string without closing quote")],
    "test/centauri.cfg": [
        (4, "unexpected name src_ip"),
        (11, "unexpected '('"),
        (12, "unexpected name src_ip"),
        (12, "missing ';'"),
        (13, "unexpected name src_ip"),
        (13, "missing ';'"),
    ],
    "test/echo.cfg": [(19, FIFO)],
    "test/flood.cfg": [(24, LOOP_CHECKS)],
    "test/gen.cfg": [(22, LOOP_CHECKS)],
    "test/mobile61.cfg": [
        (5, "unexpected '('"),
        (7, "unexpected name src_ip"),
        (9, "unexpected name src_ip"),
        (13, "unexpected name src_ip"),
        (14, "unexpected '('"),
        (15, "unexpected name src_ip"),
        (19, "unexpected '('"),
        (20, "unexpected '!'"),
        (21, "unexpected name method"),
    ],
    "test/ser.cfg": [(8, FIFO), (17, "missing ';'")],
    "test/sf.cfg": [(22, FIFO)],
    "test/stateless.cfg": [(28, FIFO)],
    "test/stress.cfg": [(16, FIFO)],
    "test/t_debug2.cfg": [(10, LOOP_CHECKS)],
    "test/t_debug3.cfg": [(10, LOOP_CHECKS)],
    "test/tcp.cfg": [(29, FIFO)],
    "test/tcp_tunnel1.cfg": [(27, FIFO)],
    "test/tcp_tunnel2.cfg": [(27, FIFO)],
    "test/td.cfg": [(9, LOOP_CHECKS)],
    "test/test-throughput.cfg": [(8, FIFO)],
    "test/test.cfg": [(28, FIFO)],
    "test/test1.cfg": [
        (19, "unexpected '('"),
        (20, "unexpected '('"),
        (22, "unexpected '('"),
        (25, "unexpected name src_ip"),
        (31, "unexpected '('"),
    ],
    "test/th-uri-2.cfg": [(27, LOOP_CHECKS)],
    "test/th-uri-8.cfg": [(22, LOOP_CHECKS)],
    "test/tp.cfg": [(9, LOOP_CHECKS)],
    "test/tx.cfg": [(21, LOOP_CHECKS)],
    "test/unit/5.cfg": [(325, "unexpected name NULL")],
    "test/unit/7.cfg": [(344, MAX_LEN), (1100, "unexpected name NULL")],
    "test/use_jab.cfg": [(22, LOOP_CHECKS)],
    "test/xx.cfg": [(18, LOOP_CHECKS)],
    "test/xy.cfg": [(15, LOOP_CHECKS)],
}
"""(line, message) of the errors: what 3.1 does not know either, or never knew"""


def all_files() -> list[str]:
    """Every .cfg of the branch, as path below its root."""
    if not ROOT:
        return [""]
    return sorted(path.relative_to(ROOT).as_posix() for path in Path(ROOT).rglob("*.cfg"))


@pytest.mark.parametrize("name", all_files())
def test_verdict(name: str) -> None:
    if name in NO_SCRIPTS:
        return
    found = Diagnostics()
    parse_source(read_source(Path(ROOT) / name), found)
    errors = [(item.location.line, item.message) for item in found.in_order() if item.severity == "error"]
    assert errors == REFUSED.get(name, []), found.render()


def test_the_branch_is_there() -> None:
    names = set(all_files())
    assert {"etc/kamailio.cfg", "etc/sip-router.cfg", "examples/pstn.cfg"} <= names
    assert set(REFUSED) <= names
    assert names >= NO_SCRIPTS
