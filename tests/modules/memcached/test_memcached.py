"""The variables of memcached, in a server of two workers beside Debian's memcached."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import closing
from hashlib import md5
from pathlib import Path

import pytest

from siprouter.modules.memcached.state import key_octets, parse_server
from siprouter.testing import LoadError, Node
from siprouter.util.errors import OperatorError
from tests.support.memcached import Memcached
from tests.support.ports import Ports
from tests.support.process import polls
from tests.support.wire import Endpoint, Message
from tests.support.workers import Workers

SCRIPT = """
debug=1
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "xlog.so"
loadmodule "memcached.so"
modparam("memcached", "servers", "127.0.0.1:@CACHE@")
modparam("memcached", "timeout", 1000)
@PARAMS@
route {
    $var(k) = $hdr(X-Key);
    switch ($rU) {
        case "text": $mct($var(k)) = $hdr(X-Value); break;
        case "number": $mct($var(k)) = $(hdr(X-Value){s.int}); break;
        case "delete": $mct($var(k)) = $null; break;
        case "inc": $mcinc($var(k)) = 3; break;
        case "dec": $mcdec($var(k)) = 2; break;
        case "live": $mctex($var(k)) = 100; break;
        case "badlive": $mctex($var(k)) = "x"; break;
    }
    if ($mct($var(k)) == 5) { append_to_reply("X-Five: yes\\r\\n"); }
    append_to_reply("X-Found: $mct($var(k))|$(mct($var(k)){s.len})|$mctex($hdr(X-Key))\\r\\n");
    sl_send_reply("200", "OK");
}
"""

pytestmark = pytest.mark.scenario


class Phone(Endpoint):
    numbers = itertools.count()

    def ask(self, what: str, key: str = "k", value: str = "") -> Message:
        call = f"m{next(self.numbers)}@test"
        self.send(
            f"OPTIONS sip:{what}@test SIP/2.0\nVia: SIP/2.0/UDP {self.address};branch=z9hG4bK{call}\n"
            f"From: <sip:a@test>;tag=a\nTo: <sip:b@test>\nCall-ID: {call}\nCSeq: 1 OPTIONS\n"
            f"X-Key: {key}\nX-Value: {value}\nMax-Forwards: 70\nContent-Length: 0\n\n"
        )
        return self.expect(200, 30, call=call)

    def found(self, what: str, key: str = "k", value: str = "") -> str:
        return self.ask(what, key, value).value("x-found")


@pytest.fixture
def cache(tmp_path: Path, ports: Ports) -> Iterator[Memcached]:
    with Memcached(tmp_path, ports) as running:
        yield running


def router(cache: Memcached, tmp_path: Path, ports: Ports, params: str = "") -> Workers:
    return Workers(SCRIPT.replace("@CACHE@", str(cache.port)).replace("@PARAMS@", params), tmp_path, ports)


def test_variables(cache: Memcached, tmp_path: Path, ports: Ports) -> None:
    with router(cache, tmp_path, ports) as server, closing(Phone("phone", server.address)) as phone:
        assert phone.found("get") == "<null>||<null>"
        assert phone.found("text", value="h\xe9 llo") == "h\xe9 llo|7|h\xe9 llo"
        assert phone.found("get") == "h\xe9 llo|7|h\xe9 llo"
        assert cache.ask("get k").startswith("VALUE k 1 7\r\n")
        assert phone.found("inc").startswith("h\xe9 llo|")
        reply = phone.ask("number", value="5")
        assert (reply.value("x-found"), reply.value("x-five")) == ("5|1|5", "yes")
        assert phone.found("inc") == "8|1|8"
        assert phone.found("dec") == "6|1|6"
        assert phone.found("live") == "6|1|6"
        assert phone.found("badlive") == "6|1|6"
        assert phone.found("delete") == "<null>||<null>"
        assert phone.found("inc", key="none") == "<null>||<null>"
        long = "x" * 300
        assert phone.found("text", long, "v").startswith("v|")
        assert cache.ask(f"get {md5(long.encode()).hexdigest()}").startswith("VALUE ")
        assert phone.found("text", "a b", "odd").startswith("odd|")
        assert phone.found("get", "a").startswith("<null>")
        log = server.tail()
        assert "text, not a number" in log
        assert "takes numbers from 0 on" in log


def test_write_once(cache: Memcached, tmp_path: Path, ports: Ports) -> None:
    once = 'modparam("memcached", "mode", 1)'
    with router(cache, tmp_path, ports, once) as server, closing(Phone("phone", server.address)) as phone:
        assert phone.found("text", value="first").startswith("first|")
        assert phone.found("text", value="second").startswith("first|")
        assert "mode 1 does not overwrite" in server.tail()


def test_a_server_that_goes_and_comes(cache: Memcached, tmp_path: Path, ports: Ports) -> None:
    with router(cache, tmp_path, ports) as server, closing(Phone("phone", server.address)) as phone:
        assert phone.found("text", value="x").startswith("x|")
        cache.stop()
        assert phone.found("get") == "<null>||<null>"
        cache.start()
        cache.ready()
        for _ in polls(30):
            if phone.found("text", value="again").startswith("again|"):
                break
        for _ in polls(30):  # the other worker, too
            if "the server is back" in server.tail():
                break
            phone.found("get")
        assert "the server is away" in server.tail()
        assert phone.found("get").startswith("again|")


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("localhost", ("localhost", 11211)),
        ("h:1", ("h", 1)),
        ("[::1]:5", ("::1", 5)),
        (" h:1 ", ("h", 1)),
        ("a:1,b:2", None),
        ("h:x", None),
        ("h:70000", None),
        ("", None),
    ],
)
def test_servers(text: str, server: tuple[str, int] | None) -> None:
    if server is not None:
        assert parse_server(text) == server
        return
    with pytest.raises(OperatorError, match="one host:port"):
        parse_server(text)


def test_keys_are_never_more_than_keys() -> None:
    assert key_octets("alice@example.org") == b"alice@example.org"
    for text in ("", "a b", "a\r\nflush_all", "x" * 250, "a\0"):
        assert key_octets(text) == md5(text.encode()).hexdigest().encode()


@pytest.mark.parametrize("param", ['"mode", 2', '"timeout", 0', '"expire", -1', '"servers", "a b"'])
def test_parameters_are_checked(param: str) -> None:
    with pytest.raises(LoadError, match="memcached: "):
        Node(f'loadmodule "memcached.so"\nmodparam("memcached", {param})\nroute {{ drop; }}')
