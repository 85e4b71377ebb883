"""Bindings as rows of SER's table."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from siprouter.core.avp import CLASS_USER, TRACK_TO
from siprouter.db.operations import Delete, Replace
from siprouter.modules.usrloc_s.contact import FL_MEM, FL_NAT, FL_PERMANENT, SerContact
from siprouter.modules.usrloc_s.rows import NAMES, SerColumns
from siprouter.util.log import Log, Record
from tests.modules.usrloc_s.conftest import NOW, contact

AVPS = ((CLASS_USER | TRACK_TO, "class", "gold", 1),)


def columns(signed: bool = False, avps: str | None = "avps", records: list[Record] | None = None) -> SerColumns:
    log = Log((records if records is not None else []).append)
    names = {name: name for name in NAMES}
    return SerColumns(names, avps, 3, lambda uri: f"socket of {uri}", signed, log)


def through(kind: SerColumns, one: SerContact) -> SerContact:
    row = kind.row("bob", one)
    uid, found = kind.read(tuple(row[name] for name in kind.wanted))
    assert uid == "bob"
    return found


def known(one: SerContact) -> tuple[Any, ...]:
    """All but what the table has no columns for."""
    fields = list(one.to_row())
    del fields[12]
    return tuple(fields)


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"q": 0, "cseq": 0xFFFFFFFF, "flags": 0xFFFFFE00 | FL_NAT, "instance": "<urn:uuid:1>", "avps": AVPS},
        {"q": 700, "expires": 0, "flags": FL_PERMANENT, "received": "sip:1.2.3.4", "socket": "socket of sip:1.2.3.4"},
        {"q": 1000, "expires": 0xFFFFFFFF},
    ],
)
def test_there_and_back(changes: dict[str, Any], signed: bool) -> None:
    kind = columns(signed)
    one = contact(**{"server_id": 3, **changes})
    found = through(kind, one)
    assert known(found) == known(one)
    assert kind.compare(one, found) == 0
    number = kind.row("bob", one)["cseq"]
    assert number == (-1 if signed and one.cseq == 0xFFFFFFFF else one.cseq)


def test_times_are_in_utc() -> None:
    assert columns().row("bob", contact(expires=NOW))["expires"] == datetime.fromisoformat("2023-11-14 22:13:20")
    for value in ("2023-11-14 22:13:20", b"2023-11-14 22:13:20", "2023-11-14T23:13:20+01:00"):
        row = ("bob", "sip:a@h", value, *[None] * 10)
        assert columns().read(row)[1].expires == NOW


def test_a_row_of_nulls_has_expired() -> None:
    _, found = columns().read(("bob", "sip:a@h", *[None] * 11))
    assert (found.expires, found.q, found.received, found.instance, found.avps) == (1, -1, None, None, ())
    assert not found.is_valid(NOW)
    for row in (("", "sip:a@h"), ("bob", None)):
        with pytest.raises(ValueError, match="no user or no contact"):
            columns().read((*row, *[None] * 11))


def test_rows_of_another_server_are_kept_in_memory_only() -> None:
    found = through(columns(), contact(server_id=4))
    assert (found.flags, found.server_id) == (FL_MEM, 4)
    assert through(columns(), contact(server_id=3, flags=FL_MEM)).flags == 0


def test_operations() -> None:
    kind = columns(avps=None)
    stored = kind.operation("location", "bob", contact(user_agent="x" * 80), False, {"user_agent": 64})
    assert isinstance(stored, Replace)
    assert (list(stored.unique), stored.values["user_agent"]) == (["uid", "contact"], "x" * 64)
    assert "avps" not in stored.values
    removed = kind.operation("location", "bob", contact("sip:a@h"), True, {})
    assert removed == Delete("location", [("uid", "bob"), ("contact", "sip:a@h")])
    assert kind.operation("location", "bob", contact("sip:a@h"), False, {"contact": 6}) is None


def test_attributes_are_stored_whole_or_not_at_all() -> None:
    records: list[Record] = []
    kind = columns(records=records)
    one = contact(avps=AVPS)
    text = kind.row("bob", one)["avps"]
    assert isinstance(text, str)
    for width, expected in ((len(text), text), (len(text) - 1, None)):
        stored = kind.operation("location", "bob", one, False, {"avps": width})
        assert isinstance(stored, Replace)
        assert stored.values["avps"] == expected
    assert [record.text for record in records if "too long for column avps" in record.text]


def test_attributes_that_cannot_be_read_cost_no_binding() -> None:
    records: list[Record] = []
    row = ("bob", "sip:a@h", *[None] * 10, "nonsense")
    assert columns(records=records).read(row)[1].avps == ()
    assert "contact sip:a@h is loaded without its attributes" in records[0].text


@pytest.mark.parametrize(
    ("kept", "stored", "expected"),
    [
        ({"cseq": 2, "expires": NOW + 1}, {"cseq": 1, "expires": NOW + 9}, 1),
        ({"cseq": 1, "expires": NOW + 9}, {"cseq": 2, "expires": NOW + 1}, -1),
        ({"call_id": "x", "cseq": 1, "expires": NOW + 9}, {"cseq": 2, "expires": NOW + 1}, 1),
        ({"call_id": "x", "cseq": 9, "expires": NOW + 1}, {"cseq": 2, "expires": NOW + 9}, -1),
        ({"expires": 0}, {"expires": NOW + 9}, 1),
        ({"last_modified": 1}, {"last_modified": 2}, 0),
        ({"user_agent": "a"}, {"user_agent": "b"}, 1),
    ],
)
def test_the_later_state_counts(kept: dict[str, Any], stored: dict[str, Any], expected: int) -> None:
    assert columns().compare(contact(**kept), contact(**stored)) == expected
