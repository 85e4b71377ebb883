"""rpc/values.py: structures with repeated names, and their form as JSON types."""

import pytest

from siprouter.rpc.values import Pairs, RpcError, is_struct, plain


def test_pairs_keep_order_and_repeated_names() -> None:
    pairs = Pairs([("a", 1)])
    pairs.add("b", "x")
    pairs.add("a", 2)
    assert list(pairs) == [("a", 1), ("b", "x"), ("a", 2)]
    assert len(pairs) == 3
    assert pairs["a"] == 1
    assert pairs.get("c", 7) == 7
    with pytest.raises(KeyError):
        pairs["c"]


def test_pairs_compare_with_dicts() -> None:
    assert Pairs([("a", 1), ("b", 2)]) == {"a": 1, "b": 2}
    assert Pairs([("b", 2), ("a", 1)]) != {"a": 1, "b": 2}
    assert Pairs() == Pairs()
    assert Pairs() != 3


def test_plain_turns_repeated_names_into_a_list() -> None:
    value = Pairs([("AoR", Pairs([("n", 1)])), ("AoR", Pairs([("n", 2)])), ("AoR", 3), ("size", 3)])
    assert plain(value) == {"AoR": [{"n": 1}, {"n": 2}, 3], "size": 3}


def test_plain_keeps_a_list_that_is_one_value_apart_from_repetition() -> None:
    assert plain(Pairs([("a", [1, 2])])) == {"a": [1, 2]}
    assert plain(Pairs([("a", [1, 2]), ("a", 3)])) == {"a": [[1, 2], 3]}
    assert plain((b"\xff", {"x": None})) == ["\udcff", {"x": None}]


def test_is_struct() -> None:
    assert is_struct({}) and is_struct(Pairs())
    assert not is_struct([]) and not is_struct("a")


def test_error_carries_code_and_message() -> None:
    error = RpcError(404, "not here")
    assert (error.code, error.message, str(error)) == (404, "not here", "404 not here")
