"""The longest prefix is found among any others, in any alphabet and of any length."""

from __future__ import annotations

import random

import pytest

from siprouter.modules.mtree.index import Alphabet, PrefixIndex


def build(prefixes, characters="0123456789", duplicates=False):
    index = PrefixIndex(Alphabet(characters))
    for prefix in prefixes:
        index.add(prefix, f"value of {prefix}")
    for _ in index.finish(duplicates):
        pass
    return index


@pytest.mark.parametrize("characters", ["01", "0123456789", "*#+0123456789", "".join(map(chr, range(33, 120)))])
@pytest.mark.parametrize("longest", [6, 31])
def test_against_a_plain_search(characters, longest):
    rng = random.Random(7)
    few = characters[:3]
    prefixes = {"".join(rng.choices(few, k=rng.randint(1, longest))) for _ in range(300)}
    prefixes |= {characters[-1], characters[0]}
    index = build(rng.sample(sorted(prefixes), len(prefixes)), characters)
    assert {prefix for prefix, _ in index.items()} == prefixes
    for _ in range(500):
        text = "".join(rng.choices(few, k=rng.randint(1, 35)))
        found = [text[:end] for end in range(len(text), 0, -1) if text[:end] in prefixes]
        assert [index.prefix(entry) for entry in index.all(text)] == found
        assert [index.value(entry) for entry in index.all(text)] == [f"value of {prefix}" for prefix in found]
        assert index.goes_on(text) == any(prefix != text and prefix.startswith(text) for prefix in prefixes)


def test_no_prefixes():
    index = build([])
    assert index.longest("1") == -1
    assert not index.goes_on("1")


def test_sorted_and_unsorted_rows_are_the_same():
    assert list(build(["2", "1", "12"]).items()) == list(build(["1", "12", "2"]).items())


def test_twice():
    with pytest.raises(ValueError, match="'12' is there more than once"):
        build(["12", "1", "12"])
    index = build(["12", "1", "12", "12"], duplicates=True)
    assert [prefix for prefix, _ in index.items()] == ["1", "12"]
    assert index.dropped == 2


@pytest.mark.parametrize("bad", ["", "1" * 32, "12a", "+1", "\u0661"])
def test_bad_prefixes(bad):
    with pytest.raises(ValueError, match="prefix"):
        build([bad])


def test_many_values_are_kept_once():
    index = PrefixIndex(Alphabet("0123456789"))
    for number in range(10_000):
        index.add(f"{number:05d}", f"gateway{number % 10}")
    steps = sum(1 for _ in index.finish())
    assert steps > 2
    assert index.size() < 10_000 * 18
    assert index.value(index.longest("0004299")) == "gateway2"
