"""The store of attribute-value pairs."""

from siprouter.core.avp import CLASS_USER, TRACK_TO, AvpStore


def test_the_newest_value_is_first() -> None:
    store = AvpStore()
    for value in ("a", "b", "c"):
        store.add("x", value)
    assert store.all("x") == ["c", "b", "a"]
    assert [store.get("x", index) for index in (0, 2, -1, 3, -4)] == ["c", "a", "a", None, None]


def test_classes_and_name_types_are_apart() -> None:
    store = AvpStore()
    store.add("1", "text")
    store.add(1, "number")
    store.add("1", "to user", TRACK_TO | CLASS_USER)
    assert (store.get("1"), store.get(1), store.get("1", 0, TRACK_TO | CLASS_USER)) == ("text", "number", "to user")
    store.clear_class(TRACK_TO | CLASS_USER)
    assert len(store) == 2


def test_delete_removes_name_with_its_last_value() -> None:
    store = AvpStore()
    store.replace("x", 1)
    store.replace("x", 2)
    assert store.all("x") == [2]
    assert store.delete("x") and not store.delete("x")
    assert len(store) == 0
    store.add("x", 1)
    assert not store.delete_at("x", 5)
    assert store.delete_at("x", 0) and store.get("x") is None
