"""GET of one small file over HTTP or HTTPS. Strangers say which one: everything about the answer is bounded."""

from __future__ import annotations

import asyncio
import re
import ssl
from pathlib import Path

import httptools

from siprouter.util.errors import OperatorError, SipRouterError

URL = re.compile(r"(https?)://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?(/[!-~]*)?", re.ASCII | re.IGNORECASE)
MAX_URL = 512
MAX_HEADERS = 16_384
CHUNK = 4096
PORTS = {"http": 80, "https": 443}


class FetchError(SipRouterError):
    """The file could not be had; the text says why."""


def client_context(ca_file: str) -> ssl.SSLContext:
    """How HTTPS servers are checked: against the system's authorities and those in a file. Raises OperatorError."""
    context = ssl.create_default_context()
    if ca_file:
        try:
            context.load_verify_locations(ca_file)
        except (OSError, ssl.SSLError) as error:
            raise OperatorError(f"certificates of {ca_file} cannot be read: {error}") from None
    return context


def system_authorities() -> Path | None:
    """The file of the authorities that this machine trusts, None where it has none."""
    found = ssl.get_default_verify_paths().cafile
    return None if found is None else Path(found)


class Downloads:
    """Files by their addresses: who asks for one that is on its way waits for that, and no more than `most` are."""

    def __init__(self, context: ssl.SSLContext, limit: int, seconds: float, most: int) -> None:
        self.context = context
        self.limit = limit
        self.seconds = seconds
        self.most = most
        self._running: dict[str, asyncio.Task[bytes]] = {}

    async def get(self, url: str) -> bytes:
        """The file at `url`; see `fetch`. Raises FetchError."""
        task = self._running.get(url)
        if task is None:
            if len(self._running) >= self.most:
                raise FetchError(f"{self.most} downloads go on already")
            task = asyncio.create_task(fetch(url, self.context, self.limit, self.seconds), name="download")
            self._running[url] = task
            task.add_done_callback(lambda _: self._running.pop(url, None))
        # others may wait for the same one
        return await asyncio.shield(task)

    def close(self) -> None:
        """Break off what goes on."""
        for task in self._running.values():
            task.cancel()


class _Answer:
    """What httptools tells about the response."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.body = bytearray()
        self.headers_complete = False
        self.complete = False

    def on_headers_complete(self) -> None:
        self.headers_complete = True

    def on_body(self, body: bytes) -> None:
        self.body += body
        if len(self.body) > self.limit:
            raise FetchError(f"the file is longer than {self.limit} octets")

    def on_message_complete(self) -> None:
        self.complete = True


async def fetch(url: str, context: ssl.SSLContext, limit: int, seconds: float) -> bytes:
    """The file at `url`, at most `limit` octets, within `seconds`. Redirections are not followed. Raises FetchError."""
    match = URL.fullmatch(url)
    if match is None or len(url) > MAX_URL:
        raise FetchError("no address of a file")
    scheme, host, path = match[1].lower(), match[2], match[4] or "/"
    port = int(match[3]) if match[3] else PORTS[scheme]
    if not 0 < port < 65_536:
        raise FetchError("no address of a file")
    try:
        async with asyncio.timeout(seconds):
            name = host.strip("[]")
            reader, writer = await asyncio.open_connection(name, port, ssl=context if scheme == "https" else None)
            try:
                authority = host if port == PORTS[scheme] else f"{host}:{port}"
                request = f"GET {path} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: siprouter\r\n"
                writer.write(f"{request}Accept: */*\r\nConnection: close\r\n\r\n".encode("ascii"))
                return await _read(reader, limit)
            finally:
                # a farewell could be waited for without end
                writer.transport.abort()
    except TimeoutError:
        raise FetchError(f"no file within {seconds:g} s") from None
    except (OSError, ssl.SSLError, UnicodeError) as error:
        raise FetchError(str(error)) from None


async def _read(reader: asyncio.StreamReader, limit: int) -> bytes:
    answer = _Answer(limit)
    parser = httptools.HttpResponseParser(answer)
    taken = 0
    while not answer.complete:
        data = await reader.read(CHUNK)
        taken += len(data)
        if not data:
            if not answer.headers_complete:
                raise FetchError("the connection ended before the file")
            break  # a body without a length ends with the connection
        if not answer.headers_complete and taken > MAX_HEADERS:
            raise FetchError("the headers are too long")
        try:
            parser.feed_data(data)
        except httptools.HttpParserError as error:
            cause = error.__context__
            raise cause if isinstance(cause, FetchError) else FetchError(f"no HTTP: {error}") from None
    status = parser.get_status_code()
    if status // 100 != 2:
        raise FetchError(f"the server says {status}")
    return bytes(answer.body)
