"""MaxMind DB files: opening one, and what a look-up says."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siprouter.core.values import Value
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from maxminddb.reader import Reader

LEGACY = (
    "the GeoIP.dat format was given up in 2018, and nobody maintains a reader: use an .mmdb file, as GeoLite2-City.mmdb"
)


class Found:
    """One look-up: the record of a network, and the network."""

    __slots__ = ("address", "bits", "record")

    def __init__(self, address: str, record: dict[str, Any], bits: int) -> None:
        self.address = address
        self.record = record
        self.bits = bits

    def field(self, *path: str | int) -> Any:
        """What stands at a path of the record, None where there is nothing."""
        value: Any = self.record
        for key in path:
            if isinstance(key, int):
                value = value[key] if isinstance(value, list) and key < len(value) else None
            else:
                value = value.get(key) if isinstance(value, dict) else None
        return value

    def text(self, *path: str | int) -> str | None:
        """A text of the record."""
        value = self.field(*path)
        return value if isinstance(value, str) else None

    def number(self, *path: str | int) -> int:
        """A number of the record, 0 where there is none."""
        value = self.field(*path)
        return value if isinstance(value, int) else 0

    def degrees(self, *path: str | int) -> str | None:
        """A coordinate with six decimal places."""
        value = self.field(*path)
        return f"{value:f}" if isinstance(value, float | int) else None

    def edge(self, last: bool) -> str:
        """The first or last address of the network."""
        network = ipaddress.ip_network(f"{self.address}/{self.bits}", strict=False)
        return str(network[-1 if last else 0])


ATTRIBUTES: dict[str, Callable[[Found], Value]] = {
    "cc": lambda found: found.text("country", "iso_code"),
    "tz": lambda found: found.text("location", "time_zone"),
    "zip": lambda found: found.text("postal", "code"),
    "lat": lambda found: found.degrees("location", "latitude"),
    "lon": lambda found: found.degrees("location", "longitude"),
    "dma": lambda found: found.number("location", "metro_code"),
    "ips": lambda found: found.edge(last=False),
    "ipe": lambda found: found.edge(last=True),
    "city": lambda found: found.text("city", "names", "en"),
    "area": lambda found: found.number("location", "area_code"),
    "regc": lambda found: found.text("subdivisions", 0, "iso_code"),
    "regn": lambda found: found.text("subdivisions", 0, "names", "en"),
    "metro": lambda found: found.number("location", "metro_code"),
    "contc": lambda found: found.text("continent", "code"),
    "nmask": lambda found: found.bits,
}


class GeoDatabase:
    """An open file; addresses of networks that it does not know have no record."""

    def __init__(self, path: Path) -> None:
        """Raises OperatorError."""
        try:
            import maxminddb
        except ImportError as error:
            hint = "pip install 'siprouter[geoip]'"
            raise OperatorError(f"geoip needs the Python package maxminddb: {error}", suggestion=hint) from None
        self.path = path
        self._broken = maxminddb.InvalidDatabaseError
        try:
            self._reader: Reader = maxminddb.open_database(path)
        except OSError as error:
            raise OperatorError(f"geoip: cannot read {path}: {error.strerror or error}") from None
        except (maxminddb.InvalidDatabaseError, ValueError):
            hint = LEGACY if path.suffix.lower() == ".dat" else "use a file such as GeoLite2-City.mmdb"
            raise OperatorError(f"geoip: {path} is no MaxMind DB file", suggestion=hint) from None

    def find(self, address: str) -> Found | None:
        """What there is about an IP address. Raises ValueError for a file that is damaged."""
        try:
            record, bits = self._reader.get_with_prefix_len(address)
        except self._broken as error:
            raise ValueError(f"{self.path}: {error}") from None
        except ValueError:  # an IPv6 address, and the file has IPv4 only
            return None
        return Found(address, record, bits) if isinstance(record, dict) else None

    def describe(self) -> dict[str, str | int]:
        """Path, kind and time of making (seconds since 1970)."""
        about = self._reader.metadata()
        return {"path": str(self.path), "type": about.database_type, "built": about.build_epoch}

    def close(self) -> None:
        """Let go of the file."""
        self._reader.close()
