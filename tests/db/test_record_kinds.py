"""What the fields of hand-kept tables take, and what they refuse."""

from __future__ import annotations

import pytest

from siprouter.db.record_kinds import kinds
from siprouter.util.errors import OperatorError

REFUSED = [
    ("alias", {"alias": "bob", "user": "a@b"}, "'bob' is no account"),
    ("alias", {"alias": "bob@x"}, "user is missing"),
    ("alias", {"alias": "b@x", "user": "a@b", "colour": "red"}, "no field 'colour'"),
    ("domain", {"domain": "sip:example.org"}, "is no domain"),
    ("domain", {"domain": ""}, "is no domain"),
    ("address", {"address": "10.0.0.1/8"}, "has bits behind its mask .10.0.0.0/8"),
    ("address", {"address": "0.0.0.0/0"}, "a network of all addresses"),
    ("address", {"address": "::1"}, "is no IPv4 address"),
    ("address", {"address": "10.0.0.1/33"}, "is no IPv4 address"),
    ("address", {"address": "10.0.0.1", "group": "0"}, "group must be a number from 1 to 65535"),
    ("address", {"address": "10.0.0.1", "port": "x"}, "port must be a number"),
    ("address", {"address": "10.0.0.1", "tag": "a\nb"}, "tag must not hold line ends"),
    ("trusted", {"address": "host", "proto": "udp"}, "is no IP address"),
    ("trusted", {"address": "1.2.3.4", "proto": "smtp"}, "proto must be one of any"),
    ("trusted", {"address": "1.2.3.4", "proto": "udp", "from-pattern": "("}, "is no regular expression"),
    ("dispatcher", {"set": "1", "destination": "tel:1"}, "is no SIP URI"),
    ("dispatcher", {"set": "1", "destination": "sip:a b"}, "is no SIP URI"),
    ("dialplan", {"dpid": "1", "priority": "1", "match": "like", "expression": "x"}, "match must be one of equal"),
]


@pytest.mark.parametrize(("name", "given", "message"), REFUSED)
def test_refused(name: str, given: dict[str, str], message: str) -> None:
    with pytest.raises(OperatorError, match=message):
        kinds()[name].row(given)


def test_users_without_a_domain_have_the_given_one() -> None:
    row = kinds("example.org")["alias"].row({"alias": "bob", "user": "alice@other.org"})
    assert (row["alias_domain"], row["domain"]) == ("example.org", "other.org")
