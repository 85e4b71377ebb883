"""The instance of geoip: look-ups by name, kept with the message."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from siprouter.core.access import PvAccess
from siprouter.core.pvars import InnerName
from siprouter.core.values import Value
from siprouter.modules.geoip.database import ATTRIBUTES, Found, GeoDatabase
from siprouter.rpc.values import RpcError
from siprouter.util.address import normalize_ip
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker
    from siprouter.rpc.call import RpcCall

KEY = "geoip"
MAX_ADDRESS = 255
MAX_LOOKUPS = 64
BAD_ARGUMENT, NOT_FOUND, TOO_LONG = -1, -2, -3


class GeoIp:
    """One instance per worker; all workers map the same file."""

    path: str | None

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.database: GeoDatabase

    def configure(self) -> None:
        """Open the database. Raises OperatorError."""
        if not self.path:
            hint = 'modparam("geoip", "path", "/usr/share/GeoIP/GeoLite2-City.mmdb")'
            raise OperatorError("geoip: parameter path is not set", suggestion=hint)
        self.database = GeoDatabase(Path(self.path))

    def stop(self) -> None:
        """Close it."""
        self.database.close()

    def match(self, ctx: Context, address: str, name: str) -> int:
        """geoip_match(address, name): 1 where the database knows it; what was kept under the name is forgotten."""
        kept: dict[str, Found] = ctx.vars.setdefault(KEY, {})
        kept.pop(name, None)
        if not name:
            self.worker.log.error("geoip_match(): there is no name", source="geoip")
            return BAD_ARGUMENT
        if len(address) > MAX_ADDRESS:
            return TOO_LONG
        ip = normalize_ip(address.strip().removeprefix("[").removesuffix("]"))
        if ip is None:
            return NOT_FOUND
        try:
            found = self.database.find(ip)
        except ValueError as error:
            self.worker.log.error("geoip_match(): %s", error, source="geoip")
            return BAD_ARGUMENT
        if found is None:
            return NOT_FOUND
        if len(kept) >= MAX_LOOKUPS:
            self.worker.log.error("geoip_match(): more than %d look-ups", MAX_LOOKUPS, source="geoip")
            return BAD_ARGUMENT
        kept[name] = found
        return 1

    def bind(self, inner: InnerName) -> PvAccess:
        """$gip(name=>attribute): null before geoip_match() found something."""
        name, sign, attribute = (part.strip() for part in inner.text.partition("=>"))
        if not sign or not name:
            raise inner.error("expected $gip(name=>attribute)")
        read = ATTRIBUTES.get(attribute)
        if read is None:
            raise inner.error(f"$gip has no attribute '{attribute}'", f"one of {', '.join(ATTRIBUTES)}")

        def get(ctx: Context) -> Value:
            found = ctx.vars.get(KEY, {}).get(name)
            return None if found is None else read(found)

        return PvAccess(get)

    def reload(self, call: RpcCall, path: str = "") -> dict[str, str | int]:
        """geoip.reload: messages that are under way keep what they found."""
        try:
            fresh = GeoDatabase(Path(path) if path else self.database.path)
        except OperatorError as error:
            raise RpcError(500, str(error)) from None
        self.database.close()
        self.database = fresh
        return fresh.describe()
