"""Host names to plans: from the cache at once, or by asking name servers."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from siprouter.dns.cache import Answer, DnsCache
from siprouter.dns.client import DnsClient, ServerFailure
from siprouter.dns.hosts import HostsFile
from siprouter.dns.plan import Missing, Plan, PlanOptions, Question, ResolveError, Target, plan_targets
from siprouter.dns.wire import AAAA, CNAME, NXDOMAIN, RECORD_TYPES, A, Data, Response, Srv, WireError, normalize_name
from siprouter.util.log import Log

MAX_ROUNDS = 32  # of questions for one plan
MAX_PARALLEL = 32  # questions of one round
MAX_QUERIES = 20_000  # under way together
MAX_ALIASES = 8  # CNAME records in a row
NO_ANSWER = -1

Clock = Callable[[], float]


@dataclass(slots=True)
class SearchOptions:
    """The search list: tried first for names with fewer dots than `ndots`, for others where the name is not there."""

    suffixes: list[str] = field(default_factory=list)
    ndots: int = 1


class Resolver:
    """Plans for next hops (RFC 3263) and plain answers. `clock()` is monotonic seconds.

    `failures` counts the questions that no server answered, `requests` those put to servers. `servers_up` False: no
    server is asked, what is known stays valid (dns.set_server_state).
    """

    def __init__(
        self,
        client: DnsClient,
        cache: DnsCache,
        options: PlanOptions,
        hosts: HostsFile,
        clock: Clock,
        log: Log,
        search: SearchOptions | None = None,
    ) -> None:
        self.client = client
        self.cache = cache
        self.options = options
        self.search = search or SearchOptions()
        self._hosts = hosts
        self._clock = clock
        self._log = log
        self.failures = 0
        self.requests = 0
        self.watcher: Callable[[str, str], Callable[[str], None]] | None = None
        """hears of each question that somebody waits for: "dns" and the question; what it gives, of the answer"""
        self._running: dict[Question, asyncio.Task[Answer]] = {}

    @property
    def servers_up(self) -> bool:
        """Whether name servers are asked."""
        return not self.cache.frozen

    @servers_up.setter
    def servers_up(self, up: bool) -> None:
        self.cache.frozen = not up

    def plan_now(self, host: str, port: int, proto: int, secure: bool = False) -> Plan | None:
        """The plan where it needs no look-up; None where it does. Empty where the host is known to have no address."""
        try:
            return Plan(plan_targets(host, port, proto, secure, self.options, self._known))
        except Missing:
            return None

    async def plan(self, host: str, port: int, proto: int, secure: bool = False) -> Plan:
        """The plan, with at least one target. Raises ResolveError."""
        answers: dict[Question, Answer] = {}

        def look_up(name: str, type: int) -> Answer | None:
            return answers.get((name, type)) or self._known(name, type)

        targets: list[Target] = []
        for _ in range(MAX_ROUNDS):
            try:
                targets = plan_targets(host, port, proto, secure, self.options, look_up)
            except Missing as missing:
                questions = missing.questions[:MAX_PARALLEL]
                found = await asyncio.gather(*(self.query(name, type) for name, type in questions))
                answers.update(zip(questions, found, strict=True))
                continue
            break
        if not targets:
            raise ResolveError(f"Unresolvable destination: {host}")
        return Plan(targets)

    async def query(self, name: str, type: int) -> Answer:
        """The answer to one question, from /etc/hosts, the cache or a name server. Never raises: see Answer."""
        name = normalize_name(name)
        known = self._known(name, type)
        if known is not None:
            return known
        if self.watcher is None:
            return await self._ask(name, type)
        ended = self.watcher("dns", f"{type_name(type)} {name}")
        answer = await self._ask(name, type)
        ended(" ".join(_shown(item) for item in answer.data) or "nothing")
        return answer

    async def _ask(self, name: str, type: int) -> Answer:
        """Waits for the answer to a question, together with all others who ask it now."""
        task = self._running.get((name, type))
        if task is None:
            if len(self._running) >= MAX_QUERIES:
                self._log.error("too many DNS queries are under way")
                return Answer((), 0, NO_ANSWER)
            task = asyncio.get_running_loop().create_task(self._fetch(name, type))
            self._running[name, type] = task
            task.add_done_callback(lambda _: self._running.pop((name, type), None))
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Gives up what is under way."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _known(self, name: str, type: int) -> Answer | None:
        now = self._clock()
        if type in (A, AAAA):
            fixed = self.cache.get_permanent(name, type, now)
            if fixed is not None:
                return fixed
            addresses = self._hosts.get(name, type, now)
            if addresses:
                return Answer(addresses, 0)
        known = self.cache.get(name, type, now)
        return Answer((), 0, NO_ANSWER) if known is None and not self.servers_up else known

    async def _fetch(self, name: str, type: int) -> Answer:
        """Asks for the name as it is and with the search list, and keeps the answer."""
        answer = Answer((), 0, NO_ANSWER)
        try:
            for candidate in self._candidates(name):
                answer = await self._fetch_exactly(candidate, type)
                if answer.data:
                    break
        except (ServerFailure, WireError) as error:
            self.failures += 1
            self._log.warning("DNS: %s", error)
            answer = Answer((), 0, NO_ANSWER)
        self.cache.put(name, type, answer, self._clock())
        return answer

    def _candidates(self, name: str) -> list[str]:
        suffixes = [] if name.startswith("_") else self.search.suffixes
        found = [f"{name}.{suffix}" for suffix in suffixes]
        return [name, *found] if name.count(".") >= self.search.ndots else [*found, name]

    async def _fetch_exactly(self, name: str, type: int) -> Answer:
        """Asks for one name, and for what it is an alias of."""
        ttl = float("inf")
        for _ in range(MAX_ALIASES):
            self.requests += 1
            response = await self.client.ask(name, type)
            data, life, owner = follow_aliases(response, name, type)
            ttl = min(ttl, life)
            if data or owner == name or response.rcode == NXDOMAIN:
                self._keep_additional(response, name, data)
                return Answer(tuple(data), ttl if data else 0, response.rcode)
            name = owner
        raise ServerFailure(f"{name}: too many aliases")

    def _keep_additional(self, response: Response, name: str, data: list[Data]) -> None:
        """Keeps the addresses of SRV targets that came along, those within the domain that was asked about only."""
        targets = {item.target for item in data if isinstance(item, Srv)}
        domain = name.split(".", 2)[2] if name.count(".") >= 2 else name
        now = self._clock()
        for target in targets:
            if target != domain and not target.endswith("." + domain):
                continue
            for type in (A, AAAA):
                records = [one for one in response.additional if one.name == target and one.type == type]
                if records:
                    ttl = min(one.ttl for one in records)
                    answer = Answer(tuple(one.data for one in records), ttl)
                    self.cache.put(target, type, answer, now, additional=True)


def type_name(type: int) -> str:
    """ "AAAA"; the number of a type that has no name here."""
    return next((name for name, number in RECORD_TYPES.items() if number == type), str(type))


def _shown(data: Data) -> str:
    return f"{data.target}:{data.port}" if isinstance(data, Srv) else str(data)


def follow_aliases(response: Response, name: str, type: int) -> tuple[list[Data], float, str]:
    """The records of `name` in a response, CNAMEs followed: (data, shortest TTL on the way, name where it ended)."""
    ttl = float("inf")
    for _ in range(MAX_ALIASES):
        records = [record for record in response.answers if record.name == name and record.type == type]
        if records:
            return [record.data for record in records], min(ttl, *(record.ttl for record in records)), name
        alias = next((one for one in response.answers if one.name == name and one.type == CNAME), None)
        if alias is None:
            break
        ttl = min(ttl, alias.ttl)
        name = str(alias.data)
    return [], ttl, name
