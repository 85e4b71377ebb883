"""The DNS cache."""

from siprouter.dns.cache import DATA_SIZE, ENTRY_SIZE, FAILURE_TTL, Answer, CacheOptions, DnsCache
from siprouter.dns.wire import AAAA, NXDOMAIN, A

FOUND = Answer(("192.0.2.1",), 30)


def test_answers_live_as_long_as_their_ttl() -> None:
    cache = DnsCache()
    cache.put("a", A, FOUND, 100)
    assert cache.get("a", A, 129.9) is FOUND
    assert cache.get("a", AAAA, 100) is None and cache.get("b", A, 100) is None
    assert cache.get("a", A, 130) is None and len(cache) == 0 and cache.used == 0


def test_floor_and_ceiling() -> None:
    cache = DnsCache(CacheOptions(min_ttl=60, max_ttl=600))
    cache.put("short", A, FOUND, 0)
    cache.put("long", A, Answer(("192.0.2.1",), 86400), 0)
    assert cache.get("short", A, 59) and not cache.get("short", A, 60)
    assert cache.get("long", A, 599) and not cache.get("long", A, 600)


def test_nothing_is_remembered_too() -> None:
    cache = DnsCache(CacheOptions(negative_ttl=20))
    cache.put("no", A, Answer((), 3600, NXDOMAIN), 0)
    answer = cache.get("no", A, 19)
    assert answer is not None and answer.data == ()
    assert cache.get("no", A, 20) is None
    cache.put("broken", A, Answer((), 0, -1), 0)
    assert cache.get("broken", A, FAILURE_TTL - 0.1) and not cache.get("broken", A, FAILURE_TTL)


def test_zero_times_keep_nothing() -> None:
    cache = DnsCache(CacheOptions(negative_ttl=0))
    cache.put("no", A, Answer((), 0, NXDOMAIN), 0)
    cache.put("now", A, Answer(("192.0.2.1",), 0), 0)
    assert len(cache) == 0


def test_switched_off() -> None:
    cache = DnsCache(CacheOptions(enabled=False))
    cache.put("a", A, FOUND, 0)
    assert cache.get("a", A, 0) is None


def test_a_new_answer_replaces_the_old() -> None:
    cache = DnsCache()
    cache.put("a", A, FOUND, 0)
    used = cache.used
    other = Answer(("192.0.2.2",), 30)
    cache.put("a", A, other, 10)
    assert cache.get("a", A, 35) is other and cache.used == used


def size(count: int) -> int:
    return count * (ENTRY_SIZE + DATA_SIZE + 1)


def test_a_full_cache_drops_what_expired_and_then_takes_nothing() -> None:
    cache = DnsCache(CacheOptions(size=size(2)))
    cache.put("a", A, Answer(("192.0.2.1",), 10), 0)
    cache.put("b", A, FOUND, 0)
    cache.put("c", A, FOUND, 5)
    assert cache.get("c", A, 5) is None
    cache.put("c", A, FOUND, 15)
    assert cache.get("c", A, 15) and cache.get("b", A, 15)


def test_a_full_cache_may_drop_the_least_recently_used() -> None:
    cache = DnsCache(CacheOptions(size=size(2), delete_unexpired=True))
    cache.put("a", A, FOUND, 0)
    cache.put("b", A, FOUND, 0)
    cache.get("a", A, 1)
    cache.put("c", A, FOUND, 2)
    assert [key[0] for key, _, _ in cache] == ["a", "c"]
    cache.put("huge", A, Answer(("192.0.2.1",) * 100, 30), 2)
    assert cache.get("huge", A, 2) is None


def test_collecting_deleting_clearing() -> None:
    cache = DnsCache()
    cache.put("a", A, Answer(("192.0.2.1",), 10), 0)
    cache.put("b", A, FOUND, 0)
    assert cache.collect(15) == 1 and len(cache) == 1
    assert cache.delete("b", A) and not cache.delete("b", A)
    cache.put("b", A, FOUND, 0)
    cache.clear()
    assert len(cache) == 0 and cache.used == 0
