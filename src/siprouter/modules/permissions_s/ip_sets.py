"""Sets of addresses and networks, declared by the configuration or written in it, and changed by RPC."""

from __future__ import annotations

import re
from functools import lru_cache

from siprouter.core.args import Constant, Dynamic, Folded
from siprouter.core.context import Context
from siprouter.core.env import LoadEnv
from siprouter.core.values import Value, to_text
from siprouter.script.ser_args import SerStr
from siprouter.util.address import Network, parse_ip
from siprouter.util.errors import OperatorError, SourceLocation

MAX_NETWORKS = 1_000_000
_NAME = re.compile(r"[A-Za-z_]")
_SEPARATORS = re.compile(r"[,; ]+")


class IpSet:
    """Networks, found in as many steps as there are different masks."""

    def __init__(self, text: str = "") -> None:
        """`text`: addresses and networks with commas, semicolons or blanks. Raises ValueError."""
        self._by_mask: dict[tuple[int, int], set[int]] = {}
        self.count = 0
        for part in _SEPARATORS.split(text):
            if part:
                self.add(Network.parse(part))

    def add(self, network: Network) -> None:
        """Raises ValueError where there are too many."""
        if self.count >= MAX_NETWORKS:
            raise ValueError(f"more than {MAX_NETWORKS} networks")
        self.count += 1
        self._by_mask.setdefault((network.width, network.mask), set()).add(network.address)

    def __contains__(self, packed: bytes) -> bool:
        number, width = int.from_bytes(packed, "big"), len(packed) * 8
        return any(kind == width and number & mask in found for (kind, mask), found in self._by_mask.items())

    def networks(self, width: int) -> list[Network]:
        """Those of a family, 32 or 128 bits."""
        return [
            Network(address, mask, width)
            for (kind, mask), found in sorted(self._by_mask.items())
            if kind == width
            for address in sorted(found)
        ]


class DeclaredSet:
    """What counts, and what will when it is committed."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.current = IpSet(text)
        self.pending = IpSet()

    def commit(self) -> None:
        """What was added takes the place of what counted."""
        self.current, self.pending = self.pending, IpSet()


def parse_declaration(text: str) -> DeclaredSet:
    """`name` or `name=networks`. Raises OperatorError."""
    name, _, networks = text.partition("=")
    name = name.strip()
    if not is_name(name):
        raise OperatorError(f"permissions: declare_ipset: '{name}' is no name", suggestion="name=10.0.0.0/8,192.0.2.1")
    try:
        return DeclaredSet(name, networks)
    except ValueError as error:
        raise OperatorError(f"permissions: declare_ipset {name}: {error}") from None


def is_name(text: str) -> bool:
    """Whether a text is the name of a set rather than addresses: IPv6 must be in brackets there."""
    return _NAME.match(text) is not None


@lru_cache(maxsize=256)
def cached_set(text: str) -> IpSet:
    """The set that a text writes out; recent ones are kept. Raises ValueError."""
    return IpSet(text)


def add_network(to: IpSet, ip: str, mask: str) -> None:
    """An address with a mask, which may begin with slashes; "": the address alone. Raises ValueError."""
    mask = mask.lstrip("/")
    to.add(Network.parse(f"{ip}/{mask}" if mask else ip))


def which_address(ctx: Context, text: str) -> bytes | None:
    """`src`, `dst` and `rcv` (their first letter is enough), or an address; None for anything else."""
    packed = parse_ip(text)
    if packed is not None:
        return packed
    letter = text[:1].lower()
    if letter == "s":
        return parse_ip(ctx.source.ip)
    if letter in ("d", "r") and ctx.source.listener is not None:
        return parse_ip(ctx.source.listener.address)
    return None


class SetArg(SerStr):
    """The name of a declared set, addresses, or an attribute or select that holds either."""

    kind = "the name of a declared set, addresses, an attribute or select"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        text = to_text(value)
        if is_name(text):
            if text not in env.worker.module("permissions").sets:
                raise OperatorError(f"there is no set '{text}'", location, f"declare_ipset {text}")
            return Constant(text)
        folded = super().fold(value, env, location)
        if not isinstance(folded, Dynamic):
            try:
                cached_set(text)
            except ValueError as error:
                raise OperatorError(f"bad addresses '{text}': {error}", location) from None
        return folded
