"""Routers that account, made of configuration text."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from siprouter.testing import Node, Phone
from siprouter.util.log import Record

HEAD = """
debug=3
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "textopsx.so"
loadmodule "acc.so"
loadmodule "cfgutils.so"
modparam("acc", "log_flag", 1)
modparam("acc", "log_missed_flag", 2)
modparam("acc", "failed_transaction_flag", 3)
"""

ROUTE = """
route {
	loose_route();
	if (is_method("INVITE")) {
		setflag(1);
		setflag(2);
		record_route();
	}
	if (is_method("BYE|CANCEL")) {
		setflag(1);
	}
	if (uri =~ "^sip:bob@example") {
		$ru = "sip:bob@10.0.0.2:5060";
	}
	t_relay();
}
"""


class Site:
    """A router with two phones, alice and bob; `lines` are the accounting lines, split at their semicolons."""

    def __init__(self, text: str) -> None:
        self.node = Node(text)
        self.alice = Phone(self.node, "alice", "10.0.0.1:5060", "example.org")
        self.bob = Phone(self.node, "bob", "10.0.0.2:5060", "example.org")

    @property
    def records(self) -> list[Record]:
        return [record for record in self.node.records if record.text.startswith("ACC: ")]

    @property
    def lines(self) -> list[str]:
        return [record.text for record in self.records]

    def line(self, number: int = -1) -> dict[str, str]:
        """A line as a dictionary; "kind" is what it begins with."""
        kind, _, rest = self.lines[number].removeprefix("ACC: ").partition(": ")
        return {"kind": kind, **dict(part.split("=", 1) for part in rest.split(";"))}

    def brief(self) -> list[tuple[str, str, str]]:
        """Kind, method and code of all lines."""
        found = [self.line(number) for number in range(len(self.lines))]
        return [(line["kind"].split()[-1], line["method"], line["code"]) for line in found]

    def texts(self) -> list[str]:
        return self.node.log


class MakeSite:
    def __init__(self) -> None:
        self.made: list[Site] = []

    def __call__(self, params: str = "", route: str = ROUTE) -> Site:
        lines = "".join(f'modparam("acc", {line})\n' for line in params.strip().splitlines() if line)
        self.made.append(Site(HEAD + lines + route))
        return self.made[-1]


@pytest.fixture
def make_site() -> Iterator[MakeSite]:
    make = MakeSite()
    yield make
    for site in make.made:
        site.node.advance(200)
        site.node.close()
        assert not [text for text in site.node.log if "failed: " in text]


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    return make_site()
