"""DNS messages: against dnspython, and against hostile octets."""

import struct

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siprouter.dns.wire import (
    AAAA,
    CNAME,
    NAPTR,
    NXDOMAIN,
    PTR,
    REFUSED,
    SRV,
    TXT,
    A,
    Naptr,
    OtherAnswer,
    Record,
    Srv,
    WireError,
    build_query,
    encode_name,
    normalize_name,
    parse_response,
    read_name,
)


def reply(name: str, type: str, *answers: str, number: int = 7, additional: tuple[str, ...] = ()) -> bytes:
    query = dns.message.make_query(name, type)
    query.id = number
    made = dns.message.make_response(query)
    for section, lines in ((made.answer, answers), (made.additional, additional)):
        for line in lines:
            owner, ttl, kind, data = line.split(None, 3)
            section.append(dns.rrset.from_text(owner, int(ttl), "IN", kind, data))
    return made.to_wire()


def test_queries_are_what_dnspython_reads() -> None:
    query = dns.message.from_wire(build_query(0x1234, "_sip._udp.Example.COM.", SRV))
    assert (query.id, query.flags, query.edns, query.payload) == (0x1234, dns.flags.RD, 0, 1232)
    assert query.question[0].to_text() == "_sip._udp.Example.COM. IN SRV"
    assert dns.message.from_wire(build_query(1, "example.com", A, edns=False)).edns == -1


@pytest.mark.parametrize(
    "name", ["a..b", ".a", "x" * 64, ".".join(["abcdefgh"] * 40), "zürich.example", "a" * 63 + ".\udcff"]
)
def test_impossible_names(name: str) -> None:
    with pytest.raises(WireError):
        encode_name(name)


def test_addresses_and_aliases() -> None:
    data = reply(
        "www.example.com", "A", "www.example.com. 60 CNAME Host.Example.com.", "host.example.com. 30 A 192.0.2.1"
    )
    response = parse_response(data, 7, "WWW.example.com", A)
    assert response.answers == [
        Record("www.example.com", CNAME, 60, "host.example.com"),
        Record("host.example.com", A, 30, "192.0.2.1"),
    ]
    data = reply("example.com", "AAAA", "example.com. 60 AAAA 2001:db8:0:0::1")
    assert parse_response(data, 7, "example.com", AAAA).answers[0].data == "2001:db8::1"


def test_services() -> None:
    data = reply(
        "_sip._udp.example.com",
        "SRV",
        "_sip._udp.example.com. 60 SRV 10 20 5070 A.example.com.",
        "_sip._udp.example.com. 60 SRV 20 0 5060 .",
        additional=("a.example.com. 60 A 192.0.2.1",),
    )
    response = parse_response(data, 7, "_sip._udp.example.com", SRV)
    assert [record.data for record in response.answers] == [Srv(10, 20, 5070, "a.example.com"), Srv(20, 0, 5060, "")]
    assert response.additional == [Record("a.example.com", A, 60, "192.0.2.1")]


def test_naptr_ptr_and_txt() -> None:
    data = reply(
        "1.2.e164.arpa",
        "NAPTR",
        '1.2.e164.arpa. 60 NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:info@example.com!" .',
        '1.2.e164.arpa. 60 NAPTR 101 20 "s" "SIP+D2U" "" _sip._udp.example.com.',
    )
    assert [record.data for record in parse_response(data, 7, "1.2.e164.arpa", NAPTR).answers] == [
        Naptr(100, 10, "u", "E2U+sip", "!^.*$!sip:info@example.com!", ""),
        Naptr(101, 20, "s", "SIP+D2U", "", "_sip._udp.example.com"),
    ]
    data = reply("1.2.0.192.in-addr.arpa", "PTR", "1.2.0.192.in-addr.arpa. 60 PTR host.example.com.")
    assert parse_response(data, 7, "1.2.0.192.in-addr.arpa", PTR).answers[0].data == "host.example.com"
    data = reply("example.com", "TXT", 'example.com. 60 TXT "one" "two"')
    assert parse_response(data, 7, "example.com", TXT).answers[0].data == (b"one", b"two")


def test_unknown_types_are_passed_over() -> None:
    data = reply("example.com", "A", "example.com. 60 MX 10 mx.example.com.", "example.com. 60 A 192.0.2.1")
    assert [record.type for record in parse_response(data, 7, "example.com", A).answers] == [A]


def test_a_negative_time_to_live_counts_as_zero() -> None:
    clean = bytearray(reply("example.com", "A", "example.com. 60 A 192.0.2.1"))
    pos = clean.rindex(struct.pack("!I", 60))
    clean[pos : pos + 4] = b"\x80\0\0\1"
    assert parse_response(bytes(clean), 7, "example.com", A).answers[0].ttl == 0


@pytest.mark.parametrize(
    ("number", "name", "type"), [(8, "example.com", A), (7, "example.org", A), (7, "example.com", AAAA)]
)
def test_answers_to_something_else(number: int, name: str, type: int) -> None:
    data = reply("example.com", "A", "example.com. 60 A 192.0.2.1")
    with pytest.raises(OtherAnswer):
        parse_response(data, number, name, type)


def test_a_query_is_no_answer() -> None:
    with pytest.raises(OtherAnswer):
        parse_response(build_query(7, "example.com", A), 7, "example.com", A)


def test_errors_without_question_are_understood() -> None:
    head = struct.pack("!HHHHHH", 7, 0x8000 | REFUSED, 0, 0, 0, 0)
    assert parse_response(head, 7, "example.com", A).rcode == REFUSED
    with pytest.raises(WireError):
        parse_response(struct.pack("!HHHHHH", 7, 0x8000 | NXDOMAIN, 0, 0, 0, 0), 7, "example.com", A)


def test_truncated_answers_give_what_is_whole() -> None:
    data = bytearray(reply("example.com", "A", "example.com. 60 A 192.0.2.1", "example.com. 60 A 192.0.2.2"))
    data[2] |= 0x02
    response = parse_response(bytes(data[:-3]), 7, "example.com", A)
    assert response.truncated and [record.data for record in response.answers] == ["192.0.2.1"]


@pytest.mark.parametrize(
    "name",
    [
        b"\xc0\x00",  # to itself
        b"\x01a\xc0\x00",  # round and round
        b"\xc0\x10",  # forward
        b"\x40abc\0",  # extended label
        b"\x05abc",  # beyond the end
        b"\x03a.b\0",  # a dot inside
        b"\x03a\0b\0",  # a zero inside
        (b"\x3f" + b"x" * 63) * 4 + b"\0",  # too long
        b"",
        b"\xc0",
    ],
)
def test_hostile_names(name: bytes) -> None:
    with pytest.raises(WireError):
        read_name(name, 0)


def test_a_long_chain_of_pointers_ends() -> None:
    data = b"\x01a\0" + b"".join(
        struct.pack("!H", 0xC000 | (0 if index == 0 else 3 + 2 * (index - 1))) for index in range(200)
    )
    with pytest.raises(WireError):
        read_name(data, len(data) - 2)
    assert read_name(data, 5) == ("a", 7)


def test_too_many_records() -> None:
    data = bytearray(reply("example.com", "A"))
    data[6:8] = struct.pack("!H", 5000)
    with pytest.raises(WireError, match="too many"):
        parse_response(bytes(data), 7, "example.com", A)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_octets_are_read_or_refused(tail: bytes) -> None:
    question = encode_name("example.com") + struct.pack("!HH", A, 1)
    for data in (tail, struct.pack("!HHHHHH", 7, 0x8000, 1, 3, 1, 2) + question + tail):
        try:
            parse_response(data, 7, "example.com", A)
        except WireError:
            pass


@settings(deadline=None)
@given(st.data())
def test_mutated_answers_are_read_or_refused(draw: st.DataObject) -> None:
    data = bytearray(
        reply(
            "_sip._udp.example.com",
            "SRV",
            "_sip._udp.example.com. 60 SRV 10 20 5070 a.example.com.",
            '_sip._udp.example.com. 60 NAPTR 1 1 "s" "SIP+D2U" "" _sip._udp.example.com.',
            '_sip._udp.example.com. 60 TXT "x"',
            additional=("a.example.com. 60 A 192.0.2.1", "a.example.com. 60 AAAA ::1"),
        )
    )
    for _ in range(draw.draw(st.integers(1, 4))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    try:
        parse_response(bytes(data), 7, "_sip._udp.example.com", SRV)
    except WireError:
        pass


def test_names_compare_in_lower_case_without_the_last_dot() -> None:
    assert normalize_name("Example.COM.") == "example.com"
