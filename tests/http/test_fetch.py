"""Files from web servers that are slow, wrong or many."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from siprouter.http.fetch import Downloads, FetchError, client_context, fetch
from siprouter.util.errors import OperatorError
from tests.support.identities import WebServer

CONTEXT = client_context("")


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    made = WebServer()
    await made.start()
    made.files = {"/": b"root", "/file?a=b": b"file"}
    yield made
    made.close()
    await asyncio.sleep(0)


async def get(web: WebServer, path: str = "/", limit: int = 100, seconds: float = 30.0) -> bytes:
    return await fetch(f"http://127.0.0.1:{web.port}{path}", CONTEXT, limit, seconds)


async def test_files(web: WebServer) -> None:
    assert await get(web) == b"root"
    assert await get(web, "") == b"root"
    assert await get(web, "/file?a=b") == b"file"
    with pytest.raises(FetchError, match="404"):
        await get(web, "/other")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://a/",
        "http://",
        "http:///x",
        "http://a:0/",
        "http://a:99999/",
        "http://user@a/",
        "http://a/\r\nX: y",
        "http://a/ b",
        "http://ä/",
        "http://a/" + "x" * 600,
    ],
)
async def test_what_is_no_address(url: str) -> None:
    with pytest.raises(FetchError, match="no address of a file"):
        await fetch(url, CONTEXT, 100, 30.0)


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n" + b"x" * 101, "longer than 100 octets"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n" + b"x" * 255, "longer than 100 octets"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 20_000, "headers are too long"),
        (b"HTTP/1.1 200", "ended before the file"),
        (b"SIP/2.0 200 OK\r\n\r\n", "no HTTP"),
        (b"HTTP/1.1 301 Moved\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", "the server says 301"),
    ],
    ids=["long", "chunked", "headers", "short", "sip", "moved"],
)
async def test_bad_answers(web: WebServer, raw: bytes, error: str) -> None:
    web.raw = raw
    with pytest.raises(FetchError, match=error):
        await get(web)


async def test_good_answers_of_other_forms(web: WebServer) -> None:
    web.raw = b"HTTP/1.0 200 OK\r\n\r\nuntil the end"
    assert await get(web) == b"until the end"
    web.raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
    assert await get(web) == b"abc"


async def test_silence(web: WebServer) -> None:
    web.raw = None
    with pytest.raises(FetchError, match=r"no file within 0\.05 s"):
        await get(web, seconds=0.05)


async def test_nobody_listens() -> None:
    with pytest.raises(FetchError, match="Connect"):
        await fetch("http://127.0.0.1:1/", CONTEXT, 100, 30.0)


async def test_downloads_are_shared_and_bounded(web: WebServer) -> None:
    downloads = Downloads(CONTEXT, 100, 30.0, 2)
    base = f"http://127.0.0.1:{web.port}/"
    assert await asyncio.gather(*[downloads.get(base) for _ in range(20)]) == [b"root"] * 20
    assert web.asked == ["/"]
    web.raw = None
    tasks = [asyncio.create_task(downloads.get(f"{base}{number}")) for number in range(3)]
    with pytest.raises(FetchError, match="2 downloads go on already"):
        await tasks[2]
    # one who gives up does not take the file from others
    other = asyncio.create_task(downloads.get(f"{base}0"))
    await asyncio.sleep(0)
    other.cancel()
    downloads.close()
    results = await asyncio.gather(*tasks[:2], other, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) for result in results)


def test_files_of_authorities() -> None:
    with pytest.raises(OperatorError, match="certificates of /nowhere cannot be read"):
        client_context("/nowhere")
