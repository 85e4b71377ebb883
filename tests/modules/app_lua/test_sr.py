"""The tables sr and KSR, and what is the same in both."""

import sqlite3

import pytest

from siprouter.modules.app_lua.sr import header_lines, number_text, to_integer
from siprouter.testing import Node
from siprouter.util.log import L_CRIT2, L_DBG, L_ERR, L_INFO, L_NOTICE, L_WARN

CONFIG = """
loadmodule "db_sqlite.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "textops.so"
loadmodule "maxfwd.so"
loadmodule "siputils.so"
loadmodule "mqueue.so"
loadmodule "sqlops.so"
loadmodule "app_lua.so"
modparam("mqueue", "mqueue", "name=q;size=3")
modparam("sqlops", "sqlcon", "db=>sqlite://FOLDER/a.db")
modparam("app_lua", "load", "FOLDER/a.lua")
modparam("app_lua", "register", "sl")
modparam("app_lua", "register", "tm")
modparam("app_lua", "register", "maxfwd")
modparam("app_lua", "register", "mqueue")
modparam("app_lua", "register", "sqlops")
route {
    lua_run("main");
    sl_send_reply("200", "$rc");
}
"""


@pytest.fixture(autouse=True)
def database(tmp_path):
    sqlite3.connect(tmp_path / "a.db").close()
    (tmp_path / "a.db").touch()


@pytest.fixture
def run(tmp_path):
    """run(script): the node after one OPTIONS for which the body of the function main ran."""
    nodes = []

    def start(body, method="OPTIONS", **fields):
        (tmp_path / "a.lua").write_text(f"function main()\n{body}\nend\n")
        node = Node(CONFIG.replace("FOLDER", str(tmp_path)))
        nodes.append(node)
        node.receive(node.request(method, "sip:bob@127.0.0.1", **fields))
        node.settle()
        return node

    yield start
    for node in nodes:
        node.close()


def out(node):
    return [record.text for record in node.records if record.text.startswith("out ")]


def test_levels(run):
    node = run(
        """
        for _, level in ipairs({"alert", "crit", "err", "warn", "notice", "info", "dbg", "ERR", "odd"}) do
          sr.log(level, "log " .. level)
        end
        sr.crit("x crit") sr.err("x err") sr.warn("x warn") sr.notice("x notice") sr.info("x info") sr.dbg("x dbg")
        sr.err(12.5) sr.err(7) sr.err(nil) sr.log(nil, "no level")
        print("shown", nil, true, 1.5)
        """
    )
    found = {record.text: record.level for record in node.records}
    assert found["log crit"] == L_CRIT2 and found["log warn"] == L_WARN and found["log odd"] == L_ERR
    assert found["log notice"] == L_NOTICE and found["log ERR"] == L_ERR and found["no level"] == L_ERR
    assert found["x crit"] == L_CRIT2 and found["x err"] == L_ERR and found["x warn"] == L_WARN
    assert found["x notice"] == L_NOTICE and found["x info"] == L_INFO and found["x dbg"] == L_DBG
    assert found["12.5"] == found["7"] == L_ERR
    assert found["shown\tnil\ttrue\t1.5"] == L_INFO


def test_variables(run):
    node = run(
        """
        sr.pv.sets("$var(a)", "text") sr.pv.seti("$var(b)", 7.9) sr.pv.sets("$avp(s:c)", 12)
        sr.pv.seti("$avp(s:d)", "41")
        sr.err("out " .. sr.pv.get("$var(a)") .. " " .. sr.pv.get("$var(b)") + 1 .. " " .. type(sr.pv.get("$avp(s:c)")))
        sr.err("out " .. tostring(sr.pv.get("$avp(s:none)")) .. "," .. sr.pv.gete("$avp(s:none)") .. ",")
        sr.err("out " .. tostring(sr.pv.is_null("$avp(s:d)")) .. tostring(sr.pv.is_null("$avp(s:none)")))
        sr.pv.unset("$avp(s:d)")
        sr.err("out " .. tostring(sr.pv.is_null("$avp(s:d)")))
        sr.err("out " .. #sr.pv.get("$hdr(X-Raw)"))
        """,
        headers={"X-Raw": "a\udcffb"},
    )
    assert out(node) == ["out text 8 string", "out nil,,", "out falsetrue", "out true", "out 3"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ('sr.pv.get("$nosuch")', "sr.pv.get(): unknown pseudo-variable $nosuch"),
        ('sr.pv.get("ru")', "sr.pv.get(): the name of a pseudo-variable is needed"),
        ("sr.pv.get()", "sr.pv.get(): the name of a pseudo-variable is needed"),
        ('sr.pv.sets("$rm", "x")', "sr.pv.sets(): variable $rm is read-only"),
        ('sr.pv.sets("$var(x)")', "sr.pv.sets(): a variable and a text are needed"),
        ('sr.pv.seti("$var(x)", "ten")', "sr.pv.seti(): a variable and an integer are needed"),
        ('sr.pv.unset("$nosuch")', "sr.pv.unset(): unknown pseudo-variable"),
        ('sr.pv.is_null("$nosuch")', "sr.pv.is_null(): unknown pseudo-variable"),
        ('sr.hdr.append("no header")', "sr.hdr.append(): a header line is needed"),
        ('sr.hdr.insert("A: b\\r\\n\\r\\nC: d\\r\\n")', "sr.hdr.insert(): a header line is needed"),
        ("sr.hdr.append_to_reply()", "sr.hdr.append_to_reply(): a header line is needed"),
        ("sr.hdr.remove()", "sr.hdr.remove(): the name of a header is needed"),
        ('sr.modf("nosuch")', "sr.modf(): unknown function nosuch()"),
        ("sr.modf()", "sr.modf(): the name of a function is needed"),
        ('sr.modf("is_method")', "sr.modf(): is_method() with 0 arguments"),
        ('sr.modf("is_method", 1, 2, 3, 4, 5, 6, 7)', "sr.modf(): more than 6 parameters"),
    ],
)
def test_what_is_wrong_is_logged_and_the_script_goes_on(run, call, message):
    node = run(f'local found = {call}\nsr.err("out " .. tostring(found))')
    expected = "out -1" if "modf" in call else "out nil"
    assert out(node) == [expected]
    [error] = [record.text for record in node.logged(message)]
    assert "a.lua:2: " in error
    assert node.counter("app_lua", "errors") == 0


def test_headers(run, tmp_path):
    (tmp_path / "a.lua").write_text("")
    config = CONFIG.replace("FOLDER", str(tmp_path)).replace(
        'lua_run("main");', 'lua_run("main"); $du = "sip:10.0.0.9:5060"; forward(); exit;'
    )
    (tmp_path / "a.lua").write_text(
        """function main()
          sr.hdr.append("X-Last: 1\\r\\n")
          sr.hdr.append("X-Two: 1\\r\\nX-Three: 2")
          sr.hdr.insert("X-Second: 1\\r\\n")
          sr.hdr.remove("x-gone")
          sr.hdr.append_to_reply("X-Reply: r\\r\\n")
        end"""
    )
    with Node(config) as node:
        node.receive(
            node.request("OPTIONS", "sip:bob@10.0.0.9", headers=[("X-Gone", "1"), ("X-Kept", "k"), ("x-gone", "2")])
        )
        node.settle()
        sent = node.last.message
        names = [sent.name(header) for header in sent.headers]
        assert names[-3:] == ["X-Last", "X-Two", "X-Three"]
        assert names[:3] == ["Via", "Via", "X-Second"]
        assert "X-Kept" in names and "X-Gone" not in names and "x-gone" not in names


def test_modf_expands_variables_and_gives_the_code(run):
    node = run(
        """
        sr.err("out " .. sr.modf("is_method", "INVITE") .. sr.modf("is_method", "OPTIONS"))
        sr.modf("xlog", "L_ERR", "out from $fU")
        sr.modf("append_hf", "X-From: $fU\\r\\n")
        """
    )
    assert out(node) == ["out -11", "out from alice"]


def test_registered_modules(run):
    node = run(
        """
        sr.err("out " .. sr.maxfwd.process_maxfwd(10))
        sr.mqueue.add("q", "key", "$fU")
        sr.err("out " .. tostring(sr.siputils) .. tostring(sr.tm.nosuch) .. tostring(sr.sl.send_reply ~= nil))
        sr.sqlops.query("db", "select 1 as one, 'x' as two, null as three", "r")
        sr.err("out " .. sr.sqlops.nrows("r") .. sr.sqlops.ncols("r") .. sr.sqlops.value("r", 0, 1))
        sr.err("out " .. tostring(sr.sqlops.is_null("r", 0, 2)) .. tostring(sr.sqlops.is_null("r", 0, 0)))
        sr.err("out " .. sr.sqlops.column("r", "two") .. sr.sqlops.column("r", "nosuch"))
        sr.sqlops.reset("r")
        sr.tm.t_newtran()
        sr.tm.t_reply(486, "tag " .. sr.sl.get_reply_totag())
        """
    )
    assert out(node)[1:] == ["out nilniltrue", "out 13x", "out truefalse", "out 1-1"]
    assert int(out(node)[0][4:]) > 0
    [reply] = [sent.message for sent in node.sent if sent.status == 486]
    assert reply.reason == f"tag {reply.to.tag}"
    assert node.counter("app_lua", "errors") == 0


def test_reply_with_sl(run):
    node = run('sr.sl.send_reply(480, "tag " .. sr.sl.get_reply_totag()) KSR.x.exit()')
    assert node.last.status == 480
    assert node.last.message.reason == f"tag {node.last.message.to.tag}"
    assert len(node.sent) == 1


def test_kemi(run):
    node = run(
        """
        if KSR.is_INVITE() then return end
        if KSR.nosuch or KSR.tm.nosuch or KSR.dispatcher then return end
        if KSR.maxfwd.process_maxfwd(10) < 0 then return end
        KSR.pv.sets("$var(x)", "$fU")
        KSR.info("out " .. KSR.pv.get("$var(x)") .. " " .. tostring(KSR.pv.get("$avp(s:x)")) .. "\\n")
        KSR.xlog.xinfo("out $fU\\n")
        KSR.hdr.append_to_reply("X-Kemi: yes\\r\\n")
        if not KSR.siputils.has_totag then return end
        if KSR.siputils.has_totag() > 0 then return end
        KSR.tm.t_newtran()
        KSR.tm.t_send_reply(488, "Kemi")
        local ok, message = pcall(KSR.tm.t_reply, 1, 2, 3, 4)
        KSR.err("out " .. tostring(ok) .. " " .. message)
        ok, message = pcall(function() KSR.tm.t_on_branch("nosuch") end)
        KSR.err("out " .. message)
        """
    )
    assert [sent.header("X-Kemi") for sent in node.sent if sent.status == 488] == ["yes"]
    texts = [record.text.rstrip() for record in node.records if record.text.startswith("out ")]
    assert texts[:2] == ["out $fU nil", "out alice"]
    assert "false" in texts[2] and "t_reply() with 4 arguments" in texts[2]
    assert "a.lua:16: " in texts[3] and "nosuch" in texts[3]


# --- helpers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A: b", b"A: b\r\n"),
        ("A: b\r\n", b"A: b\r\n"),
        ("A: b\n", b"A: b\r\n"),
        ("A : b\r\n c\r\nD: e\r\n", b"A : b\r\n c\r\nD: e\r\n"),
        ("A:\r\n", b"A:\r\n"),
        ("", None),
        ("A", None),
        (" A: b", None),
        ("A: b\r\n\r\nbody", None),
        ("A: b\r\n\r\n", None),
        ("A: b\nC: d", None),
        ("A b: c", None),
    ],
)
def test_header_lines(text, expected):
    assert header_lines(text) == expected


def test_numbers():
    assert [to_integer(value) for value in (1, 1.9, -1.9, "7", " 8 ", "0x10", "1e3", "x", None, True, 1e300)] == [
        1,
        1,
        -1,
        7,
        8,
        16,
        1000,
        None,
        None,
        None,
        None,
    ]
    assert to_integer("9" * 400) is None
    assert [number_text(value) for value in (1, 1.0, 0.1, "x", None)] == ["1", "1", "0.1", "x", ""]
