"""The pytest plugin, in test runs of its own."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points

import pytest

pytest_plugins = ["pytester"]

INSTALLED = any(point.name == "siprouter" for point in entry_points(group="pytest11"))
PLUGIN = [] if INSTALLED else ["-p", "siprouter.testing.plugin"]
OTHERS = ["-p", "no:cacheprovider", "-p", "no:asyncio", "-p", "no:xdist", "-p", "no:hypothesispytest"]

CONFIG = """
#!KAMAILIO
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "xlog.so"
loadmodule "pv.so"
route {
    xlog("L_INFO", "asked for $rU\\n");
#!ifdef BUSY
    sl_send_reply("486", BUSY);
    exit;
#!endif
    if ($rU == "gone") {
        sl_send_reply("410", "Gone");
        exit;
    }
    $ru = "sip:bob@10.0.0.1:5060";
    t_relay();
}
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project with etc/my.cfg, named in its ini file."""
    pytester.mkdir("etc").joinpath("my.cfg").write_text(CONFIG)
    pytester.makeini("[pytest]\nsiprouter_config = etc/my.cfg\nsiprouter_aliases = example.org\n")
    return pytester


def run(project: pytest.Pytester, text: str, *arguments: str) -> pytest.RunResult:
    project.makepyfile(text)
    return project.runpytest_inprocess(*PLUGIN, *OTHERS, "--strict-markers", *arguments)


def test_importing_it_costs_nothing() -> None:
    code = "import sys, siprouter.testing.plugin; print(*sorted(n for n in sys.modules if n.startswith('siprouter')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    expected = {"siprouter", "siprouter._pure", "siprouter.testing", "siprouter.testing.plugin"}
    assert set(done.stdout.split()) <= expected


def test_the_configuration_of_the_project(project: pytest.Pytester) -> None:
    result = run(
        project,
        """
        def test_gone(siprouter_node):
            sent = siprouter_node.receive(siprouter_node.request("OPTIONS", "sip:gone@example.org"))
            assert sent[0].status == 410
            assert siprouter_node.worker.is_myself("example.org")
        """,
    )
    result.assert_outcomes(passed=1)


def test_phones(project: pytest.Pytester) -> None:
    result = run(
        project,
        """
        def test_call(siprouter_node, siprouter_phone):
            bob, alice = siprouter_phone("bob"), siprouter_phone("alice")
            assert (bob.address, alice.address) == ("10.0.0.1:5060", "10.0.0.2:5060")
            bob.on_invite = lambda leg: leg.reject(486)
            assert alice.call("bob").status == 486

        def test_tcp(siprouter_phone):
            assert siprouter_phone("bob", "tcp:10.0.0.9:5060").transport == "TCP"
        """,
    )
    result.assert_outcomes(passed=2)


def test_marker_and_factory(project: pytest.Pytester) -> None:
    project.path.joinpath("other.cfg").write_text('loadmodule "sl.so"\nroute { sl_send_reply("404", "Other"); }')
    result = run(
        project,
        """
        import pytest

        def status(node):
            return node.receive(node.request("OPTIONS", "sip:gone@example.org"))[0].status

        @pytest.mark.siprouter("other.cfg")
        def test_other_file(siprouter_node):
            assert status(siprouter_node) == 404

        @pytest.mark.siprouter(defines={"BUSY": '"Busy"'})
        def test_defines(siprouter_node):
            assert status(siprouter_node) == 486

        @pytest.mark.siprouter(text='loadmodule "sl.so"' + chr(10) + 'route { sl_send_reply("405", "X"); }')
        class TestText:
            def test_text(self, siprouter_node):
                assert status(siprouter_node) == 405

            @pytest.mark.siprouter(listen=["udp:10.9.9.9:5080"])
            def test_more(self, siprouter_node):
                assert status(siprouter_node) == 405
                assert siprouter_node.worker.listeners.all[0].port == 5080

        def test_factory(siprouter_node_factory):
            first = siprouter_node_factory("other.cfg")
            text = 'loadmodule "sl.so"' + chr(10) + 'route { sl_send_reply("403", "X"); }'
            second = siprouter_node_factory(text=text)
            assert (status(first), status(second)) == (404, 403)
        """,
    )
    result.assert_outcomes(passed=5)


def test_ini_options(pytester: pytest.Pytester) -> None:
    pytester.makepyprojecttoml(
        """
        [tool.pytest.ini_options]
        siprouter_config = "my.cfg"
        siprouter_defines = ["BUSY=\\"Busy\\""]
        siprouter_listen = ["udp:10.9.9.9:5080"]
        """
    )
    pytester.path.joinpath("my.cfg").write_text(CONFIG)
    result = run(
        pytester,
        """
        def test_both(siprouter_node):
            assert [listener.name for listener in siprouter_node.worker.listeners] == ["udp:10.9.9.9:5080"]
            assert siprouter_node.receive(siprouter_node.request("OPTIONS", "sip:gone@x"))[0].status == 486
        """,
    )
    result.assert_outcomes(passed=1)


LEAKY = """
import pytest

@pytest.mark.siprouter(leaks=LEAKS)
def test_open_call(siprouter_node):
    siprouter_node.receive(siprouter_node.request("INVITE", "sip:bob@example.org"))
"""


def test_leaks_are_errors(project: pytest.Pytester) -> None:
    result = run(project, LEAKY.replace("LEAKS", "True"))
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*LeakError: transaction without final reply: INVITE sip:bob@example.org*"])


def test_leaks_may_be_allowed(project: pytest.Pytester) -> None:
    run(project, LEAKY.replace("LEAKS", "False")).assert_outcomes(passed=1)


def test_a_failure_shows_messages_and_log(project: pytest.Pytester) -> None:
    result = run(
        project,
        """
        def test_fails(siprouter_node, siprouter_phone):
            alice = siprouter_phone("alice")
            alice.transmit(alice.request("INVITE", "sip:bob@example.org"))
            siprouter_node.settle()
            assert siprouter_node.last.status == 200
        """,
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*SIP messages*", "*alice*router*", "*INVITE sip:bob@example.org*", "*router log*"])
    result.stdout.fnmatch_lines(["*asked for bob*"])


def test_a_missing_configuration(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        import pytest

        def test_none(siprouter_node):
            pass

        @pytest.mark.siprouter("absent.cfg")
        def test_absent(siprouter_node):
            pass
        """,
    )
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["*set the ini option siprouter_config*", "*configuration absent.cfg not found*"])


def test_a_broken_configuration_is_shown_with_its_place(project: pytest.Pytester) -> None:
    project.path.joinpath("broken.cfg").write_text("route {\n    nonsense();\n}\n")
    result = run(
        project,
        """
        import pytest

        @pytest.mark.siprouter("broken.cfg")
        def test_it(siprouter_node):
            pass
        """,
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*broken.cfg:2:5: error: *nonsense*"])
