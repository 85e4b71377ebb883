"""Small MaxMind DB files for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmdb_writer import MMDBWriter
from netaddr import IPSet

BERLIN: dict[str, Any] = {
    "city": {"names": {"en": "Berlin", "de": "Berlin"}},
    "continent": {"code": "EU"},
    "country": {"iso_code": "DE"},
    "location": {"latitude": 52.5167, "longitude": 13.4, "time_zone": "Europe/Berlin"},
    "postal": {"code": "10785"},
    "subdivisions": [{"iso_code": "BE", "names": {"en": "Land Berlin"}}],
}
MIAMI: dict[str, Any] = {
    "city": {"names": {"en": "Miami"}},
    "continent": {"code": "NA"},
    "country": {"iso_code": "US"},
    "location": {"latitude": 25.0, "longitude": -80.25, "metro_code": 528, "time_zone": "America/New_York"},
    "subdivisions": [{"iso_code": "FL", "names": {"en": "Florida"}}],
}
EMPTY: dict[str, Any] = {"country": {}}
NETWORKS = {"192.0.2.0/25": BERLIN, "198.51.100.0/24": MIAMI, "203.0.113.0/24": EMPTY, "2001:db8::/32": MIAMI}


def write_database(path: Path, networks: dict[str, dict[str, Any]] | None = None) -> Path:
    """Write an .mmdb file with these networks."""
    writer = MMDBWriter(6, "GeoLite2-City", ipv4_compatible=True, float_type="f64")
    for network, record in (NETWORKS if networks is None else networks).items():
        writer.insert_network(IPSet([network]), record)
    writer.to_db_file(str(path))
    return path
