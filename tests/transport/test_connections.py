"""The table of stream connections."""

from dataclasses import dataclass

from siprouter.transport.connections import ALIAS_FORCE_ADD, ALIAS_REPLACE, MAX_ALIASES, ConnectionTable, Peer
from siprouter.transport.endpoint import PROTO_TCP, PROTO_TLS


@dataclass(eq=False)
class Line:
    remote: Peer
    local: Peer = ("192.0.2.1", 5060)
    proto: int = PROTO_TCP
    reusable: bool = True
    id: int = 0


def test_ids_are_not_used_again() -> None:
    table: ConnectionTable[Line] = ConnectionTable()
    first, second = Line(("198.51.100.1", 1000)), Line(("198.51.100.1", 1001))
    table.add(first)
    table.remove(first)
    table.add(second)
    assert (first.id, second.id) == (1, 2)
    assert table.get(1) is None and table.get(2) is second and len(table) == 1
    table.remove(first)
    assert list(table) == [second]


def test_found_by_protocol_and_peer() -> None:
    table: ConnectionTable[Line] = ConnectionTable()
    line = Line(("198.51.100.1", 1000))
    table.add(line)
    assert table.find(PROTO_TCP, "198.51.100.1", 1000) is line
    assert table.find(PROTO_TLS, "198.51.100.1", 1000) is None
    assert table.find(PROTO_TCP, "198.51.100.1", 1001) is None
    table.remove(line)
    assert table.find(PROTO_TCP, "198.51.100.1", 1000) is None


def test_a_closing_connection_is_not_used() -> None:
    table: ConnectionTable[Line] = ConnectionTable()
    line = Line(("198.51.100.1", 1000))
    table.add(line)
    line.reusable = False
    assert table.get(line.id) is None and table.find(PROTO_TCP, "198.51.100.1", 1000) is None
    assert len(table) == 1


def test_local_address_narrows_the_search() -> None:
    table: ConnectionTable[Line] = ConnectionTable()
    one = Line(("198.51.100.1", 5060), ("192.0.2.1", 40000))
    two = Line(("198.51.100.1", 5060), ("192.0.2.2", 40000))
    table.add(one, ALIAS_FORCE_ADD)
    table.add(two, ALIAS_FORCE_ADD)
    assert table.find(PROTO_TCP, "198.51.100.1", 5060) is two
    assert table.find(PROTO_TCP, "198.51.100.1", 5060, "192.0.2.1") is one
    assert table.find(PROTO_TCP, "198.51.100.1", 5060, "192.0.2.3") is None
    table.remove(two)
    assert table.find(PROTO_TCP, "198.51.100.1", 5060) is one


def test_the_newest_takes_the_name_by_default() -> None:
    table: ConnectionTable[Line] = ConnectionTable()
    old, new = Line(("198.51.100.1", 5060)), Line(("198.51.100.1", 5060))
    table.add(old)
    table.add(new)
    table.remove(new)
    assert table.find(PROTO_TCP, "198.51.100.1", 5060) is None
    assert table.get(old.id) is old


def test_aliases() -> None:
    table: ConnectionTable[Line] = ConnectionTable()
    one, two = Line(("198.51.100.1", 1000)), Line(("198.51.100.1", 1001))
    table.add(one)
    table.add(two)
    assert table.add_alias(one.id, 5060, 0) and table.add_alias(one.id, 5060, 0)
    assert not table.add_alias(two.id, 5060, 0)
    assert table.find(PROTO_TCP, "198.51.100.1", 5060) is one
    assert table.add_alias(two.id, 5060, ALIAS_FORCE_ADD)
    assert table.find(PROTO_TCP, "198.51.100.1", 5060) is two
    table.remove(two)
    assert table.find(PROTO_TCP, "198.51.100.1", 5060) is one
    assert not table.add_alias(two.id, 5060)
    assert not table.add_alias(99, 5060)


def test_replacing_an_alias() -> None:
    table: ConnectionTable[Line] = ConnectionTable()
    one, two = Line(("198.51.100.1", 1000)), Line(("198.51.100.1", 1001))
    table.add(one)
    table.add(two)
    table.add_alias(one.id, 5060)
    assert table.add_alias(two.id, 5060, ALIAS_REPLACE)
    table.remove(two)
    assert table.find(PROTO_TCP, "198.51.100.1", 5060) is None
    table.remove(one)
    assert len(table) == 0


def test_aliases_are_bounded() -> None:
    table: ConnectionTable[Line] = ConnectionTable()
    line = Line(("198.51.100.1", 1000))
    table.add(line)
    assert [table.add_alias(line.id, port) for port in range(5000, 5000 + MAX_ALIASES)] == [True] * (
        MAX_ALIASES - 1
    ) + [False]
