"""Commands, what programs find in their environment, and what becomes of their output."""

import re
import subprocess
from pathlib import Path

import pytest

import siprouter.modules.exec
from siprouter.core.programs import ProgramError, ProgramResult
from siprouter.modules.exec.command import quotes_after
from siprouter.testing import LoadError, Node

HEAD = """
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "exec.so"
"""


async def real_program(command, *, environment, data, limit, seconds):
    """A real shell, and nothing goes on meanwhile."""
    variables = {name.encode(): value.encode("utf-8", "surrogateescape") for name, value in environment.items()}
    variables[b"PATH"] = b"/usr/bin:/bin"
    shell = ["/bin/sh", "-c", command.encode("utf-8", "surrogateescape")]
    done = subprocess.run(  # noqa: ASYNC221
        shell, env=variables, input=data or b"", stdout=subprocess.PIPE, check=False
    )
    return ProgramResult(done.returncode, done.stdout if limit else b"")


class Routes:
    """Runs a call in the request route; with a real shell unless there is something else in `programs`."""

    def __init__(self, node, real=True):
        self.node = node
        if real:
            node.worker.services["program"] = real_program

    def answer(self, method="OPTIONS", user="bob", **fields):
        self.node.receive(self.node.request(method, f"sip:{user}@127.0.0.1", **fields))
        self.node.settle()
        return self.node.last.message.reason


@pytest.fixture
def routes():
    nodes = []

    def start(call, params="", real=True):
        route = f'{HEAD}{params}\nroute {{ {call}; sl_send_reply("200", "$rc $avp(s:a)|$avp(s:b)|$avp(i:1)|$ru"); }}'
        nodes.append(Node(route))
        return Routes(nodes[-1], real)

    yield start
    for node in nodes:
        node.close()


RU = "sip:bob@127.0.0.1"


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ('exec_avp("echo TEST")', f"1 <null>|<null>|TEST|{RU}"),
        ('exec_avp("echo TEST", "$avp(s:a)")', f"1 TEST|<null>|<null>|{RU}"),
        ('exec_avp("echo one; echo; echo \'two  \'; echo three", "$avp(s:a), $avp(s:b)")', f"1 one|two|<null>|{RU}"),
        ('exec_avp("echo x; exit 2", "$avp(s:a)")', f"-1 x|<null>|<null>|{RU}"),
        ('exec_avp("true", "$avp(s:a)")', f"1 <null>|<null>|<null>|{RU}"),
        ('exec_avp("echo $rU-$si", "$avp(s:a)")', f"1 bob-192.0.2.1|<null>|<null>|{RU}"),
        ('exec_avp("echo $$SIP_SRCIP $$SIP_USER", "$avp(s:a)")', f"1 192.0.2.1 bob|<null>|<null>|{RU}"),
        ('exec_dset("echo sip:x@10.0.0.1; : ")', "1 <null>|<null>|<null>|sip:x@10.0.0.1"),
        ("exec_dset(\"printf '%s;was\\n' \")", f"1 <null>|<null>|<null>|{RU};was"),
        ('exec_dset(": ")', f"-1 <null>|<null>|<null>|{RU}"),
        ('exec_dset("echo no uri; : ")', f"-1 <null>|<null>|<null>|{RU}"),
        ('exec_msg("exit 0")', f"1 <null>|<null>|<null>|{RU}"),
        ('exec_msg("exit 1")', f"-1 <null>|<null>|<null>|{RU}"),
        ("exec_msg(\"grep -q '^Max-Forwards: 70'\")", f"1 <null>|<null>|<null>|{RU}"),
        ("exec_msg(\"grep -q '^Nothing: 70'\")", f"-1 <null>|<null>|<null>|{RU}"),
    ],
)
def test_functions(routes, call, expected):
    assert routes(call).answer() == expected


HOSTILE = [
    "'; touch FILE; '",
    '"; touch FILE; "',
    "$(touch FILE)",
    "`touch FILE`",
    "; touch FILE #",
    "a b\tc",
    "\\",
    "*",
]


@pytest.mark.parametrize("quotes", ["{}", "'{}'", '"{}"', "x{}", "'x'{}", '"a $$SIP_USER {}"'])
@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_values_are_data(routes, tmp_path, quotes, value):
    value = value.replace("FILE", str(tmp_path / "made"))
    text = quotes.format("$hdr(X-Value)").replace('"', '\\"')
    found = routes(f'exec_avp("printf \'<%s>\\n\' {text}", "$avp(s:a)")')
    answer = found.answer(headers={"X-Value": value})
    plain = quotes.format(value).replace("$$SIP_USER", "bob")
    expected = plain[1:-1] if plain[:1] == plain[-1:] and plain[:1] in "'\"" and quotes[:1] in "'\"" else plain
    if quotes == "'x'{}":
        expected = f"x{value}"
    assert answer.startswith((f"1 <{expected.rstrip()}>|", f"1 <{expected}>|"))
    assert not (tmp_path / "made").exists()


def test_hostile_request_uri(routes, tmp_path):
    found = routes('exec_dset("echo sip:x@10.0.0.1; true ")')
    found.node.receive(found.node.request("OPTIONS", f"sip:a';touch${{IFS}}{tmp_path}/made;'@127.0.0.1"))
    assert not (tmp_path / "made").exists()


def test_values_as_parts_of_the_command(routes):
    found = routes('exec_avp("echo $hdr(X-Value)", "$avp(s:a)")', 'modparam("exec", "quote_variables", 0)')
    assert found.answer(headers={"X-Value": "a; echo b | tr b c"}).startswith("1 a|")
    lone = routes('$avp(s:x) = "echo from a variable"; exec_avp("$avp(s:x)", "$avp(s:a)")')
    assert lone.answer().startswith("1 from a variable|")
    computed = routes('exec_avp("echo " + $rU, "$avp(s:a)")')
    assert computed.answer().startswith("1 bob|")


def test_environment(routes):
    names = "HF_FROM HF_CALLID HF_X_ODD_NAME HF_VIA HF_SUBJECT TID DID SRCIP RURI ORURI USER OUSER"
    seen = {}

    def program(command, environment, data):
        seen.update(environment)
        return b""

    found = routes('$ru = "sip:new@10.0.0.1"; exec_avp("true")', real=False)
    found.node.programs = program
    lines = [("X-Odd%Name", "a"), ("X-Odd%Name", "b"), ("s", "sub\0ject"), ("X-Evil", "$(id)")]
    found.node.receive(found.node.request("OPTIONS", RU, headers=lines, call_id="one", to_tag="tt").replace(b"\0", b""))
    found.node.settle()
    assert {f"SIP_{name}" for name in names.split()} <= set(seen)
    assert seen["SIP_HF_CALLID"] == "one@test" and seen["SIP_HF_X_ODD_NAME"] == "a,b"
    assert seen["SIP_HF_SUBJECT"] == "subject" and seen["SIP_HF_X_EVIL"] == "$(id)"
    assert (seen["SIP_RURI"], seen["SIP_ORURI"]) == ("sip:new@10.0.0.1", RU)
    assert (seen["SIP_USER"], seen["SIP_OUSER"], seen["SIP_DID"]) == ("new", "bob", "tt")
    assert re.fullmatch("[0-9a-f]{32}", seen["SIP_TID"])


def test_no_environment(routes):
    seen = {}
    found = routes('exec_avp("echo $rU")', 'modparam("exec", "setvars", 0)', real=False)
    found.node.programs = lambda command, environment, data: seen.update(environment) or b""
    found.answer()
    assert seen == {"SIP_ARGUMENT_1": "bob"}


def test_branches(routes):
    found = routes('exec_dset("x"); $avp(s:a) = $branch(count)', real=False)
    found.node.programs = lambda *_: b"sip:a@10.0.0.1\n\nsip:b@10.0.0.2 \r\nsip:c@10.0.0.3"
    assert found.answer().startswith("1 2|")
    assert found.node.last.message.reason.endswith("|sip:a@10.0.0.1")
    found.node.programs = lambda *_: b"sip:a@10.0.0.1\n" * 20
    assert found.answer().startswith("-1 11|")
    assert "more URIs than there can be branches" in found.node.errors[-1]


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (ProgramResult(-15, killed=True), "ran longer than time_to_kill"),
        (ProgramResult(-11), "was ended by signal 11"),
        (ProgramResult(0, b"x" * 100, cut=True), "wrote more than max_output"),
        (ProgramResult(0, b"x\n" * 300), "wrote more than 256 lines"),
    ],
)
def test_what_the_log_says(routes, result, text):
    found = routes('exec_avp("thing", "$avp(s:a)")', 'modparam("exec", "time_to_kill", 5)', real=False)
    found.node.programs = lambda *_: result
    answer = found.answer()
    assert answer.startswith("1" if result.status == 0 else "-1")
    assert found.node.logged(text) and found.node.logged("thing")


def test_nothing_to_run(routes):
    found = routes('exec_msg("$avp(s:none)")', real=False)
    assert found.answer().startswith("-1")
    assert found.node.commands == []
    assert "no command to run" in found.node.errors[0]


def test_program_that_cannot_be_run(routes):
    async def refuse(command, **_):
        raise ProgramError("no more processes")

    found = routes('exec_msg("true")', real=False)
    found.node.worker.services["program"] = refuse
    assert found.answer().startswith("-1")
    assert "true: no more processes" in found.node.errors[0]
    del found.node.worker.services["program"]
    assert found.answer().startswith("-1")
    assert "not possible here" in found.node.errors[1]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ('route { exec_avp("x", "$var(a)"); }', "an AVP is needed"),
        ('route { exec_avp("x", "a"); }', "an AVP is needed"),
        ('route { exec_avp("x", "$avp(s:a),"); }', "an AVP is needed"),
        ('route { exec_msg("x $nosuch"); }', "unknown pseudo-variable"),
        ('modparam("exec", "time_to_kill", -1)\nroute {}', "time_to_kill cannot be negative"),
        ('modparam("exec", "max_output", 0)\nroute {}', "max_output must be 1 to"),
    ],
)
def test_errors_at_load(lines, message):
    with pytest.raises(LoadError, match=message):
        Node(HEAD + lines)


def test_only_the_message_waits(routes):
    """The first wait makes a transaction, so that retransmissions are absorbed."""
    found = routes('exec_avp("slow", "$avp(s:a)")', real=False)
    started = []

    async def slow(command, **_):
        started.append(command)
        await found.node.worker.sleep(5)
        return ProgramResult(0, b"done")

    found.node.worker.services["program"] = slow
    request = found.node.request("INVITE", RU)
    found.node.receive(request)
    found.node.receive(request)
    found.node.receive(found.node.request("OPTIONS", RU))
    found.node.advance(6)
    assert started == ["slow", "slow"]
    assert len({sent.header("To") for sent in found.node.sent if sent.status == 200}) == 2


@pytest.mark.parametrize(
    ("text", "state", "expected"),
    [
        ("echo ", "", ""),
        ("echo '", "", "'"),
        ("a' b", "'", ""),
        ('x "', "", '"'),
        ('\\"', "", ""),
        ('a\\"b', '"', '"'),
        ("\\'", "'", ""),
        ("it\"'s", "", '"'),
        ("'\"", "", "'"),
    ],
)
def test_quotes(text, state, expected):
    assert quotes_after(text, state) == expected


def test_example_of_the_readme(tmp_path):
    readme = Path(siprouter.modules.exec.__file__).with_name("README.md").read_text()
    [text] = re.findall(r"^```\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    with Node(text.replace("/tmp/", f"{tmp_path}/")) as node:
        found = Routes(node)
        assert found.answer() == "TEST bob from 192.0.2.1"
        assert found.answer("MESSAGE", body="hello") == "Accepted"
        [stored] = tmp_path.iterdir()
        assert b"MESSAGE sip:bob@127.0.0.1" in stored.read_bytes() and stored.read_bytes().endswith(b"hello")
        node.receive(node.request("INVITE", RU))
        node.settle()
        invites = {sent.uri for sent in node.sent if sent.method == "INVITE" and not sent.status}
        assert invites == {"sip:first@10.0.0.1", "sip:second@10.0.0.2"}
        node.advance(300)
