"""What the features of the script cost: each case runs one route of ten such calls."""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack, closing
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.bed import MODULES, Bed
from benchmarks.micro import Case
from benchmarks.micro_script import REPEATS
from benchmarks.micro_sip import INVITE

PREFIXES = 1000
TABLES = {
    "mtree": "tprefix VARCHAR(32), tvalue VARCHAR(128)",
    "matrix": "first INTEGER, second INTEGER, res INTEGER",
    "pdt": "sdomain VARCHAR(128), prefix VARCHAR(32), domain VARCHAR(128)",
}
LINES = {
    "$sht(t=>key)": "$var(x) = $sht(t=>key);",
    "$sht(t=>key) = value": '$sht(t=>key) = "value";',
    "$shv(x) = $shv(x) + 1": "$shv(x) = $shv(x) + 1;",
    "@cfg_get.own.limit": "$var(x) = @cfg_get.own.limit;",
    "cnt_inc": 'cnt_inc("seen");',
    "update_stat": 'update_stat("calls", "+1");',
    "mq_add, mq_fetch": 'mq_add("q", "$ci", "$ru"); mq_fetch("q");',
    f"mt_match ({PREFIXES} prefixes)": 'mt_match("m", "4930123456", "0");',
    "prefix2domain": 'prefix2domain("2", "2");',
    "matrix": 'matrix("4", "17", "$avp(s:cell)");',
    "pcre_match": 'pcre_match("$ua", "^(friendly-scanner|sipvicious)");',
    "pl_check": 'pl_check("calls", "TAILDROP", "1000000");',
    "rl_check": "rl_check();",
    "pike_check_req": "pike_check_req();",
    "rand_event": "rand_event();",
    "bm_start_timer, bm_log_timer": 'bm_start_timer("b"); bm_log_timer("b");',
}
GEO = {"geoip_match, $gip(s=>cc)": 'geoip_match("192.0.2.4", "s"); $var(x) = $gip(s=>cc);'}
HEAD = """
loadmodule "htable.so"
loadmodule "counters.so"
loadmodule "statistics.so"
loadmodule "mqueue.so"
loadmodule "mtree.so"
loadmodule "pdt.so"
loadmodule "matrix.so"
loadmodule "regex.so"
loadmodule "pipelimit.so"
loadmodule "ratelimit.so"
loadmodule "pike.so"
loadmodule "cfgutils.so"
loadmodule "benchmark.so"
modparam("htable", "htable", "t=>size=8;")
modparam("counters", "script_counter", "seen")
modparam("statistics", "variable", "calls")
modparam("mqueue", "mqueue", "name=q")
modparam("mtree|pdt|matrix", "db_url", "sqlite://FILE")
modparam("mtree", "mtree", "name=m;dbtable=mtree")
modparam("ratelimit", "pipe", "0:TAILDROP:1000000")
modparam("ratelimit", "queue", "0:*")
modparam("pike", "reqs_density_per_unit", 1000000000)
modparam("benchmark", "enable", 1)
modparam("benchmark", "granularity", 1000000000)
own.limit = 5
"""


def fill(path: Path) -> None:
    """The tables of the modules that look something up."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE version (table_name VARCHAR(32), table_version INTEGER)")
        connection.execute("INSERT INTO version VALUES ('matrix', 1)")
        for table, columns in TABLES.items():
            connection.execute(f"CREATE TABLE {table} ({columns})")
        rows = [(f"49301{number:05}", "gateway") for number in range(23000, 23000 + PREFIXES)]
        connection.executemany("INSERT INTO mtree VALUES (?, ?)", rows)
        connection.execute("INSERT INTO pdt VALUES ('*', '49', 'example.net')")
        connection.execute("INSERT INTO matrix VALUES (4, 17, 1)")


def geo_module(folder: Path) -> str:
    """The module geoip with a small file; "" where the packages for that are missing."""
    if find_spec("maxminddb") is None or find_spec("mmdb_writer") is None:
        return ""
    from mmdb_writer import MMDBWriter
    from netaddr import IPSet

    writer = MMDBWriter(6, "GeoLite2-City", ipv4_compatible=True)
    writer.insert_network(IPSet(["192.0.2.0/24"]), {"country": {"iso_code": "DE"}})
    writer.to_db_file(str(folder / "geo.mmdb"))
    return f'loadmodule "geoip.so"\nmodparam("geoip", "path", "{folder}/geo.mmdb")\n'


def cases(stack: ExitStack) -> dict[str, Case]:
    """What is timed, by name."""
    folder = Path(stack.enter_context(TemporaryDirectory()))
    fill(folder / "tables.db")
    geo = geo_module(folder)
    lines = {**LINES, **GEO} if geo else LINES
    routes = [
        f"route[CASE{number}] {{\n" + f"\t{line}\n" * REPEATS + "}\n" for number, line in enumerate(lines.values())
    ]
    head = HEAD.replace("FILE", str(folder / "tables.db"))
    bed = stack.enter_context(closing(Bed(head + geo + "route { exit; }\n" + "".join(routes))))
    ctx = bed.context(INVITE)
    found: dict[str, Case] = {}
    for number, name in enumerate(lines):
        run = bed.route(f"CASE{number}")
        found[f"x{REPEATS} {name}"] = lambda run=run: run(ctx)
    return {**found, **hiding(stack)}


def hiding(stack: ExitStack) -> dict[str, Case]:
    """topoh: a request on its way in, and on its way out."""
    script = 'loadmodule "topoh.so"\nmodparam("topoh", "mask_key", "secret")\nroute { exit; }'
    bed = stack.enter_context(closing(Bed(script, MODULES)))
    topoh = bed.worker.module("topoh")
    marked = topoh.receive(INVITE, bed.source)
    leaving = marked.replace(b"Via: ", b"Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKown\r\nVia: ", 1)
    return {
        "topoh: a request comes in": lambda: topoh.receive(INVITE, bed.source),
        "topoh: a request leaves": lambda: topoh.send(leaving, bed.source, None),
    }
