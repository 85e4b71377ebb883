"""The scenarios: what is asked of a server, and in which order it is measured."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks import configs, phases
from benchmarks.phases import Plan, Unfit
from benchmarks.servers import Server

if TYPE_CHECKING:
    from benchmarks.load import Load

LOAD_CORE = 1
USERS = 20_000
CALLED_USERS = 1_000
ROUTERS = ("kamailio", "kamailio-tlsf", "siprouter", "siprouter-pure")
THREE = ROUTERS[:3]
OURS = ROUTERS[2:3]


@dataclass(frozen=True)
class Scenario:
    """``rate``: requests a second at which CPU is measured; ``window``: most requests unanswered at a time.

    ``config`` gives "" where what it needs is not there. ``most_rounds``: more of them tell nothing new. ``servers``:
    those that it makes sense for.
    """

    name: str
    title: str
    unit: str
    rate: int
    window: int
    config: Callable[[Plan], str]
    make: Callable[[Server, int], Any]
    measure: Callable[[Scenario, Server, Plan], dict[str, float]]
    most_rounds: int = 1000
    servers: tuple[str, ...] = THREE


def first_number() -> int:
    """Where the numbers of a load start: no server has seen them."""
    return int.from_bytes(os.urandom(2), "big") << 12


def flow(scenario: Scenario, server: Server, plan: Plan) -> dict[str, float]:
    """Warm up, CPU at a fixed rate, as fast as it can, most without loss, latency at half of that."""
    load = scenario.make(server, first_number())
    title, window, seconds = scenario.title, scenario.window, plan.seconds
    found: dict[str, float] = {}
    try:
        load.run(5, 0, 1, 1)  # connections are made once
        load.run(min(0.5, seconds), scenario.rate, window)
        phases.check(load, title, server)
        found |= phases.cpu_at_fixed_rate(load, title, server, scenario.rate, window, seconds)
        found |= phases.as_fast_as_it_can(load, title, server, window, seconds)
        lossless = phases.rate_without_loss(load, found["max_rate"], seconds / 3)
        found["lossless_rate"] = lossless
        found |= phases.latency(load, (lossless or found["max_rate"]) / 2, window, seconds)
        found["memory_mb"] = server.memory() / 1e6
    finally:
        load.close()
    return found


def filled_flow(scenario: Scenario, server: Server, plan: Plan) -> dict[str, float]:
    """The same for a registrar: first all users register, which shows what a contact costs."""
    empty = server.memory()
    load = scenario.make(server, first_number())
    try:
        load.run(60, 0, scenario.window, USERS)
        phases.check(load, scenario.title, server)
    finally:
        load.close()
    size = (server.memory() - empty) / USERS
    return {**flow(scenario, server, plan), "bytes_per_contact": size}


def contacts(scenario: Scenario, server: Server, plan: Plan) -> dict[str, float]:
    """Registers very many users, as many as the time allows, and looks them up."""
    from benchmarks.load_location import Lookups, Registers

    empty, before = server.memory(), server.cpu_seconds()
    filling = Registers(server.address, -1, plan.contacts)
    try:
        took = filling.run(plan.contact_seconds, 0, scenario.window, plan.contacts)
        phases.check(filling, scenario.title, server)
        count = filling.finished
    finally:
        filling.close()
    found = {
        "contacts": count,
        "bytes_per_contact": (server.memory() - empty) / count,
        "register_us": (server.cpu_seconds() - before) / count * 1e6,
        "register_rate": count / took,
    }
    looking = Lookups(server.address, first_number(), count)
    try:
        for few, name in ((CALLED_USERS, "lookup_few_us"), (count, "lookup_us")):
            looking.users = few
            looking.run(0.3, 0, scenario.window)
            before = server.cpu_seconds()
            looking.run(plan.seconds, 0, scenario.window)
            phases.check(looking, scenario.title, server)
            found[name] = (server.cpu_seconds() - before) / looking.finished * 1e6
        found |= phases.latency(looking, scenario.rate, scenario.window, plan.seconds)
    finally:
        looking.close()
    return found


def transactions(scenario: Scenario, server: Server, plan: Plan) -> dict[str, float]:
    """Calls that ring and are not answered: what each keeps in memory."""
    load = scenario.make(server, first_number())
    try:
        load.run(0.2, scenario.rate, scenario.window)
        phases.check(load, scenario.title, server)
        empty, before = server.memory(), server.cpu_seconds()
        load.run(60, 0, scenario.window, plan.transactions)
        phases.check(load, scenario.title, server)
        return {
            "transactions": load.finished,
            "bytes_per_transaction": (server.memory() - empty) / load.finished,
            "cpu_us": (server.cpu_seconds() - before) / load.finished * 1e6,
            "lost": load.lost,
        }
    finally:
        load.close()


def start(scenario: Scenario, server: Server, plan: Plan) -> dict[str, float]:
    """How long it took from the command to the first answer."""
    return {"start_s": server.started_in, "start_cpu_s": server.cpu_seconds(), "memory_mb": server.memory() / 1e6}


def forward(transport: str) -> Callable[[Server, int], Load]:
    def make(server: Server, first: int) -> Load:
        from benchmarks.load import Forward

        return Forward(server.address, first, transport)

    return make


def calls(transport: str) -> Callable[[Server, int], Load]:
    def make(server: Server, first: int) -> Load:
        from benchmarks.load import Calls

        return Calls(server.address, first, transport)

    return make


def ringing(server: Server, first: int) -> Load:
    from benchmarks.load import Ringing

    return Ringing(server.address, first)


def registers(transport: str) -> Callable[[Server, int], Load]:
    def make(server: Server, first: int) -> Load:
        from benchmarks.load_location import Registers

        return Registers(server.address, first, USERS, transport)

    return make


def authorized(server: Server, first: int) -> Load:
    from benchmarks.load_location import Authorized

    return Authorized(server.address, first, USERS)


def calls_to_users(server: Server, first: int) -> Load:
    """Calls to registered users: their phones register first, all at the callee's port."""
    from benchmarks.load import Calls
    from benchmarks.load_location import Registers

    target = f"sip:u@@@@@@@@@@@127.0.0.1:{server.port}"
    load = Calls(server.address, first, "udp", target, CALLED_USERS)
    phones = Registers(server.address, first, CALLED_USERS, "udp", load.uas.port)
    try:
        phones.run(30, 0, 32, CALLED_USERS)
        phases.check(phones, "REGISTER of the callees", server)
    except Unfit:
        load.close()
        raise
    finally:
        phones.close()
    return load


def named(name: str, transport: str = "udp") -> Callable[[Plan], str]:
    return lambda plan: configs.named(name, transport)


def with_accounts(plan: Plan) -> str:
    return configs.with_accounts(USERS)


def defaults(plan: Plan) -> str:
    return configs.default()


def stock(plan: Plan) -> str:
    return configs.stock()


def large(plan: Plan) -> str:
    return configs.large(plan.lines)


def over(transport: str, title: str) -> list[Scenario]:
    """The first three scenarios over another transport."""
    forwards, called, registered = (named(name, transport) for name in ("forward.cfg", "call.cfg", "register.cfg"))
    kinds = (
        ("forward", "stateless forward", "message", 4_000, 96, forwards, forward(transport)),
        ("call", "record-routed call", "call", 400, 48, called, calls(transport)),
        ("register", "REGISTER", "REGISTER", 2_000, 96, registered, registers(transport)),
    )
    return [Scenario(f"{name}-{transport}", f"{words}, {title}", *more, flow, 2) for name, words, *more in kinds]


SCENARIOS = (
    Scenario("forward", "stateless forward", "message", 8_000, 96, named("forward.cfg"), forward("udp"), flow),
    Scenario("call", "record-routed call", "call", 800, 48, named("call.cfg"), calls("udp"), flow),
    Scenario("register", "REGISTER", "REGISTER", 3_000, 96, named("register.cfg"), registers("udp"), filled_flow),
    Scenario("authorize", "REGISTER, digest", "REGISTER", 1_500, 96, named("authorize.cfg"), authorized, flow),
    Scenario("authorize-sql", "REGISTER, digest, SQLite", "REGISTER", 1_500, 96, with_accounts, authorized, flow),
    Scenario("default", "call, default configuration", "call", 400, 48, defaults, calls_to_users, flow),
    Scenario("stock", "call, stock configuration of 3.1", "call", 400, 48, stock, calls_to_users, flow, 3, OURS),
    *over("tcp", "TCP"),
    *over("tls", "TLS"),
    Scenario("contacts", "many contacts", "look-up", 3_000, 64, named("contacts.cfg"), registers("udp"), contacts, 1),
    Scenario(
        "transactions", "many transactions", "transaction", 1_000, 96, named("ringing.cfg"), ringing, transactions, 1
    ),
    Scenario("start", "start with 10,000 lines", "start", 1, 1, large, forward("udp"), start, 3, ROUTERS),
)


def pin_load() -> None:
    """The load has a core to itself where there are two."""
    if (os.cpu_count() or 1) > LOAD_CORE:
        os.sched_setaffinity(0, {LOAD_CORE})
