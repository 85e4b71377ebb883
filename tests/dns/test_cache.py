"""The DNS cache."""

import pytest

from siprouter.dns.cache import (
    DATA_SIZE,
    ENTRY_SIZE,
    FAILURE_TTL,
    NEGATIVE,
    PERMANENT,
    PREFER_LONGER,
    PREFER_NEW,
    PREFER_OLD,
    Answer,
    CacheOptions,
    DnsCache,
)
from siprouter.dns.wire import AAAA, NXDOMAIN, TXT, A

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
    return count * (ENTRY_SIZE + DATA_SIZE + 1 + len("192.0.2.1"))


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
    assert [key[0] for key, _ in cache] == ["a", "c"]
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


def test_permanent_entries_stay_until_they_are_deleted() -> None:
    cache = DnsCache(CacheOptions(size=size(2), delete_unexpired=True))
    assert cache.add("a", A, "192.0.2.1", 1, True, 0)
    cache.put("a", A, Answer(("192.0.2.9",), 30), 100)
    assert not cache.add("a", A, "192.0.2.9", 30, False, 100)
    for name in ("b", "c", "d"):
        cache.put(name, A, FOUND, 100)
    known = cache.get_permanent("a", A, 1e9)
    assert known is not None and known.data == ("192.0.2.1",) and cache.stats.evicted == 2
    assert cache.collect(1e9) == 1 and len(cache) == 1
    cache.clear(permanent=False)
    assert len(cache) == 1
    assert cache.delete("a", A) and cache.get_permanent("a", A, 0) is None


def test_records_added_by_hand_end_one_by_one() -> None:
    cache = DnsCache()
    assert cache.add("a", A, "192.0.2.1", 10, False, 0) and cache.add("a", A, "192.0.2.2", 20, False, 0)
    assert cache.add("a", A, "192.0.2.1", 5, False, 0)  # the same address again: a new life time
    both, one = cache.get("a", A, 4), cache.get("a", A, 6)
    assert both is not None and set(both.data) == {"192.0.2.1", "192.0.2.2"}
    assert one is not None and one.data == ("192.0.2.2",)
    assert cache.get("a", A, 20) is None and cache.used == 0
    assert cache.add("a", A, None, 10, False, 20)
    entry = cache.find("a", A)
    assert entry is not None and entry.flags == NEGATIVE
    assert cache.add("a", A, "192.0.2.3", 10, True, 20)
    entry = cache.find("a", A)
    assert entry is not None and entry.flags == PERMANENT and entry.answer.data == ("192.0.2.3",)


@pytest.mark.parametrize(
    ("preference", "additional", "first", "second", "kept"),
    [
        (0, False, 30, 10, "new"),
        (0, True, 10, 30, "old"),
        (PREFER_OLD, False, 10, 30, "old"),
        (PREFER_NEW, True, 30, 10, "new"),
        (PREFER_LONGER, True, 10, 30, "new"),
        (PREFER_LONGER, False, 30, 10, "old"),
    ],
)
def test_which_of_two_answers_stays(preference: int, additional: bool, first: int, second: int, kept: str) -> None:
    cache = DnsCache(CacheOptions(preference=preference))
    cache.put("a", A, Answer(("old",), first), 0)
    cache.put("a", A, Answer(("new",), second), 1, additional)
    answer = cache.get("a", A, 2)
    assert answer is not None and answer.data == (kept,)


def test_nothing_or_an_expired_answer_is_always_replaced() -> None:
    cache = DnsCache(CacheOptions(preference=PREFER_OLD))
    cache.put("a", A, Answer((), 0, NXDOMAIN), 0)
    cache.put("a", A, Answer(("new",), 10), 1)
    cache.put("a", A, Answer(("newer",), 10), 12)
    answer = cache.get("a", A, 13)
    assert answer is not None and answer.data == ("newer",)


def test_nothing_expires_while_no_server_can_be_asked() -> None:
    cache = DnsCache()
    cache.put("a", A, FOUND, 0)
    cache.frozen = True
    assert cache.collect(1000) == 0 and cache.get("a", A, 1000) is FOUND
    cache.frozen = False
    assert cache.get("a", A, 1000) is None


def test_uses_are_counted() -> None:
    cache = DnsCache()
    cache.put("a", A, FOUND, 0)
    cache.put("no", A, Answer((), 0, NXDOMAIN), 0)
    for name in ("a", "a", "no", "other"):
        cache.get(name, A, 1)
    assert (cache.stats.hits, cache.stats.negative_hits) == (3, 1)


def test_a_very_large_answer_counts_with_its_text() -> None:
    cache = DnsCache(CacheOptions(size=10_000))
    cache.put("text", TXT, Answer((tuple([b"x" * 255] * 60),), 60), 0)
    assert len(cache) == 0
