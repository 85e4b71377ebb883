"""The instance of domainpolicy: which policy a domain announces (draft-lendl-domain-policy-ddds-02)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from siprouter.core.avp import DEFAULT_CLASS, AvpKey
from siprouter.core.values import str_to_int
from siprouter.db.databases import check_names, open_database, table_version
from siprouter.db.errors import DbError
from siprouter.db.interface import Database
from siprouter.db.values import to_text
from siprouter.dns.wire import NAPTR, NOERROR, NXDOMAIN, Naptr
from siprouter.util.errors import OperatorError, PeerError
from siprouter.util.regex import parse_subst

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

TABLE_VERSION = 2
ERROR, REFUSED, ALLOWED, NO_POLICY = -2, -1, 1, 2
MAX_REFERRALS = 5
MAX_AVPS = 32
MAX_RECORDS = 64
MAX_RULE = 1024
SERVICE = "d2p+sip"
TYPES = ("fed", "std", "dom")
AVPS = ("port_override", "transport_override", "domain_replacement", "domain_prefix", "domain_suffix", "send_socket")
_DOMAIN = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\Z", re.ASCII)

Found = list[tuple[str, str]]
"""AVPs to set: names as in the table, and values"""


class PolicyError(Exception):
    """The policy of a domain cannot be found out."""


def avp_key(name: str) -> AvpKey | None:
    """`i:5`, `s:name`; without a letter numbers are numbers. None for what is no name."""
    kind = ""
    if name[1:2] == ":":
        kind, name = name[0].lower(), name[2:]
    number = int(name) if name.isascii() and name.isdigit() and len(name) <= 9 else None
    if kind not in ("", "i", "s") or not name or (kind == "i" and not number) or (kind == "" and number == 0):
        return None
    return DEFAULT_CLASS, name if kind == "s" or number is None else number


class DomainPolicy:
    """Rules of a table; nothing of it is kept in memory."""

    db_url: str
    dp_table: str
    dp_col_rule: str
    dp_col_type: str
    dp_col_att: str
    dp_col_val: str

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.database: Database
        self.keys: dict[str, AvpKey] = {}

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        columns = ("dp_table", "dp_col_rule", "dp_col_type", "dp_col_att", "dp_col_val")
        check_names("domainpolicy", {name: getattr(self, name) for name in columns})
        for name in AVPS:
            text: str = getattr(self, f"{name}_avp")
            number = str_to_int(text)
            if not text or number == 0:
                raise OperatorError(f"domainpolicy: {name}_avp is no name of an AVP: '{text}'")
            self.keys[name] = (DEFAULT_CLASS, text if number is None else number)
        self.database = open_database(self.worker, self.db_url, "domainpolicy")

    async def start(self) -> None:
        """Check the table, of which later versions do as well. Raises OperatorError."""
        try:
            found = await table_version(self.database, self.dp_table)
        except DbError as error:
            raise OperatorError(f"domainpolicy: {error}") from None
        if found < TABLE_VERSION:
            message = f"domainpolicy: table {self.dp_table} has version {found}, {TABLE_VERSION} is needed"
            raise OperatorError(message, suggestion=f"siprouter db check '{self.database.url.safe}'")

    # --- the script

    async def can_connect(self, ctx: Context) -> int:
        """dp_can_connect(): 1: yes; 2: no policy; -1: no; -2: it cannot be found out."""
        try:
            code, found = await self._ask(ctx.parsed_uri.host)
        except (PolicyError, PeerError, DbError) as error:
            self.worker.log.error("dp_can_connect(): %s", error, source="domainpolicy")
            return ERROR
        for name, value in found:
            key = avp_key(name)
            if key is None:
                self.worker.log.error("dp_can_connect(): no name of an AVP: %r", name, source="domainpolicy")
            else:
                ctx.avps.add(key[1], value, key[0])
        return code

    async def _ask(self, domain: str) -> tuple[int, Found]:
        """The policy of a domain; each referral is to be followed once it is certain that there is nothing before it.

        A stack of what is left to do at each level takes the place of the recursion in the draft.
        """
        levels: list[tuple[str, list[Naptr]]] = []
        while True:
            code, found, referral, rest = await self._look(domain, bool(levels))
            if referral is None:
                while code == REFUSED and levels:
                    domain, rest = levels.pop()
                    code, found, referral, rest = await self._judge(domain, rest, bool(levels), True)
                    if referral is not None:
                        break
                if referral is None:
                    return code, found
            levels.append((domain, rest))
            if len(levels) > MAX_REFERRALS:
                raise PolicyError(f"too many referrals, the last one to {referral}")
            domain = referral

    async def _look(self, domain: str, referred: bool) -> tuple[int, Found, str | None, list[Naptr]]:
        """(code, AVPs, None, …), or the domain to look at next and the records behind that referral."""
        found = self._first(domain, referred)
        if await self._rule(domain, "dom", found):
            return ALLOWED, found, None, []
        answer = await self.worker.resolver.query(domain, NAPTR)
        if answer.rcode not in (NOERROR, NXDOMAIN):
            raise PolicyError(f"no answer about NAPTR records of {domain}")
        records = [one for one in answer.data if isinstance(one, Naptr) and one.service.lower().startswith(SERVICE)]
        records.sort(key=lambda one: (one.order, one.preference))
        if not answer.data:
            return NO_POLICY, [], None, []
        return await self._judge(domain, records[:MAX_RECORDS], referred, False)

    def _first(self, domain: str, referred: bool) -> Found:
        """A domain that another one refers to replaces that."""
        return [(self.domain_replacement_name, domain)] if referred else []

    @property
    def domain_replacement_name(self) -> str:
        """Parameter domain_replacement_avp as the table would write it."""
        name = self.keys["domain_replacement"][1]
        return f"i:{name}" if isinstance(name, int) else f"s:{name}"

    async def _judge(
        self, domain: str, records: Sequence[Naptr], referred: bool, seen: bool
    ) -> tuple[int, Found, str | None, list[Naptr]]:
        """The first order all of whose records can be fulfilled. `seen`: there was a record before these."""
        rest = list(records)
        while rest:
            order = rest[0].order
            group = [one for one in rest if one.order == order]
            rest = rest[len(group) :]
            referral = self._referral(domain, group)
            if referral is not None:
                return REFUSED, [], referral, rest
            found = self._first(domain, referred)
            fulfilled = False
            for record in group:
                rule = self._rule_of(domain, record)
                if rule is None:
                    continue
                fulfilled = await self._rule(rule, record.service[len(SERVICE) + 1 :].lower(), found)
                if not fulfilled:
                    break
            if fulfilled:
                return ALLOWED, found, None, []
        return (REFUSED if records or seen else NO_POLICY), [], None, []

    def _referral(self, domain: str, group: list[Naptr]) -> str | None:
        """The domain that a non-terminal record names; such a record must be alone in its order."""
        referrals = [one for one in group if one.service.lower() == SERVICE and not one.flags]
        if not referrals:
            return None
        if len(group) > 1:
            raise PolicyError(f"{domain}: a referral must be the only record of its order")
        target = referrals[0].replacement.rstrip(".")
        if not _DOMAIN.match(target):
            raise PolicyError(f"{domain} refers to {target[:64]!r}")
        return target

    def _rule_of(self, domain: str, record: Naptr) -> str | None:
        """What the regular expression of a record makes of the domain; None where the record is broken."""
        if record.flags.lower() != "u":
            self._complain(domain, f"flags '{record.flags[:16]}' in place of u")
            return None
        if not record.regexp.startswith("!") or record.regexp.count("!") < 3:
            self._complain(domain, f"bad expression {record.regexp[:64]!r}")
            return None
        try:
            subst = parse_subst(record.regexp[: record.regexp.index("!", record.regexp.index("!", 1) + 1) + 1])
            match = subst.regex.search(domain)
        except (ValueError, PeerError) as error:
            self._complain(domain, f"bad expression {record.regexp[:64]!r}: {error}")
            return None
        if match is None:
            self._complain(domain, f"{record.regexp[:64]!r} does not match")
            return None
        return subst.replacement(match, lambda part: "")

    def _complain(self, domain: str, text: str) -> None:
        self.worker.log.error("NAPTR record of %s: %s", domain, text, source="domainpolicy")

    async def _rule(self, rule: str, type: str, found: Found) -> bool:
        """Whether the table knows a rule; its AVPs are added. Raises DbError, PolicyError."""
        if type not in TYPES:
            self.worker.log.error("unknown kind of policy: %r", type[:16], source="domainpolicy")
            return False
        if len(rule) > MAX_RULE:
            return False
        keys: list[Any] = [(self.dp_col_rule, rule), (self.dp_col_type, type)]
        rows = await self.database.query(self.dp_table, keys, [self.dp_col_att, self.dp_col_val])
        found += [(to_text(name), to_text(value)) for name, value in rows if name is not None and value is not None]
        if len(found) > MAX_AVPS:
            raise PolicyError(f"more than {MAX_AVPS} AVPs for rule {rule[:64]}")
        return bool(rows)
