"""Patterns of the script and of a file."""

from __future__ import annotations

import pytest

from siprouter.modules.regex.patterns import Options, Pattern
from siprouter.rpc.call import call_mi
from siprouter.testing import LoadError, Node

CONFIG = """
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "regex.so"
%s
route {
	%s;
	$var(code) = $rc;
	sl_send_reply("200", "$var(code)");
}
"""


def run(expression, agent="Phone 1.0", params=""):
    with Node(CONFIG % (params, expression)) as node:
        return ask(node, agent)


def ask(node, agent):
    sent = node.receive(node.request("OPTIONS", "sip:a@b", headers={"User-Agent": agent}))
    return int(sent.last.text.split("\r")[0].split(" ")[2])


@pytest.mark.parametrize(
    ("pattern", "result"),
    [
        ("^Phone", 1),
        ("^phone", -1),
        ("(?i)^phone", 1),
        (r"\\d\\.\\d$", 1),
        ("^Phone (?!2)", 1),
        ("^Phone (?!1)", -1),
        (r"(o)n.*\\1", -1),
        ("^$ua", 1),
        ("$var(none)x(", -4),
        ("$var(none)(?!2)", -4),
    ],
)
def test_patterns(pattern, result):
    assert run(f'$var(none) = ""; pcre_match("$ua", "{pattern}")') == result


@pytest.mark.parametrize("pattern", ["(", "a{2,1}", "*"])
def test_bad_constants_stop_the_start(pattern):
    with pytest.raises(LoadError, match="bad regular expression"):
        run(f'pcre_match("$ua", "{pattern}")')


@pytest.mark.parametrize(
    ("option", "pattern", "text"),
    [("caseless", "ABC", "abc"), ("multiline", "^b", "a\nb"), ("dotall", "a.b", "a\nb"), ("extended", "a b # c", "ab")],
)
def test_options(option, pattern, text):
    assert Pattern(pattern, Options(**{option: True}), True).matches(text)
    assert not Pattern(pattern, Options(), True).matches(text)


def test_parameters_are_options():
    assert run('pcre_match("$ua", "^phone")', params='modparam("regex", "pcre_caseless", 1)') == 1


def test_long_texts_do_not_stop_the_router():
    slow = Pattern("^(a+)+(?!b)$", Options(), True)
    assert not slow.matches("a" * 5000 + "b")
    assert not Pattern("^(a+)+$", Options(), True).matches("a" * 5000 + "b")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "groups"
    path.write_bytes(b"# scanners\n[0]\n^friendly\r\n^sip-?scan\n\n[1]\n[2]\nPhone$\n \tx\n^caf\xe9")
    return path


@pytest.mark.parametrize(
    ("group", "agent", "result"),
    [
        ("", "sipscan", 1),
        ("", "Phone", -1),
        (", 0", "friendly", 1),
        (', "2"', "Phone", 1),
        (", 1", "Phone", -1),
        (", 3", "Phone", -4),
        (", -1", "Phone", -4),
    ],
)
def test_groups(file, group, agent, result):
    assert run(f'pcre_match_group("$ua"{group})', agent, f'modparam("regex", "file", "{file}")') == result


def test_no_file():
    assert run('pcre_match_group("$ua")') == -2


def test_reload(file):
    with Node(CONFIG % (f'modparam("regex", "file", "{file}")', 'pcre_match_group("$ua")')) as node:

        def reload():
            return node.wait(call_mi(node.worker, "regex_reload")).code

        file.write_text("[0]\nPhone\n")
        assert ask(node, "Phone") == -1
        assert reload() == 200
        assert ask(node, "Phone") == 1
        file.write_text("[0]\n(\n")
        assert reload() == 500
        file.unlink()
        assert reload() == 500
        assert ask(node, "Phone") == 1
    with Node(CONFIG % ("", "pcre_match_group($ua)")) as node:
        assert node.wait(call_mi(node.worker, "regex_reload")).code == 403


@pytest.mark.parametrize(
    ("text", "params", "match"),
    [
        ("x\n[0]\n", "", "begin with"),
        ("[0]\n[1]\n[2]\n", 'modparam("regex", "max_groups", 2)', "max_groups"),
        ("[0]\nabcdefgh\n", 'modparam("regex", "group_max_size", 9)', "group_max_size"),
        ("[0]\nx\n[1]\n(\n", "", r"group \[1\]"),
    ],
)
def test_bad_files(tmp_path, text, params, match):
    path = tmp_path / "groups"
    path.write_text(text)
    with pytest.raises(LoadError, match=match):
        run('pcre_match_group("$ua")', params=params + f'\nmodparam("regex", "file", "{path}")')
