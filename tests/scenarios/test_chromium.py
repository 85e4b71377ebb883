"""JsSIP in Chromium: two phones in a web page call each other over WebSocket, and a UDP phone."""

from __future__ import annotations

import functools
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.scenarios.test_websocket import CONFIG
from tests.support.ports import Ports
from tests.support.process import Process, need
from tests.support.routers import Siprouter
from tests.support.wire import Endpoint

pytestmark = [pytest.mark.scenario, pytest.mark.slow]

PAGE = Path(__file__).with_name("web")
BUNDLE = Path(__file__).resolve().parents[2] / "build" / "web" / "jssip.js"
PACKAGES = ("jssip@3", "esbuild@0.25")
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run "
    "--allow-loopback-in-peer-connection --use-fake-ui-for-media-stream --use-fake-device-for-media-stream "
    "--disable-features=WebRtcHideLocalIpsWithMdns"
)


class Page(SimpleHTTPRequestHandler):
    """Serves the page, and takes what it has to tell."""

    def log_message(self, *_arguments: object) -> None:
        pass

    def do_POST(self) -> None:
        self.server.told = self.rfile.read(int(self.headers["Content-Length"])).decode()  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.done.set()  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def bundle() -> Path:
    """JsSIP as one file, from the npm registry; made once."""
    if BUNDLE.exists():
        return BUNDLE
    need("npm", "node")
    folder = BUNDLE.parent
    folder.mkdir(parents=True, exist_ok=True)
    commands = [
        ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), *PACKAGES],
        [str(folder / "node_modules/.bin/esbuild"), "node_modules/jssip/lib/JsSIP.js", "--bundle", "--format=iife",
         "--global-name=JsSIP", f"--outfile={BUNDLE}"],
    ]  # fmt: skip
    for command in commands:
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=180, check=False)
        if done.returncode != 0:
            pytest.skip(f"JsSIP cannot be had from the npm registry: {done.stderr.decode()[-300:]}")
    return BUNDLE


@pytest.fixture
def site(bundle: Path, tmp_path: Path) -> Iterator[ThreadingHTTPServer]:
    folder = tmp_path / "site"
    shutil.copytree(PAGE, folder)
    shutil.copy(bundle, folder / "jssip.js")
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Page, directory=str(folder)))
    server.done = threading.Event()  # type: ignore[attr-defined]
    server.told = ""  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_phones_in_a_page(site: ThreadingHTTPServer, tmp_path: Path, ports: Ports) -> None:
    need("chromium")
    text = CONFIG.replace("@WSPORT@", str(ports.take())).replace("@PEER@", "9").replace("@KEEPALIVE@", "60")
    with Siprouter(text, tmp_path, ports) as router:
        carol = Endpoint("carol", router.address)
        carol.send(
            f"REGISTER sip:test.local SIP/2.0\nVia: SIP/2.0/UDP {carol.address};branch=z9hG4bKr\nMax-Forwards: 70\n"
            "From: <sip:carol@test.local>;tag=c\nTo: <sip:carol@test.local>\nCall-ID: reg\nCSeq: 1 REGISTER\n"
            f"Contact: <sip:carol@{carol.address}>\nContent-Length: 0\n\n"
        )
        carol.expect(200)
        url = f"http://127.0.0.1:{site.server_port}/index.html?server=ws://127.0.0.1:{router.port}"
        command = ["chromium", *FLAGS.split(), f"--user-data-dir={tmp_path / 'profile'}", url]
        try:
            with Process(command, tmp_path, "chromium"):
                invite = carol.expect("INVITE", 60)
                lines = [
                    f"{name.title()}: {value}"
                    for name, value in invite.headers
                    if name in ("via", "from", "call-id", "cseq")
                ]
                busy = ["SIP/2.0 486 Busy Here", *lines, f"To: {invite.value('to')};tag=c", "Content-Length: 0", "", ""]
                carol.send("\n".join(busy))
                assert site.done.wait(60), router.tail()  # type: ignore[attr-defined]
        finally:
            carol.close()
    told = site.told.splitlines()  # type: ignore[attr-defined]
    assert told == [
        "alice is registered",
        "bob is registered",
        "bob is called by alice",
        "call to bob is answered",
        "media arrives",
        "call to bob ended",
        "call to carol failed: 486",
    ]
