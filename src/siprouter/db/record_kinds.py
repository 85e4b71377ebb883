"""The tables that operators keep by hand, and what their fields take."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import AddressValueError, IPv4Address, IPv4Network, ip_address

from siprouter.core.args import compile_regex
from siprouter.db.accounts import parse_account
from siprouter.db.records import Field, Kind
from siprouter.db.values import Row, Value, to_text
from siprouter.sip.uri import parse_uri
from siprouter.util.errors import OperatorError, PeerError

PROTOCOLS = ("any", "udp", "tcp", "tls", "sctp", "none")
MATCH = ("equal", "regexp")
_HOST_END = frozenset(" \t\r\n\"'<>:;@/,")


def text(name: str, column: str, help: str, default: str | None = None) -> Field:
    """Any text."""
    return Field(name, (column,), help, lambda given: (_plain(name, given),), _first_text, default)


def number(name: str, column: str, help: str, low: int, high: int, default: str | None = None) -> Field:
    """A number within bounds."""

    def parse(given: str) -> tuple[Value, ...]:
        try:
            value = int(given)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise OperatorError(f"{name} must be a number from {low} to {high}, found '{given}'")
        return (value,)

    return Field(name, (column,), help, parse, _first_number, default)


def word(name: str, column: str, help: str, words: tuple[str, ...], default: str | None = None) -> Field:
    """One of some words."""

    def parse(given: str) -> tuple[Value, ...]:
        if given.lower() not in words:
            raise OperatorError(f"{name} must be one of {', '.join(words)}, found '{given}'")
        return (given.lower(),)

    return Field(name, (column,), help, parse, _first_text, default)


def account(name: str, columns: tuple[str, str], help: str, domain: str) -> Field:
    """`user@domain`; `domain` is that of users without one."""

    def parse(given: str) -> tuple[Value, ...]:
        found = parse_account(given, domain)
        return (found.user, found.domain)

    return Field(name, columns, help, parse, lambda row: f"{to_text(row[0])}@{to_text(row[1])}")


def checked(name: str, column: str, help: str, check: Callable[[str], str], default: str | None = None) -> Field:
    """Text that `check` accepts, as it gives it back."""
    return Field(name, (column,), help, lambda given: (check(given),), _first_text, default)


def _first_text(row: Row) -> str:
    return to_text(row[0])


def _first_number(row: Row) -> int:
    return int(row[0] or 0)


def _plain(name: str, given: str) -> str:
    if any(character in given for character in "\0\r\n"):
        raise OperatorError(f"{name} must not hold line ends or NUL")
    return given


def _host(given: str) -> str:
    name = given.rstrip(".").lower()
    if not name or not name.isprintable() or not _HOST_END.isdisjoint(name):
        raise OperatorError(f"'{given}' is no domain", suggestion="example.org")
    return name


def _sip_uri(given: str) -> str:
    try:
        uri = parse_uri(given)
    except PeerError:
        uri = None
    if uri is None or not uri.is_sip or not uri.host or not _plain("URI", given).isprintable() or " " in given:
        raise OperatorError(f"'{given}' is no SIP URI", suggestion="sip:192.0.2.1:5060")
    return given


def _source(given: str) -> str:
    try:
        return str(ip_address(given))
    except ValueError:
        raise OperatorError(f"'{given}' is no IP address", suggestion="192.0.2.1") from None


def _pattern(given: str) -> str:
    try:
        compile_regex(given)
    except ValueError as error:
        raise OperatorError(f"'{given}' is no regular expression: {error}") from None
    return _plain("pattern", given)


def _network(given: str) -> tuple[Value, ...]:
    """`10.0.0.0/8` or one address. What module permissions reads is IPv4."""
    ip, slash, mask = given.partition("/")
    try:
        address = IPv4Address(ip)
        length = int(mask) if slash else 32
        network = IPv4Network((address, length), strict=False)
    except (AddressValueError, ValueError):
        raise OperatorError(f"'{given}' is no IPv4 address or network", suggestion="192.0.2.0/24") from None
    if not length:
        raise OperatorError("a network of all addresses is not possible here")
    if network.network_address != address:
        raise OperatorError(f"'{given}' has bits behind its mask", suggestion=str(network))
    return (str(address), length)


def _show_network(row: Row) -> str:
    mask = int(row[1])
    return to_text(row[0]) if mask == 32 else f"{to_text(row[0])}/{mask}"


def _match(given: str) -> tuple[Value, ...]:
    if given.lower() not in MATCH:
        raise OperatorError(f"match must be one of {', '.join(MATCH)}, found '{given}'")
    return (MATCH.index(given.lower()),)


def kinds(domain: str = "") -> dict[str, Kind]:
    """All kinds by the name of their command; `domain` is that of users who are given without one."""
    found = (_alias(domain), _domain(), _address(), _trusted(), _dispatcher(), _group(domain), _uri(domain))
    return {kind.command: kind for kind in (*found, _speeddial(domain), _dialplan(), _avp(domain))}


def _alias(domain: str) -> Kind:
    fields = (
        account("alias", ("alias_username", "alias_domain"), "the other name", domain),
        account("user", ("username", "domain"), "the account that it leads to", domain),
    )
    return Kind("alias", "dbaliases", "alias", fields, ("alias_username", "alias_domain"), account="user")


def _domain() -> Kind:
    fields = (checked("domain", "domain", "a name that the server is responsible for", _host),)
    return Kind("domain", "domain", "domain", fields, ("domain",), ("mi", "domain_reload"), stamp="last_modified")


def _address() -> Kind:
    fields = (
        Field("address", ("ip_addr", "mask"), "IPv4 address, or network as 192.0.2.0/24", _network, _show_network),
        number("group", "grp", "group", 1, 65535, "1"),
        number("port", "port", "port, 0: any", 0, 65535, "0"),
        text("tag", "tag", "text for peer_tag_avp", ""),
    )
    return Kind("address", "address", "address", fields, ("ip_addr", "mask", "port", "grp"), ("mi", "address_reload"))


def _trusted() -> Kind:
    fields = (
        checked("address", "src_ip", "IP address of the peer", _source),
        word("proto", "proto", f"one of {', '.join(PROTOCOLS)}", PROTOCOLS),
        checked("from-pattern", "from_pattern", "regular expression for From", _pattern, ""),
        text("tag", "tag", "text for peer_tag_avp", ""),
    )
    unique = ("src_ip", "proto", "from_pattern")
    return Kind("trusted", "trusted", "trusted peer", fields, unique, ("mi", "trusted_reload"))


def _dispatcher() -> Kind:
    fields = (
        number("set", "setid", "number of the set", 0, 0x7FFFFFFF),
        checked("destination", "destination", "SIP URI", _sip_uri),
        number("flags", "flags", "flags", 0, 0x7FFFFFFF, "0"),
        number("priority", "priority", "higher ones come first", -0x80000000, 0x7FFFFFFF, "0"),
        text("attrs", "attrs", "attributes", ""),
        text("description", "description", "text for operators", ""),
    )
    return Kind("dispatcher", "dispatcher", "destination", fields, ("setid", "destination"), ("mi", "ds_reload"))


def _group(domain: str) -> Kind:
    fields = (
        account("user", ("username", "domain"), "the account", domain),
        text("group", "grp", "the group that it is in"),
    )
    unique = ("username", "domain", "grp")
    return Kind("group", "grp", "membership", fields, unique, account="user", stamp="last_modified")


def _uri(domain: str) -> Kind:
    fields = (
        account("user", ("username", "domain"), "the account", domain),
        text("uri-user", "uri_user", "the user part that it may have in its URIs"),
    )
    unique = ("username", "domain", "uri_user")
    return Kind("uri", "uri", "URI user", fields, unique, account="user", stamp="last_modified")


def _speeddial(domain: str) -> Kind:
    fields = (
        account("user", ("username", "domain"), "whose short number it is", domain),
        account("short", ("sd_username", "sd_domain"), "the short number", domain),
        checked("uri", "new_uri", "SIP URI that it leads to", _sip_uri),
        text("first-name", "fname", "first name", ""),
        text("last-name", "lname", "last name", ""),
        text("description", "description", "text for operators", ""),
    )
    unique = ("username", "domain", "sd_domain", "sd_username")
    return Kind("speeddial", "speed_dial", "short number", fields, unique, account="user")


def _avp(domain: str) -> Kind:
    fields = (
        account("user", ("username", "domain"), "whose attribute it is", domain),
        text("attribute", "attribute", "its name"),
        text("value", "value", "its value"),
        number("type", "type", "0: text, +1: the value is a number, +2: the name is one", 0, 3, "0"),
        text("uuid", "uuid", "unique id of the user", ""),
    )
    unique = ("uuid", "username", "domain", "attribute", "value")
    return Kind("avp", "usr_preferences", "attribute", fields, unique, account="user", stamp="last_modified")


def _dialplan() -> Kind:
    fields = (
        number("dpid", "dpid", "number of the dialplan", 1, 0x7FFFFFFF),
        number("priority", "pr", "lower ones are tried first", 0, 0x7FFFFFFF),
        Field("match", ("match_op",), f"one of {', '.join(MATCH)}", _match, lambda row: MATCH[bool(row[0])]),
        text("expression", "match_exp", "what the input is compared with"),
        number("length", "match_len", "length of the input, 0: any", 0, 255, "0"),
        checked("substitute", "subst_exp", "regular expression of what is replaced", _pattern, ""),
        text("replacement", "repl_exp", "what comes in its place", ""),
        text("attrs", "attrs", "attributes", ""),
    )
    unique = ("dpid", "pr", "match_op", "match_exp", "match_len")
    return Kind("dialplan", "dialplan", "rule", fields, unique, ("mi", "dp_reload"))
