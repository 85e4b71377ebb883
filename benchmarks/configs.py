"""Configurations of the servers under test. ``@PORT@`` is filled in when a server starts."""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.accounts import accounts
from benchmarks.certificate import available, certificate

HERE = Path(__file__).resolve().parent / "configs"
DEFAULT = HERE.parents[1] / "etc" / "siprouter.cfg"
LISTEN = "listen=udp:127.0.0.1:@PORT@"
SR31 = "SIPROUTER_SR31"

TLS = """\
loadmodule "tls.so"
modparam("tls", "tls_method", "TLSv1.2+")
modparam("tls", "certificate", "@CERTIFICATE@")
modparam("tls", "private_key", "@CERTIFICATE@")
modparam("tls", "ca_list", "@CERTIFICATE@")
"""

FUNCTIONS = (
    "setflag({flag});",
    '$var(a) = $rU + "-{number}";',
    'if (is_method("INVITE|SUBSCRIBE")) {{ $var(b) = $var(b) + {number}; }}',
    'if ($hdr(X-Number-{number}) == "{number}") {{ append_hf("P-Seen: {number}\\r\\n"); }}',
    'if (search("^X-Word-{number}: *[a-z]+")) {{ $avp(s:word) = "{number}"; }}',
    'if (uri =~ "^sip:{number}[0-9]*@" || $si == "192.0.2.{octet}") {{ $ru = "sip:{number}@" + $rd; }}',
    'xlog("L_DBG", "step {number} of $rm from $fu to $tu\\n");',
    'if (has_totag() && !is_method("ACK")) {{ remove_hf("X-Hop-{number}"); }}',
)


def named(name: str, transport: str = "udp") -> str:
    """A file of ``benchmarks/configs``; with a stream transport the server listens to that, too.

    "" where TLS is asked for and no certificate can be made.
    """
    text = (HERE / name).read_text()
    if transport == "udp":
        return text
    text = text.replace("disable_tcp=yes", "tcp_children=1").replace(
        LISTEN, f"{LISTEN}\nlisten={transport}:127.0.0.1:@PORT@"
    )
    if transport == "tcp":
        return text
    if not available():
        return ""
    lines = TLS.replace("@CERTIFICATE@", certificate())
    return text.replace("tcp_children=1", "tcp_children=1\nenable_tls=yes").replace(
        "\nroute {", f"\n{lines}\nroute {{", 1
    )


def with_accounts(users: int) -> str:
    """A registrar that asks for the passwords of a database."""
    text = (HERE / "authorize_sql.cfg").read_text()
    for place, path in accounts(users).items():
        text = text.replace(place, path)
    return text


def listening(text: str) -> str:
    """A whole configuration, limited to 127.0.0.1, one process and its errors."""
    head = f"{LISTEN}\nchildren=1\ndisable_tcp=yes\n"
    kept = [line for line in text.splitlines() if not line.startswith(("children=", "log_stderror=", "debug="))]
    first = next(number for number, line in enumerate(kept) if line.startswith("#!"))
    return "\n".join([kept[first], "log_stderror=yes", "debug=0", head, *kept[:first], *kept[first + 1 :], ""])


def default() -> str:
    """siprouter's default configuration, which Kamailio runs as it is."""

    control = '#!define CTL_SOCKET "unixs:@DIR@/ctl"'
    return listening(DEFAULT.read_text().replace("#!KAMAILIO", f"#!KAMAILIO\n{control}", 1))


def stock() -> str:
    """The default configuration of SIP Router 3.1, from the source tree that SIPROUTER_SR31 names; "" without one."""
    path = Path(os.environ.get(SR31, "-"), "etc", "kamailio.cfg")
    return listening(path.read_text()) if path.is_file() else ""


def large(lines: int) -> str:
    """A configuration of at least ``lines`` lines: routes full of conditions and functions, each calling the next."""
    head = [
        "#!KAMAILIO", "debug=1", "log_stderror=yes", "children=1", "disable_tcp=yes", "auto_aliases=no", LISTEN, "",
        *[f'loadmodule "{name}.so"' for name in ("sl", "tm", "rr", "pv", "maxfwd", "textops", "siputils", "xlog")],
        "", "route {", '\tif (!mf_process_maxfwd_header("10")) {', '\t\tsl_send_reply("483", "Too Many Hops");',
        "\t\texit;", "\t}", "\troute(STEP0);", "\tt_relay();", "}",
    ]  # fmt: skip
    written = list(head)
    step = 0
    while len(written) < lines:
        written += ["", f"route[STEP{step}] {{"]
        for number in range(step * 40, step * 40 + 40):
            line = FUNCTIONS[number % len(FUNCTIONS)]
            written.append("\t" + line.format(number=number, flag=number % 31 + 1, octet=number % 250 + 1))
        step += 1
        written += [f"\troute(STEP{step});" if len(written) + 1 < lines else "\treturn;", "}"]
    return "\n".join([*written, ""])
