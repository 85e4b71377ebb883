"""All kinds of routes in Python, plain and `async def`, that wait and that do not."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from siprouter.core.context import Context
from siprouter.core.observe import WATCHED, Frame, Observer
from siprouter.rpc.values import RpcError
from siprouter.testing import LoadError, Node, Phone
from tests.modules.app_python.conftest import MODULES, Load

INVITE = {"from_": "sip:alice@example.org"}


def reply(node: Node, method: str = "OPTIONS", uri: str = "sip:bob@example.org") -> tuple[int | None, str]:
    sent = node.receive(node.request(method, uri))
    return sent[-1].status, sent[-1].message.reason


@pytest.mark.parametrize(
    "head",
    [
        "def request_route():",
        "def request_route(msg):",
        "def ksr_request_route(msg):",
        "async def request_route(msg):",
        "@KSR.request_route\ndef anything(msg):",
        "@KSR.request_route\nasync def anything():",
    ],
)
def test_a_request_route(load: Load, head: str) -> None:
    node = load(f"import KSR\n{head}\n    KSR.sl.sl_send_reply(200, 'From ' + KSR.pv.get('$rU'))\n")
    assert reply(node) == (200, "From bob")
    assert node.warnings == []


def test_waiting_in_a_plain_function(load: Load) -> None:
    node = load("""
        import KSR

        def request_route(msg):
            KSR.pv.sets("$avp(me)", KSR.pv.get("$rU"))
            if wait(3 if msg.RURI.startswith("sip:slow") else 1):
                KSR.sl.sl_send_reply(200, KSR.pv.get("$rU") + KSR.pv.get("$avp(me)"))

        def wait(seconds):
            return KSR.cfgutils.sleep(seconds) > 0
        """)
    for user in ("slow", "quick"):
        node.receive(node.request("INVITE", f"sip:{user}@example.org"))
    assert [sent.status for sent in node.sent] == [100, 100]
    assert [sent.message.reason for sent in node.advance(2)] == ["quickquick"]
    assert [sent.message.reason for sent in node.advance(2)] == ["slowslow"]
    node.advance(60)


def test_waiting_in_a_coroutine(load: Load) -> None:
    node = load("""
        import asyncio
        import KSR

        async def request_route(msg):
            await asyncio.sleep(1)
            code = await KSR.cfgutils.sleep(1)
            KSR.sl.sl_send_reply(200, f"{KSR.pv.get('$rU')} {code}")
        """)
    node.receive(node.request("OPTIONS", "sip:bob@example.org"))
    assert [sent.message.reason for sent in node.advance(3).replies() if sent.status == 200] == ["bob 1"]
    node.advance(60)


def test_a_result_that_is_not_awaited_is_reported(load: Load) -> None:
    node = load("""
        import KSR

        async def request_route(msg):
            if KSR.pv.get("$rU") == "used" and KSR.cfgutils.sleep(1) > 0:
                return
            KSR.cfgutils.sleep(1)
            KSR.sl.sl_send_reply(200, "OK")
        """)
    assert reply(node)[0] == 200
    assert node.errors == ["sleep() was called without await: it did not run"]
    assert reply(node, uri="sip:used@x")[0] == 500
    assert "sleep() waits" in node.errors[-1]


CALL = """
    import KSR

    def request_route(msg):
        KSR.tm.t_on_failure("again")
        KSR.tm.t_on_reply("ANSWER")
        KSR.tm.t_on_branch("EACH")
        KSR.tm.t_relay()

    @KSR.failure_route
    {async_}def again(msg):
        {wait}
        KSR.pv.sets("$ru", "sip:second@10.0.0.3:5060")
        KSR.corex.append_branch()
        KSR.tm.t_relay()

    @KSR.onreply_route("ANSWER")
    {async_}def answer(msg):
        {wait}
        KSR.hdr.append("X-Route: " + msg.Status)

    @KSR.branch_route("EACH")
    {branch}def each(msg, name):
        {branch_wait}
        KSR.hdr.append(f"X-Branch: {{name}} {{KSR.tm.t_get_branch_index()}}")

    @KSR.reply_route
    def replies(msg):
        KSR.hdr.append("X-Core: yes")

    @KSR.onsend_route
    def sending(msg):
        KSR.info("sending " + KSR.pv.get("$rm"))
    """
SLEEP, AWAIT = "KSR.cfgutils.sleep(1)", "await KSR.cfgutils.sleep(1)"


@pytest.mark.parametrize(
    ("async_", "wait", "branch", "branch_wait"),
    [("", "pass", "", "pass"), ("", SLEEP, "", "pass"), ("async ", AWAIT, "async ", AWAIT)],
    ids=["plain", "plain that waits", "async"],
)
def test_the_routes_of_a_transaction(load: Load, async_: str, wait: str, branch: str, branch_wait: str) -> None:
    node = load(CALL.format(async_=async_, wait=wait, branch=branch, branch_wait=branch_wait))
    assert node.warnings == []
    alice = Phone(node, "alice", "10.0.0.1:5060")
    bob, second = Phone(node, "bob", "10.0.0.2:5060"), Phone(node, "second", "10.0.0.3:5060")
    bob.on_invite = lambda call: call.reject(486)
    second.on_invite = lambda call: call.answer()
    call = alice.call("sip:bob@10.0.0.2:5060")
    node.advance(10)
    assert call.established, node.ladder()
    answer = alice.received.replies()[-1]
    assert (answer.header("X-Route"), answer.header("X-Core")) == ("200", "yes")
    assert [sent.header("X-Branch") for sent in bob.received.requests("INVITE")[:1]] == ["EACH 0"]
    assert node.logged("sending INVITE")
    assert node.errors == []
    call.hang_up()
    node.advance(60)


def test_a_plain_branch_route_cannot_wait(load: Load) -> None:
    text = CALL.format(async_="", wait="pass", branch="", branch_wait=SLEEP)
    node = load(text)
    bob = Phone(node, "bob", "10.0.0.2:5060")
    node.receive(node.request("INVITE", "sip:bob@10.0.0.2:5060"))
    assert any("sleep() waits" in text for text in node.errors)
    assert bob.received.requests("INVITE")
    node.advance(300)


def test_events_and_local_requests(load: Load) -> None:
    node = load("""
        import KSR

        def request_route(msg):
            KSR.sl.sl_send_reply(404, "No")

        @KSR.event_route("xhttp:request")
        def http(msg):
            KSR.cfgutils.sleep(1)
            KSR.xhttp.xhttp_reply(200, "Fine", "text/plain", "you asked for " + KSR.pv.get("$hu"))
        """)
    assert node.warnings == []
    request = b"GET /status HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
    node.receive(request, "tcp:10.0.0.1:4000")
    sent = node.advance(5)
    assert b"200 Fine" in sent[-1].data and b"you asked for /status" in sent[-1].data


def test_how_routes_end(load: Load) -> None:
    node = load("""
        import sys
        import KSR

        def request_route(msg):
            user = KSR.pv.get("$rU")
            try:
                end(user)
            except Exception:
                KSR.sl.sl_send_reply(500, "caught")
            KSR.sl.sl_send_reply(200, "went on")

        def end(user):
            if user == "exit":
                KSR.sl.sl_send_reply(201, "exit")
                KSR.x.exit()
            if user == "sys":
                KSR.sl.sl_send_reply(202, "sys")
                sys.exit()
            if user == "drop":
                KSR.x.drop()

        def reply_route(msg):
            if msg.Status == "183":
                KSR.x.drop()
        """)
    assert [reply(node, uri=f"sip:{user}@x")[0] for user in ("exit", "sys", "on")] == [201, 202, 200]
    assert not node.receive(node.request("OPTIONS", "sip:drop@x"))


def test_an_exception_costs_one_message(load: Load) -> None:
    node = load("""
        import KSR

        def request_route(msg):
            if KSR.pv.get("$rU") == "bad":
                deeper({})
            if KSR.pv.get("$rU") == "late":
                KSR.cfgutils.sleep(1)
                deeper({})
            KSR.sl.sl_send_reply(200, "OK")

        def deeper(found):
            return found["key"]
        """)
    assert reply(node, uri="sip:bad@x")[0] == 500
    assert reply(node, uri="sip:good@x")[0] == 200
    node.receive(node.request("OPTIONS", "sip:late@x"))
    assert node.advance(3).replies()[-1].status == 500
    record = node.logged("KeyError", "error")[0]
    assert record.location.file.endswith("route.py") and record.location.line == 13
    assert node.counter("app_python3", "exceptions") == 2
    node.advance(60)


def test_exceptions_in_the_routes_of_a_transaction(load: Load) -> None:
    node = load("""
        import KSR

        def request_route(msg):
            KSR.tm.t_on_failure("failed")
            KSR.tm.t_on_reply("answered")
            KSR.tm.t_on_branch("branch")
            KSR.tm.t_relay()

        def failed(msg):
            raise ValueError("in the failure route")

        def answered(msg):
            KSR.cfgutils.sleep(1)
            raise ValueError("in the reply route")

        def branch(msg):
            raise ValueError("in the branch route")
        """)
    alice, bob = Phone(node, "alice", "10.0.0.1:5060"), Phone(node, "bob", "10.0.0.2:5060")
    bob.on_invite = lambda call: call.reject(486)
    call = alice.call("sip:bob@10.0.0.2:5060")
    node.advance(3)
    assert call.status == 486
    for line, text in ((11, "in the failure route"), (15, "in the reply route"), (18, "in the branch route")):
        (found,) = [error for error in node.errors if text in error]
        assert f"route.py:{line} in " in found
    assert node.counter("app_python3", "exceptions") == 3
    node.advance(60)


class Recorder(Observer):
    """Notes which route blocks of the configuration a message runs."""

    def __init__(self) -> None:
        self.entered: list[str] = []

    def wants(self, ctx: Context) -> int:
        return WATCHED

    def enter(self, frame: Frame) -> None:
        self.entered.append(frame.route.route)


def test_messages_that_are_watched_run_the_same_routes(load: Load) -> None:
    node = load(CALL.format(async_="", wait="KSR.route('NEXT')", branch="", branch_wait="pass"),
                'cfgengine "python"\nroute[NEXT] { return 1; }')  # fmt: skip
    recorder = Recorder()
    node.worker.observation.add(recorder)
    alice = Phone(node, "alice", "10.0.0.1:5060")
    bob, second = Phone(node, "bob", "10.0.0.2:5060"), Phone(node, "second", "10.0.0.3:5060")
    bob.on_invite = lambda call: call.reject(486)
    second.on_invite = lambda call: call.answer()
    call = alice.call("sip:bob@10.0.0.2:5060")
    assert call.established
    assert set(recorder.entered) == {"route[NEXT]"}
    call.hang_up()
    node.advance(60)
    assert node.errors == []


def test_cfgengine_changes_with_the_version(load: Load, tmp_path: Path) -> None:
    script = "import KSR\ndef ksr_request_route(msg):\n    KSR.sl.sl_send_reply(200, 'Python')\n"
    path = tmp_path / "router.cfg"
    (tmp_path / "route.py").write_text(script)
    text = MODULES % "route.py" + 'route { sl_send_reply("200", "configuration"); }\n'
    path.write_text(text)
    with closing(Node(path=path)) as node:
        for engine, answer in (("python", "Python"), ("native", "configuration")):
            path.write_text(text + f'cfgengine "{engine}"\n')
            kept = [value for name, value in node.rpc("cfg.reload").values[0] if name == "kept"]
            assert kept == []
            assert reply(node)[1] == answer
        (tmp_path / "other.py").write_text(script.replace("'Python'", "'another file'"))
        path.write_text(text.replace("route.py", "other.py") + 'cfgengine "python"\n')
        assert "kept" not in dict(node.rpc("cfg.reload").values[0])
        assert reply(node)[1] == "another file"
        path.write_text(text + 'cfgengine "perl"\n')
        with pytest.raises(RpcError, match='no module runs cfgengine "perl"'):
            node.rpc("cfg.reload")
        path.write_text(text + "cfgengine = python\n")
        node.rpc("cfg.reload")
        assert reply(node)[1] == "Python"


def test_beside_a_configuration(load: Load) -> None:
    node = load(
        """
        import KSR

        def classify(msg, text=""):
            KSR.pv.sets("$var(class)", text + KSR.pv.get("$rU"))
            return KSR.route("BACK")

        @KSR.failure_route("PY")
        def failed(msg):
            KSR.tm.t_reply(480, "From Python")
        """,
        """
        route {
            if (python_exec("classify", "class of $fU ")) {
                t_on_failure("PY");
                t_relay();
            } else {
                sl_send_reply("403", "$var(class)");
            }
        }
        route[BACK] { if ($rU == "bad") return -1; return 1; }
        """,
    )
    assert node.warnings == []
    bob = Phone(node, "bob", "10.0.0.2:5060")
    bob.on_invite = lambda call: call.reject(486)
    assert reply(node, uri="sip:bad@x") == (403, "class of alice bad")
    sent = node.receive(node.request("INVITE", "sip:bob@10.0.0.2:5060"))
    assert sent.replies()[-1].message.reason == "From Python"
    node.advance(60)


def test_who_counts_where_both_have_a_route(load: Load) -> None:
    script = """
        import KSR

        def ksr_request_route(msg):
            KSR.sl.sl_send_reply(200, "Python")
        """
    rest = 'route { sl_send_reply("200", "configuration"); }'
    assert reply(load(script, rest))[1] == "configuration"
    node = load(script, rest + 'cfgengine "python"')
    assert reply(node)[1] == "Python"
    assert any("request_route of the configuration is not used" in text for text in node.warnings)
    with pytest.raises(LoadError, match="request_route is in the configuration, too"):
        load(script.replace("def ksr", "@KSR.request_route\n        def ksr"), rest)


@pytest.mark.parametrize(
    ("script", "message", "line"),
    [
        ("def request_route(msg:\n    pass", "was never closed", 1),
        ("import KSR\nx = 1 / 0", "ZeroDivisionError: division by zero", 2),
        ("import KSR\ndef other(): pass", "no request route", 12),
        ("import nosuchthing", "No module named 'nosuchthing'", 1),
        ("def mod_init():\n    raise ValueError('not today')", "mod_init() failed: ValueError: not today", 2),
        ("import KSR\nKSR.pv.get('$ru')", "no message is being routed here", 2),
        ("import KSR\n@KSR.onsend_route\nasync def x(msg): pass", "cannot be `async def`", 2),
        ("import KSR\n@KSR.event_route\ndef x(msg): pass", "the name of an event is needed", 2),
        ("import KSR\ndef request_route(m):\n    KSR.tm.t_on_failure('GONE')", "undefined failure_route[GONE]", 3),
        ("import sys\nsys.exit(1)", "SystemExit", 2),
        (
            "import KSR\n@KSR.failure_route('A')\ndef a(): pass\n@KSR.failure_route('A')\ndef b(): pass",
            "failure_route[A] is defined at",
            4,
        ),
    ],
)
def test_what_is_wrong_has_its_place(load: Load, script: str, message: str, line: int) -> None:
    with pytest.raises(LoadError) as caught:
        load(script)
    found = next(item for item in caught.value.diagnostics.errors if message in item.message)
    assert found.location.line == line
    assert found.location.file.endswith("<text>" if line == 12 else "route.py")


def test_calls_that_cannot_work_are_warned_of(load: Load) -> None:
    node = load("""
        import KSR

        def request_route(msg):
            KSR.tm.t_relai()
            KSR.registrar.save("location")
            KSR.pv.get("$nothing")
            KSR.tm.t_on_branch()
            KSR.isflagsett(3)
        """)
    warnings = "\n".join(node.warnings)
    for text in (
        "module tm has no function t_relai()",
        "module registrar is not loaded",
        "unknown pseudo-variable $nothing",
        "t_on_branch() with 0 arguments",
        "KSR has no function isflagsett()",
    ):
        assert text in warnings
    assert "route.py:5:" in warnings
    assert reply(node)[0] == 500
    assert any("t_relai" in text for text in node.errors)


def test_modules_of_later_versions(load: Load) -> None:
    with pytest.raises(LoadError, match=r"(?s)unknown module corex.*remove the line"):
        load("def request_route(): pass\n", 'loadmodule "corex.so"\ncfgengine "python"')
    node = load("import KSR\ndef request_route():\n    KSR.rtpmagic.manage()\n")
    assert "module rtpmagic is not loaded" in node.warnings[0]
    assert "no module of this program is called so" in str(node.diagnostics.warnings[0].suggestion)


def test_a_script_that_is_not_there() -> None:
    for text in ('loadmodule "app_python.so"\nroute { exit; }', 'cfgengine "python"\nroute { exit; }'):
        with pytest.raises(LoadError) as caught:
            Node(text)
        assert "cannot read" in str(caught.value) or "no module runs cfgengine" in str(caught.value)
