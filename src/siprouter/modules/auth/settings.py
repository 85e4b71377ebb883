"""The parameters of auth, and what follows from them."""

from __future__ import annotations

from siprouter.modules.auth.tracking import round_down
from siprouter.sip.digest import is_known_algorithm
from siprouter.sip.names import TOKEN_CHARS
from siprouter.util.errors import OperatorError
from siprouter.util.log import Log

CHECK_URI = 1
CHECK_CALL_ID = 2
CHECK_FROM_TAG = 4
CHECK_SOURCE = 8
ALL_CHECKS = 15

DEFAULT_CELLS = 1 << 20
MAX_ORDER = 30
FEW_CELLS = 1 << 16
MAX_POOLS = 64
SHORT_SECRET = 8
SIXTEEN_YEARS = 1 << 29


class AuthSettings:
    """Parameters as attributes; `check_settings` computes `algorithms`, `offered`, `counts` and `once`."""

    algorithm: str
    auth_checks_in_dlg: int
    auth_checks_no_dlg: int
    auth_checks_register: int
    challenge_attr: str
    force_stateless_reply: int
    nc_array_order: int
    nc_array_size: int
    nid_pool_no: int
    nonce_auth_max_drift: int
    nonce_count: int
    nonce_expire: int
    one_time_nonce: int
    otn_in_flight_no: int
    otn_in_flight_order: int
    proxy_challenge_header: str
    qop: str
    secret: str | None
    www_challenge_header: str

    def __init__(self) -> None:
        self.algorithms: tuple[str, ...] = ("md5",)
        """hash functions whose credentials are accepted, in lower case"""
        self.offered: tuple[str, ...] = ("",)
        """algorithms as challenges name them, the best first; "" leaves the name out, which means MD5"""
        self.counts = 0
        """cells for nonces with a count; 0: counts are not looked at"""
        self.once = 0
        """cells for nonces that may be used once; 0: they may be used until they expire"""

    def check_settings(self, log: Log) -> None:
        """Raises OperatorError for values that cannot be."""
        if not self.challenge_attr.startswith("$") or len(self.challenge_attr) < 2:
            raise OperatorError(
                f"auth: challenge_attr must be an attribute, found '{self.challenge_attr}'",
                suggestion="$digest_challenge",
            )
        for name in (self.proxy_challenge_header, self.www_challenge_header):
            if not name or not all(char.isascii() and TOKEN_CHARS[ord(char)] for char in name):
                raise OperatorError(f"auth: '{name}' cannot be the name of a header")
        if self.qop not in ("", "auth", "auth-int"):
            raise OperatorError(f"auth: unknown qop '{self.qop}'", suggestion='"auth", "auth-int" or ""')
        self._check_numbers()
        self._check_algorithms()
        if self.secret and len(self.secret) < SHORT_SECRET:
            log.warning("auth: the secret has less than %d characters, and can be guessed", SHORT_SECRET)
        if self.nonce_count and not self.qop:
            log.warning("auth: nonce_count has no effect without qop")
        self.counts = self._cells(
            log, "nc_array", self.nc_array_size, self.nc_array_order, self.nonce_count and self.qop
        )
        self.once = self._cells(
            log, "otn_in_flight", self.otn_in_flight_no, self.otn_in_flight_order, self.one_time_nonce
        )

    def _check_numbers(self) -> None:
        if not 1 <= self.nonce_expire <= SIXTEEN_YEARS:
            raise OperatorError(f"auth: nonce_expire must be 1 to {SIXTEEN_YEARS} seconds, found {self.nonce_expire}")
        if not 0 <= self.nonce_auth_max_drift <= SIXTEEN_YEARS:
            found = self.nonce_auth_max_drift
            raise OperatorError(f"auth: nonce_auth_max_drift must be 0 to {SIXTEEN_YEARS} seconds, found {found}")
        for kind in ("register", "no_dlg", "in_dlg"):
            value = getattr(self, f"auth_checks_{kind}")
            if not 0 <= value <= ALL_CHECKS:
                raise OperatorError(f"auth: auth_checks_{kind} must be a sum of 1, 2, 4 and 8, found {value}")
        for name in ("nc_array_size", "nc_array_order", "otn_in_flight_no", "otn_in_flight_order", "nid_pool_no"):
            value = getattr(self, name)
            if value < 0 or (name.endswith("order") and value > MAX_ORDER) or value > 1 << MAX_ORDER:
                raise OperatorError(f"auth: {name} is out of bounds: {value}")

    def _check_algorithms(self) -> None:
        names = tuple(name.strip() for name in self.algorithm.split(",") if name.strip())
        for name in names:
            if not is_known_algorithm(name):
                raise OperatorError(f"auth: unknown algorithm '{name}'", suggestion='"MD5", "SHA-256", "SHA-512-256"')
        self.offered = names or ("",)
        self.algorithms = tuple({name.lower().removesuffix("-sess"): 0 for name in names}) or ("md5",)

    def _cells(self, log: Log, name: str, size: int, order: int, wanted: object) -> int:
        """How many nonces this worker keeps track of: its part of what is configured."""
        if not wanted:
            return 0
        pools = round_down(min(self.nid_pool_no or 1, MAX_POOLS))
        cells = (1 << order if order else round_down(size or DEFAULT_CELLS)) // pools
        if cells < 8:
            raise OperatorError(f"auth: nid_pool_no is too large for {name}: {cells} nonces are left for a worker")
        if cells < FEW_CELLS:
            log.warning("auth: %s keeps track of only %d nonces in a worker", name, cells)
        return cells
