"""The instance of prefix_route: routes by the longest prefix of the number that is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.db.databases import check_names, open_database
from siprouter.db.errors import DbError
from siprouter.db.interface import Database
from siprouter.db.values import to_text
from siprouter.rpc.values import RpcError
from siprouter.script.runtime import run_route, run_waiting_route
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

DIGITS = frozenset("0123456789")
PLACE = "prefix_route()"


class PrefixRoute:
    """One instance per worker, with rules of its own."""

    db_url: str
    db_table: str

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.database: Database
        self.rules: dict[str, str] = {}
        self.longest = 0

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        check_names("prefix_route", {"db_table": self.db_table})
        self.database = open_database(self.worker, self.db_url, "prefix_route", query=True)

    async def start(self) -> None:
        """Read the rules. Raises OperatorError."""
        try:
            await self.load()
        except (DbError, ValueError) as error:
            raise OperatorError(f"prefix_route: table {self.db_table}: {error}") from None

    async def load(self) -> None:
        """Read the rules anew. Raises DbError, or ValueError for bad rows; then those that there are stay."""
        found: dict[str, str] = {}
        async for rows in self.database.pages(self.db_table, [], ["prefix", "route"]):
            for prefix, route in rows:
                if prefix is None or route is None:
                    self.worker.log.error("table %s: a row without value", self.db_table, source="prefix_route")
                    continue
                self._add(found, digits(to_text(prefix)), to_text(route))
            await self.worker.sleep(0)
        self.rules = found
        self.longest = max(map(len, found), default=0)

    def _add(self, found: dict[str, str], prefix: str, route: str) -> None:
        script = self.worker.script
        if script is None or route not in script.routes:
            raise ValueError(f"prefix '{prefix}': there is no route[{route}]")
        if prefix in found:
            self.worker.log.error("prefix %s is there more than once", prefix, source="prefix_route")
        found[prefix] = route

    def find(self, number: str) -> str | None:
        """The route for a number, all digits."""
        for length in range(min(len(number), self.longest), -1, -1):
            route = self.rules.get(number[:length])
            if route is not None:
                return route
        return None

    async def route(self, ctx: Context) -> int:
        """prefix_route(): run the route of the longest prefix. -1: there is none; 0 (the script stops) after it."""
        number = digits(ctx.parsed_uri.user)
        name = self.find(number) if number else None
        if name is None:
            return -1
        compiled = ctx.script.routes.get(name) if ctx.script is not None else None
        if compiled is None:
            self.worker.log.error("there is no route[%s] any more", name, source="prefix_route")
            return -1
        if compiled.waits:
            code = await run_waiting_route(ctx, compiled.run, PLACE)
        else:
            code = run_route(ctx, compiled.run, PLACE)
        return -1 if code < 0 else 0

    # --- management

    async def reload(self, _call: object) -> str:
        """prefix_route.reload"""
        try:
            await self.load()
        except (DbError, ValueError) as error:
            self.worker.log.error("the rules stay as they are: %s", error, source="prefix_route")
            raise RpcError(400, "failed to reload prefix routes") from None
        return "Prefix routes reloaded successfully"

    def dump(self, _call: object) -> list[str]:
        """prefix_route.dump: a line for each rule, sorted."""
        return [f"{prefix} \t--> route[{route}] " for prefix, route in sorted(self.rules.items())]


def digits(text: str) -> str:
    """The digits of a text; all else does not count."""
    return "".join(char for char in text if char in DIGITS)
