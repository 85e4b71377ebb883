"""What only the local backend has."""

from siprouter.state.local import LocalState


def test_short_lived_keys_leave_nothing_behind() -> None:
    table = LocalState(lambda: 1000.0).table("t")
    for _ in range(50_000):
        table.put("a", 1, 3600.0)
        table.delete("a")
    assert table.filings < 10_000
