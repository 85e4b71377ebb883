"""The instance of auth: makes challenges, and checks what comes back. Modules that know passwords call it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siprouter.core.avp_names import parse_avp_name
from siprouter.core.route_info import AUTHORIZED
from siprouter.modules.auth.check import (
    BAD_NONCE,
    EXEMPT,
    GO_ON,
    NO_CREDENTIALS,
    PASSED,
    Check,
    algorithm_of,
    find_credentials,
    parse_count,
)
from siprouter.modules.auth.nonce import FORGED, STALE, VALID, Nonces
from siprouter.modules.auth.settings import CHECK_CALL_ID, CHECK_FROM_TAG, CHECK_SOURCE, CHECK_URI, AuthSettings
from siprouter.modules.auth.tracking import NonceTracker
from siprouter.sip.digest import build_challenge, check_response, compute_ha1
from siprouter.sip.names import H_PROXY_AUTHORIZATION, M_REGISTER
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

OK = 1
ERROR = -1
WRONG_PASSWORD = -2
USER_UNKNOWN = -3

STALE_KEY = "auth.stale"
USED_KEY = "auth.used"
SECRET_LENGTH = 32
UNSAFE_IN_REALM = frozenset('"\\') | {chr(code) for code in (*range(32), 127)}


class Auth(AuthSettings):
    """How a module that knows passwords uses it: `begin`, then `finish` (or `accept`, when another compared)."""

    stats: Any

    def __init__(self, worker: Worker) -> None:
        super().__init__()
        self.worker = worker
        self.nonces: Nonces = Nonces(b"", worker.started_at, 0)
        self.tracker: NonceTracker | None = None
        self.pool = worker.index
        self.sl: Any = None

    def configure(self) -> None:
        """All parameters are set."""
        worker = self.worker
        self.sl = worker.module("sl")
        self.check_settings(worker.log)
        secret = to_bytes(self.secret) if self.secret else self._shared_secret()
        self.nonces = Nonces(secret, worker.started_at, self.nonce_auth_max_drift)
        self.decoys = {name: compute_ha1("", "", worker.random_bytes(16).hex(), name) for name in self.algorithms}
        self.avp_class, self.avp_name = parse_avp_name(self.challenge_attr[1:])
        self.tracker = None
        if self.counts or self.once:
            first = int.from_bytes(worker.random_bytes(4), "big")
            self.tracker = NonceTracker(self.counts, self.once, first)

    def _shared_secret(self) -> bytes:
        """A random secret, the same in all workers."""
        table = self.worker.state.table("auth")
        table.replace("secret", None, self.worker.random_bytes(SECRET_LENGTH))
        found: bytes = table.get("secret")
        return found

    def begin(self, ctx: Context, realm: str, proxy: bool) -> Check:
        """Find the credentials of a realm in Proxy-Authorization (`proxy`) or Authorization; look at their nonce."""
        check = Check(realm, proxy)
        msg = ctx.msg
        if msg.method_id in EXEMPT:
            check.state = PASSED
            return check
        find_credentials(check, msg, self.algorithms)
        if check.state == GO_ON:
            self._look_at_nonce(ctx, check)
        elif check.state == NO_CREDENTIALS:
            self.stats.no_credentials.inc()
        else:
            self.stats.bad_credentials.inc()
        return check

    def _look_at_nonce(self, ctx: Context, check: Check) -> None:
        given = check.credentials
        found = self.nonces.read(given.get("nonce"), self.worker.wall_clock(), self._checked(ctx))
        if found.state == FORGED:
            check.state = BAD_NONCE
            self.stats.forged_nonces.inc()
            return
        # the response covers nc only where there is a qop; a counted nonce may come with any message
        counted = self.counts > 0 and given.get("qop") != ""
        check.stale = found.state == STALE or (found.state != VALID and not counted)
        tracker = self.tracker
        if check.stale or tracker is None:
            return
        if not found.numbered or found.pool != self.pool:
            check.stale = True
            return
        if counted:
            check.nonce_count = parse_count(given.get("nc"))
            check.stale = not tracker.may_count(found.number, check.nonce_count)
        elif self.once:
            check.stale = not tracker.may_use(found.number)
        check.number = found.number

    def verify(self, ctx: Context, check: Check, ha1: str | None) -> bool:
        """Whether the response proves knowledge of `ha1`; takes as long for a user who does not exist (None)."""
        expected = self.decoys[algorithm_of(check.credentials)] if ha1 is None else ha1
        qop = check.credentials.get("qop")
        msg = ctx.msg
        body = msg.body if len(qop) > 4 else b""
        return check_response(check.credentials, expected.lower(), msg.method, body) and ha1 is not None

    def accept(self, ctx: Context, check: Check) -> int:
        """The response was right: OK, or ERROR for a nonce that is stale or was used before.

        What is accepted is what `consume_credentials()` removes and `$au` and its kin speak of.
        """
        if not check.stale and check.number >= 0 and not self._take(check):
            check.stale = True
        if check.stale:
            self.stats.stale_nonces.inc()
            ctx.vars[STALE_KEY] = (check.realm, check.proxy)
            return ERROR
        self.stats.accepted.inc()
        ctx.vars[AUTHORIZED] = check.credentials
        ctx.vars.setdefault(USED_KEY, {})[check.header_id] = check.value
        return OK

    def _take(self, check: Check) -> bool:
        tracker = self.tracker
        if tracker is None:
            return True
        if check.nonce_count >= 0:
            return tracker.take_count(check.number, check.nonce_count)
        return not self.once or tracker.take(check.number)

    def finish(self, ctx: Context, check: Check, ha1: str | None) -> int:
        """Compare with the password's `ha1` (None: there is no such user).

        OK, ERROR (stale: ask again), WRONG_PASSWORD, USER_UNKNOWN.
        """
        if self.verify(ctx, check, ha1):
            return self.accept(ctx, check)
        self.stats.wrong_passwords.inc()
        return WRONG_PASSWORD if ha1 is not None else USER_UNKNOWN

    def password_ha1(self, check: Check, password: str) -> str:
        """HA1 of a password for the user name, realm and algorithm of the credentials."""
        credentials = check.credentials
        return compute_ha1(credentials.get("username"), check.realm, password, algorithm_of(credentials))

    def challenge(
        self, ctx: Context, realm: str, proxy: bool, qop: str | None = None, stale: bool | None = None
    ) -> str:
        """Header lines that ask for credentials, one for each algorithm; "" for a realm that cannot be written.

        `qop` None: that of the parameter; `stale` None: whether right credentials with a stale nonce came with `ctx`.
        """
        if not realm or not UNSAFE_IN_REALM.isdisjoint(realm):
            self.worker.log.error("cannot ask for credentials of the realm %r", realm, source="auth")
            return ""
        tracker = self.tracker
        number = None if tracker is None else tracker.issue()
        checked = self._checked(ctx)
        nonce = self.nonces.make(self.worker.wall_clock(), self.nonce_expire, checked, number, self.pool)
        if stale is None:
            stale = ctx.var_map is not None and ctx.var_map.get(STALE_KEY) == (realm, proxy)
        name = self.proxy_challenge_header if proxy else self.www_challenge_header
        value = qop if qop is not None else self.qop
        self.stats.challenges.inc()
        lines = []
        for algorithm in self.offered:
            challenge = build_challenge(realm, nonce, algorithm=algorithm, qop=value, stale=stale)
            lines.append(f"{name}: {challenge}\r\n")
        return "".join(lines)

    def store_challenge(
        self, ctx: Context, realm: str, proxy: bool, qop: str | None = None, stale: bool | None = None
    ) -> bool:
        """Put the challenge into the attribute of parameter challenge_attr; False for a bad realm."""
        lines = self.challenge(ctx, realm, proxy, qop, stale)
        if lines:
            ctx.avps.add(self.avp_name, lines, self.avp_class)
        return bool(lines)

    def _checked(self, ctx: Context) -> bytes | None:
        """What the extra checks compare for this request; None where there are none."""
        msg = ctx.msg
        if msg.method_id == M_REGISTER:
            flags = self.auth_checks_register
        elif not self.auth_checks_in_dlg and not self.auth_checks_no_dlg:
            return None
        else:
            flags = self.auth_checks_in_dlg if msg.to_address().tag else self.auth_checks_no_dlg
        if not flags:
            return None
        text = ctx.uri_text() + "\0" if flags & CHECK_URI else "\0"
        text += msg.call_id_text() + "\0" if flags & CHECK_CALL_ID else "\0"
        text += msg.from_address().tag + "\0" if flags & CHECK_FROM_TAG else "\0"
        text += ctx.source.ip if flags & CHECK_SOURCE else ""
        return to_bytes(text)

    def consume(self, ctx: Context) -> bool:
        """Remove the credentials that were accepted last (of Authorization first) from what is forwarded."""
        used: dict[int, str] = ctx.vars.get(USED_KEY, {})
        for header_id in sorted(used, key=lambda number: number == H_PROXY_AUTHORIZATION):
            value = used.pop(header_id)
            msg = ctx.msg
            for header in msg.all(header_id):
                if msg.value(header) == value:
                    msg.delete(header.name_start, header.line_end - header.name_start)
                    return True
        return False
