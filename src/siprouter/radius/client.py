"""The client: asks one server after the other until one answers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siprouter.radius.attributes import Pair
from siprouter.radius.config import RadiusConfig, ServerAddress, read_config
from siprouter.radius.dictionary import Dictionary
from siprouter.radius.errors import RadiusUnavailableError
from siprouter.radius.packets import ACCESS_REQUEST, ACCOUNTING_REQUEST, Reply
from siprouter.radius.server import Server
from siprouter.util.errors import OperatorError
from siprouter.util.log import Log

if TYPE_CHECKING:
    from siprouter.core.worker import Worker

SERVICE = "radius"


class RadiusClient:
    """What one configuration file describes, for one event loop. Sockets are opened by the first request."""

    def __init__(self, config: RadiusConfig, log: Log) -> None:
        """Reads the dictionary. Raises OperatorError."""
        self.config = config
        self.log = log
        self.dictionary = Dictionary(config.dictionary)
        self._auth = [self._server(address) for address in config.auth_servers]
        self._acct = [self._server(address) for address in config.acct_servers]

    def _server(self, address: ServerAddress) -> Server:
        return Server(address, self.config, self.dictionary, self.log)

    async def authenticate(self, pairs: Sequence[Pair]) -> Reply:
        """Send an Access-Request. Raises RadiusUnavailableError, RadiusRequestError."""
        return await self._ask(self._auth, ACCESS_REQUEST, pairs, True)

    async def account(self, pairs: Sequence[Pair], patient: bool = False) -> Reply:
        """Send an Accounting-Request. Raises as `authenticate` does.

        `patient` False: where nobody listens on the port of any server, the caller hears of it at once.
        """
        return await self._ask(self._acct, ACCOUNTING_REQUEST, pairs, patient)

    async def _ask(self, servers: list[Server], code: int, pairs: Sequence[Pair], patient: bool) -> Reply:
        now = asyncio.get_running_loop().time()
        # those that did not answer a moment ago come last, but they come
        order = sorted(servers, key=lambda server: server.dead_until > now)
        problem = RadiusUnavailableError(f"{self.config.path} names no server for this kind of request")
        for server in order:
            try:
                reply = await server.ask(code, pairs, patient and server is order[-1])
            except RadiusUnavailableError as error:
                problem = error
                self._failed(server, error, server is order[-1])
            else:
                if server.dead_until:
                    server.dead_until = 0.0
                    self.log.notice("RADIUS server %s answers again", server.address, source="radius")
                return reply
        raise problem

    def _failed(self, server: Server, error: RadiusUnavailableError, last: bool) -> None:
        server.forget_address()
        if not server.dead_until and not last:
            self.log.error("%s: the next one is asked", error, source="radius")
        server.dead_until = asyncio.get_running_loop().time() + self.config.dead_time

    @property
    def bad_replies(self) -> int:
        """Replies that were refused: malformed, or not signed with our secret."""
        return sum(server.bad_replies for server in (*self._auth, *self._acct))

    def close(self) -> None:
        """Close all sockets; who waits for an answer gets RadiusUnavailableError."""
        for server in (*self._auth, *self._acct):
            server.close()


def open_radius(worker: Worker, path: str, module: str, *, auth: bool = False, acct: bool = False) -> RadiusClient:
    """The client of a configuration file, shared by the modules of a worker; closed behind the last one.

    `auth`, `acct`: what the module needs servers for. Raises OperatorError.
    """
    clients: dict[Path, RadiusClient] | None = worker.services.get(SERVICE)
    if clients is None:
        clients = worker.services[SERVICE] = {}
        worker.hooks.stopped.append(lambda: close_all(worker))
    if not path:
        hint = f'modparam("{module}", "radius_config", "/etc/radiusclient-ng/radiusclient.conf")'
        raise OperatorError(f"{module}: radius_config is empty", suggestion=hint)
    place = Path(path)
    try:
        found = clients.get(place)
        if found is None:
            found = clients[place] = RadiusClient(read_config(place), worker.log)
        for wanted, servers, keyword in (
            (auth, found.config.auth_servers, "authserver"),
            (acct, found.config.acct_servers, "acctserver"),
        ):
            if wanted and not servers:
                raise OperatorError(f"{place} names no {keyword}", suggestion=f"{keyword} localhost")
    except OperatorError as error:
        raise OperatorError(f"{module}: {error.message}", error.location, error.suggestion) from None
    return found


def close_all(worker: Worker) -> None:
    """Close the clients of a worker."""
    clients: Any = worker.services.pop(SERVICE, {})
    for client in clients.values():
        client.close()
