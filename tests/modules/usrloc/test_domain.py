from siprouter.modules.usrloc.contact import Contact
from siprouter.modules.usrloc.domain import DELETE, EXPIRE, INSERT, UPDATE, Domain
from tests.modules.usrloc.conftest import NOW, Load, contact
from tests.support.fakes import FakeWorker


def numbers(worker: FakeWorker) -> dict[str, int]:
    return {counter.name: counter.get() for counter in worker.counters.in_group("usrloc")}


def test_store_and_statistics(worker: FakeWorker, load: Load) -> None:
    usrloc = load()
    domain = usrloc.domain("location")
    assert usrloc.domain("location") is domain
    one, two = contact("a"), contact("b")
    domain.store("bob", (one,), [(INSERT, one)])
    domain.store("bob", (one, two), [(INSERT, two)])
    domain.store("ann", (one,), [(INSERT, one)])
    assert domain.get("bob") == (one, two) and domain.get("nobody") == ()
    assert numbers(worker) == {
        "registered_users": 2,
        "location-users": 2,
        "location-contacts": 3,
        "location-expires": 0,
    }
    assert domain.delete("bob") == 2
    assert domain.delete("bob") == 0
    assert numbers(worker)["location-contacts"] == 1
    assert numbers(worker)["registered_users"] == 1


def test_expired_ones_are_not_valid_and_swept_by_the_timer(worker: FakeWorker, load: Load) -> None:
    domain = load(timer_interval=60).domain("location")
    short, long = contact("a", expires=NOW + 10), contact("b", expires=NOW + 100)
    domain.store("bob", (short, long), [(INSERT, short), (INSERT, long)])
    worker.wall_time += 10
    assert domain.valid("bob") == (long,)
    assert domain.get("bob") == (short, long)
    worker.state.tick()
    assert len(domain.get("bob")) == 2
    worker.wall_time += 50
    worker.state.tick()
    assert domain.get("bob") == (long,)
    assert numbers(worker)["location-expires"] == 1
    worker.wall_time += 100
    worker.state.tick()
    assert domain.get("bob") == ()
    assert numbers(worker) == {
        "registered_users": 0,
        "location-users": 0,
        "location-contacts": 0,
        "location-expires": 2,
    }


def test_permanent_ones_stay(worker: FakeWorker, load: Load) -> None:
    domain = load().domain("location")
    one = contact(expires=0)
    domain.store("bob", (one,), [(INSERT, one)])
    worker.wall_time += 1e6
    worker.state.tick()
    assert domain.valid("bob") == (one,)


def test_subscribers_hear_of_changes(worker: FakeWorker, load: Load) -> None:
    usrloc = load(timer_interval=1)
    heard: list[tuple[int, str, str, str]] = []
    expired: list[Contact] = []

    def hear(event: int, domain: Domain, aor: str, changed: Contact) -> None:
        heard.append((event, domain.name, aor, changed.uri))

    usrloc.subscribe(hear)
    usrloc.subscribe(lambda event, domain, aor, changed: expired.append(changed), EXPIRE)
    domain = usrloc.domain("location")
    one, two = contact("a", expires=NOW + 5), contact("b")
    domain.store("bob", (one,), [(INSERT, one)])
    domain.store("bob", (one, two), [(UPDATE, one), (INSERT, two)])
    worker.wall_time += 10
    worker.state.tick()
    domain.delete("bob")
    assert heard == [
        (INSERT, "location", "bob", "a"),
        (UPDATE, "location", "bob", "a"),
        (INSERT, "location", "bob", "b"),
        (EXPIRE, "location", "bob", "a"),
        (DELETE, "location", "bob", "b"),
    ]
    assert expired == [one]


def test_split(load: Load) -> None:
    domain = load().domain("location")
    old, new = contact("a", expires=NOW), contact("b")
    assert domain.split((old, new), NOW) == ((new,), [(EXPIRE, old)])
    assert domain.split((new,), NOW) == ((new,), [])
