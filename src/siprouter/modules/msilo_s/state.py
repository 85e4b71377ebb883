"""The instance of msilo for scripts of SER: owners are user ids, times are database times."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.avp import CLASS_USER, TRACK_TO
from siprouter.core.values import to_text as value_text
from siprouter.db.databases import check_names, open_database
from siprouter.db.errors import DbError
from siprouter.db.values import Row, Value, from_epoch, to_epoch, to_text
from siprouter.modules.msilo import messages
from siprouter.modules.msilo.delivery import SOURCE, Delivery, Parcel
from siprouter.sip.names import H_EXPIRES
from siprouter.util.errors import OperatorError, PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

UID = "uid"
MAX_DUMPED = 500
REQUEST_URI, RECEIVED_URI, TO_URI = "012"
COLUMNS = (
    *("sc_mid", "sc_from", "sc_to", "sc_ruri", "sc_uid"),
    *("sc_body", "sc_ctype", "sc_exp_time", "sc_inc_time"),
)


class SerSilo:
    """Messages in a table, by the user ids of their owners."""

    db_url: str
    db_table: str
    registrar: str | None
    expire_time: int
    check_time: int
    clean_period: int
    use_contact: int
    sc_mid: str
    sc_from: str
    sc_to: str
    sc_ruri: str
    sc_uid: str
    sc_body: str
    sc_ctype: str
    sc_exp_time: str
    sc_inc_time: str
    delivery: Delivery

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.log = worker.log
        self._next_check = self._next_clean = 0.0

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        check_names(SOURCE, {"db_table": self.db_table, **{name: getattr(self, name) for name in COLUMNS}})
        for name in ("check_time", "clean_period", "expire_time"):
            if getattr(self, name) < 1:
                raise OperatorError(f"msilo: {name} must be at least 1, found {getattr(self, name)}")
        try:
            if self.registrar:
                messages.checked_uri(self.registrar)
        except PeerError:
            hint = "sip:registrar@example.org"
            raise OperatorError(f"msilo: registrar is no URI: '{self.registrar}'", suggestion=hint) from None
        database = open_database(self.worker, self.db_url, SOURCE)
        self.delivery = Delivery(self.worker, database, self.db_table, self.sc_mid)
        self.worker.hooks.tick.append(self.tick)

    async def stop(self) -> None:
        """Remove what was delivered in the last moment."""
        await self.delivery.flush()

    def tick(self, now: float) -> None:
        """About once a second: what was delivered is removed; the first worker drops what expired."""
        if now >= self._next_check:
            self._next_check = now + self.check_time
            if self.delivery.arrived:
                self.worker.spawn(self.delivery.flush(), SOURCE)
        if self.worker.index == 0 and now >= self._next_clean:
            self._next_clean = now + self.check_time * self.clean_period
            self.worker.spawn(self.drop_expired(), SOURCE)

    async def drop_expired(self) -> None:
        """Remove the messages whose time is over."""
        now = from_epoch(self.worker.wall_clock())
        try:
            await self.delivery.database.delete(self.db_table, [(self.sc_exp_time, "<=", now)])
        except DbError as error:
            self.log.error("expired messages are not removed: %s", error, source=SOURCE)

    def _user_id(self, ctx: Context) -> str:
        """`$tu.uid`, or the user of To (REGISTER) or of the request URI, which becomes it. Raises PeerError."""
        klass = TRACK_TO | CLASS_USER
        known = ctx.avp_store.get(UID, 0, klass) if ctx.avp_store is not None else None
        if known is not None:
            return value_text(known)
        uri = ctx.msg.to.parsed_uri if ctx.msg.method == "REGISTER" else ctx.parsed_uri
        if not uri.user:
            raise PeerError(400, "the user is not known")
        user = uri.user.lower()
        ctx.avps.add(UID, user, klass)
        return user

    # --- the script

    async def store(self, ctx: Context, mode: str, next_hop: str = "") -> int:
        """m_store(mode[, next hop of the note]): 1 where the message is in the table, else -1."""
        try:
            uri = self._destination(ctx, mode)
            await self.delivery.database.insert(self.db_table, self._row(ctx, uri))
        except (DbError, PeerError) as error:
            self.log.error("m_store(): the message is not kept: %s", error, source=SOURCE)
            return -1
        if self.registrar:
            self._notify(ctx, uri, next_hop)
        return 1

    def _destination(self, ctx: Context, mode: str) -> str:
        if mode[:1] in (REQUEST_URI, RECEIVED_URI):
            return str(ctx.uri if mode[:1] == REQUEST_URI else ctx.msg.uri)
        if mode[:1] == TO_URI:
            return str(ctx.msg.to.uri)
        raise PeerError(500, f"the mode must be 0, 1 or 2, found '{mode}'")

    def _row(self, ctx: Context, uri: str) -> dict[str, Value]:
        msg = ctx.msg
        if not msg.body:
            raise PeerError(400, "the body is empty")
        now = int(self.worker.wall_clock())
        return {
            self.sc_to: msg.to.uri,
            self.sc_from: msg.from_.uri,
            self.sc_ruri: uri,
            self.sc_uid: self._user_id(ctx),
            self.sc_body: msg.body,
            self.sc_ctype: messages.content_type(msg),
            self.sc_exp_time: from_epoch(now + messages.lifetime(msg, self.expire_time)),
            self.sc_inc_time: from_epoch(now),
        }

    def _notify(self, ctx: Context, uri: str, next_hop: str) -> None:
        """Tell the sender that the message is kept."""
        text = f"User [{uri}] is offline. The message will be delivered when user goes online."
        try:
            sender = messages.checked_uri(ctx.msg.from_.uri)
            contact = messages.usable_contact(ctx.msg) if self.use_contact else ""
            self.worker.module("tm").request(
                "MESSAGE",
                contact or sender,
                f"<{self.registrar}>",
                f"<{sender}>",
                headers=messages.header_lines(f"Content-Type: text/plain\nContact: <{self.registrar}>;msilo=yes"),
                body=messages.octets(text),
                next_hop=next_hop,
            )
        except PeerError as error:
            self.log.warning("m_store(): the sender is not told: %s", error, source=SOURCE)

    async def dump(self, ctx: Context, next_hop: str = "") -> int:
        """m_dump([next hop]): 1, also where nothing was kept; -1 where the user leaves or SQL fails."""
        try:
            expires = ctx.msg.get(H_EXPIRES)
            if expires is not None and not ctx.msg.value(expires).strip("0 "):
                return -1
            now = from_epoch(self.worker.wall_clock())
            rows = await self.delivery.database.query(
                self.db_table,
                [(self.sc_uid, self._user_id(ctx)), (self.sc_exp_time, ">", now)],
                [self.sc_mid, self.sc_from, self.sc_to, self.sc_body, self.sc_ctype, self.sc_inc_time, self.sc_ruri],
                self.sc_mid,
                MAX_DUMPED,
            )
            for row in rows:
                self._send_row(row, next_hop)
        except (DbError, PeerError) as error:
            self.log.error("m_dump(): %s", error, source=SOURCE)
            return -1
        return 1

    def _send_row(self, row: Row, next_hop: str) -> None:
        """Send a message; one that cannot go stays, and is no reason to keep others back."""
        number = int(row[0])
        from_, to, ctype, uri = (to_text(row[index]) for index in (1, 2, 4, 6))
        if not self.delivery.claim(number):
            return
        headers = messages.header_lines(f"Content-Type: {ctype}\nContact: <{from_}>;msilo=yes")
        body = messages.octets(row[3])
        if ctype == messages.PLAIN:
            body = messages.dated(body, "Offline message", to_epoch(row[5]))
        try:
            for one in (uri, from_, to):
                messages.checked_uri(one)
            parcel = Parcel(number, uri, from_, to, headers, body, lambda status: None)
            self.delivery.send(parcel, next_hop)
        except PeerError as error:
            self.log.error("message %d cannot be sent: %s", number, error, source=SOURCE)
            self.delivery.release(number)
