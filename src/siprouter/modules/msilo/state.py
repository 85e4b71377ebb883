"""The instance of msilo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.avp_names import parse_avp_variable
from siprouter.core.format import Format, parse_format
from siprouter.db.databases import check_names, check_version, open_database
from siprouter.db.errors import DbError
from siprouter.db.operations import Key
from siprouter.db.values import Row, Value, to_text
from siprouter.modules.msilo import messages
from siprouter.modules.msilo.delivery import SOURCE, Delivery, Parcel
from siprouter.sip.uri import Uri, parse_uri
from siprouter.util.errors import NOWHERE, OperatorError, PeerError
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.avp import AvpKey
    from siprouter.core.context import Context
    from siprouter.core.worker import ModuleStats, Worker

TABLE_VERSION = 5
MAX_DUMPED = 500
"""messages that one registration brings; the next one brings more"""
COLUMNS = (
    *("sc_mid", "sc_from", "sc_to", "sc_uri_user", "sc_uri_host"),
    *("sc_body", "sc_ctype", "sc_exp_time", "sc_inc_time", "sc_snd_time"),
)
FORMATS = ("from_address", "contact_hdr", "content_type_hdr", "offline_message", "extra_hdrs")


class Silo:
    """Messages in a table, by their owners."""

    db_url: str
    db_table: str
    reminder: str | None
    outbound_proxy: str | None
    offline_message: str | None
    content_type_hdr: str | None
    snd_time_avp: str | None
    expire_time: int
    check_time: int
    send_time: int
    clean_period: int
    use_contact: int
    add_contact: int
    add_date: int
    max_messages: int
    sc_mid: str
    sc_from: str
    sc_to: str
    sc_uri_user: str
    sc_uri_host: str
    sc_body: str
    sc_ctype: str
    sc_exp_time: str
    sc_inc_time: str
    sc_snd_time: str
    stats: ModuleStats
    delivery: Delivery

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.log = worker.log
        self.formats: dict[str, Format] = {}
        self.send_time_avp: AvpKey | None = None
        self.widths: dict[str, int] = {}
        self._due = dict.fromkeys(("check", "clean", "remind"), 0.0)
        self._looking = False

    # --- life

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        check_names(SOURCE, {"db_table": self.db_table, **{name: getattr(self, name) for name in COLUMNS}})
        for name in ("check_time", "clean_period", "expire_time"):
            if getattr(self, name) < 1:
                raise OperatorError(f"msilo: {name} must be at least 1, found {getattr(self, name)}")
        for name in FORMATS:
            text = getattr(self, name)
            if text:
                self.formats[name] = parse_format(text, self.worker.env, NOWHERE)
        if self.offline_message and not self.content_type_hdr:
            raise OperatorError("msilo: offline_message needs content_type_hdr", suggestion="Content-Type: text/plain")
        for name in ("reminder", "outbound_proxy"):
            self._check_uri(name, getattr(self, name))
        if self.snd_time_avp:
            try:
                self.send_time_avp = parse_avp_variable(self.snd_time_avp, self.worker.avp_aliases)
            except ValueError as error:
                raise OperatorError(f"msilo: snd_time_avp: {error}") from None
        database = open_database(self.worker, self.db_url, SOURCE)
        self.delivery = Delivery(self.worker, database, self.db_table, self.sc_mid)
        self.worker.hooks.tick.append(self.tick)

    def _check_uri(self, name: str, text: str | None) -> None:
        try:
            if text:
                messages.checked_uri(text)
        except PeerError:
            raise OperatorError(f"msilo: {name} is no URI: '{text}'", suggestion="sip:registrar@example.org") from None

    async def start(self) -> None:
        """Check the table. Raises OperatorError."""
        await check_version(self.delivery.database, self.db_table, TABLE_VERSION, SOURCE)
        try:
            self.widths = await self.delivery.database.widths(self.db_table)
        except DbError as error:
            raise OperatorError(f"msilo: table {self.db_table}: {error}") from None

    async def stop(self) -> None:
        """Remove what was delivered in the last moment."""
        await self.delivery.flush()

    def tick(self, now: float) -> None:
        """About once a second: what was delivered is removed; the first worker drops what expired, and reminds."""
        if self._is_due("check", now, self.check_time) and self.delivery.arrived:
            self.worker.spawn(self.delivery.flush(), SOURCE)
        if self.worker.index:
            return
        if self._is_due("clean", now, self.check_time * self.clean_period):
            self.worker.spawn(self.drop_expired(), SOURCE)
        if self.send_time > 0 and self.reminder and self._is_due("remind", now, self.send_time) and not self._looking:
            self.worker.spawn(self.remind(), SOURCE)

    def _is_due(self, what: str, now: float, interval: int) -> bool:
        if not self._due[what]:
            self._due[what] = now + interval
        if now < self._due[what]:
            return False
        self._due[what] = now + interval
        return True

    def _seconds(self) -> int:
        return int(self.worker.wall_clock())

    async def drop_expired(self) -> None:
        """Remove the messages whose time is over."""
        try:
            await self.delivery.database.delete(self.db_table, [(self.sc_exp_time, "<=", self._seconds())])
        except DbError as error:
            self.log.error("expired messages are not removed: %s", error, source=SOURCE)

    # --- m_store

    async def store(self, ctx: Context, owner: str | None = None) -> int:
        """m_store([owner]): 1 where the message is in the table, else -1."""
        try:
            uri = _owner(ctx.parsed_uri if owner is None else parse_uri(owner))
            values = self._row(ctx, uri)
            if self.max_messages > 0 and await self._count(uri) >= self.max_messages:
                self.log.error("m_store(): %s@%s has too many messages", uri.user, uri.host, source=SOURCE)
                return -1
            await self.delivery.database.insert(self.db_table, values)
        except (DbError, PeerError) as error:
            self.log.error("m_store(): the message is not kept: %s", error, source=SOURCE)
            return -1
        self.stats.stored_messages.inc()
        self._notify(ctx)
        return 1

    async def _count(self, owner: Uri) -> int:
        keys: list[Key] = [(self.sc_uri_user, owner.user), (self.sc_uri_host, owner.host)]
        return await self.delivery.database.count(self.db_table, keys)

    def _row(self, ctx: Context, owner: Uri) -> dict[str, Value]:
        msg = ctx.msg
        if not msg.body:
            raise PeerError(400, "the body is empty")
        now, send_at = self._seconds(), self._send_time(ctx)
        values: dict[str, Value] = {
            self.sc_uri_user: owner.user,
            self.sc_uri_host: owner.host,
            self.sc_to: msg.to.uri,
            self.sc_from: msg.from_.uri,
            self.sc_ctype: messages.content_type(msg),
            self.sc_inc_time: now,
            self.sc_exp_time: max(now, send_at) + messages.lifetime(msg, self.expire_time),
            self.sc_snd_time: send_at,
        }
        for column, value in values.items():
            if isinstance(value, str) and len(value) > self.widths.get(column, len(value)):
                raise PeerError(400, f"'{value[:40]}…' is too long for column {column}")
        return {**values, self.sc_body: msg.body}

    def _send_time(self, ctx: Context) -> int:
        """The time of a reminder; 0: this is none."""
        if self.send_time_avp is None or ctx.avp_store is None:
            return 0
        klass, name = self.send_time_avp
        value = ctx.avp_store.get(name, 0, klass)
        if value is None:
            return 0
        try:
            return messages.parse_send_time(value)
        except ValueError as error:
            self.log.error("m_store(): %s: %s", self.snd_time_avp, error, source=SOURCE)
            return 0

    def _notify(self, ctx: Context) -> None:
        """Tell the sender that the message is kept."""
        if "from_address" not in self.formats or "offline_message" not in self.formats:
            return
        texts = {name: found.text(ctx) for name, found in self.formats.items() if name != "extra_hdrs"}
        if not all(texts[name] for name in ("from_address", "offline_message", "content_type_hdr")):
            self.log.warning("m_store(): the note to the sender would be empty", source=SOURCE)
            return
        headers = messages.header_lines(texts.get("contact_hdr", "") + "\n" + texts["content_type_hdr"])
        try:
            sender = messages.checked_uri(ctx.msg.from_.uri)
            from_ = messages.checked_uri(texts["from_address"])
            body = to_bytes(texts["offline_message"])
            self.worker.module("tm").request(
                "MESSAGE",
                (messages.usable_contact(ctx.msg) if self.use_contact else "") or sender,
                f"<{from_}>",
                f"<{sender}>",
                headers=headers,
                body=body,
                next_hop=self.outbound_proxy or "",
            )
        except PeerError as error:
            self.log.warning("m_store(): the sender is not told: %s", error, source=SOURCE)

    # --- m_dump

    async def dump(self, ctx: Context, owner: str | None = None) -> int:
        """m_dump([owner]): 1, also where nothing was kept; -1 where the phone takes no messages or SQL fails."""
        try:
            if ctx.msg.method == "REGISTER" and not messages.takes_messages(ctx.msg):
                return -1
            uri = _owner(ctx.msg.to.parsed_uri if owner is None else parse_uri(owner))
            keys: list[Key] = [(self.sc_uri_user, uri.user), (self.sc_uri_host, uri.host), (self.sc_snd_time, 0)]
            keys.append((self.sc_exp_time, ">", self._seconds()))
            rows = await self.delivery.database.query(
                self.db_table,
                keys,
                [self.sc_mid, self.sc_from, self.sc_to, self.sc_body, self.sc_ctype, self.sc_inc_time],
                self.sc_mid,
                MAX_DUMPED,
            )
            extra = self.formats["extra_hdrs"].text(ctx) if "extra_hdrs" in self.formats else ""
            for row in rows:
                self._send_row(row, extra)
        except (DbError, PeerError) as error:
            self.log.error("m_dump(): %s", error, source=SOURCE)
            return -1
        return 1

    def _send_row(self, row: Row, extra: str) -> None:
        """Send a message; one that cannot go stays, and is no reason to keep others back."""
        number, came = int(row[0]), int(row[5] or 0)
        from_, to, ctype = to_text(row[1]), to_text(row[2]), to_text(row[4])
        if not self.delivery.claim(number):
            return
        body = messages.octets(row[3])
        if self.add_date and ctype == messages.PLAIN:
            body = messages.dated(body, "Offline message", came)

        def done(status: int) -> None:
            (self.stats.dumped_messages if status < 300 else self.stats.failed_messages).inc()

        headers = messages.build_headers(ctype, came, from_ if self.add_contact else "", extra)
        self._send(Parcel(number, to, from_, to, headers, body, done))

    def _send(self, parcel: Parcel) -> None:
        try:
            messages.checked_uri(parcel.uri)
            messages.checked_uri(parcel.from_)
            self.delivery.send(parcel, self.outbound_proxy or "")
        except PeerError as error:
            self.log.error("message %d cannot be sent: %s", parcel.number, error, source=SOURCE)
            self.delivery.release(parcel.number)
            parcel.done(error.status)

    # --- reminders

    async def remind(self) -> None:
        """Send the reminders whose time has come."""
        self._looking = True
        try:
            rows = await self.delivery.database.query(
                self.db_table,
                [(self.sc_snd_time, "<>", 0), (self.sc_snd_time, "<=", self._seconds())],
                [self.sc_mid, self.sc_uri_user, self.sc_uri_host, self.sc_body, self.sc_ctype, self.sc_snd_time],
                self.sc_snd_time,
                MAX_DUMPED,
            )
            for row in rows:
                self._send_reminder(row)
        except (DbError, PeerError) as error:
            self.log.error("reminders are not sent: %s", error, source=SOURCE)
        finally:
            self._looking = False

    def _send_reminder(self, row: Row) -> None:
        number, ctype = int(row[0]), to_text(row[4])
        if not self.delivery.claim(number):
            return
        body = messages.octets(row[3])
        if self.add_date and ctype == messages.PLAIN:
            body = messages.dated(body, "Reminder message", int(row[5]))
        uri, from_ = f"sip:{to_text(row[1])}@{to_text(row[2])}", self.reminder or ""

        def done(status: int) -> None:
            if status < 300:
                self.stats.dumped_reminders.inc()
                return
            self.stats.failed_reminders.inc()
            self.worker.spawn(self._keep_for_registration(number), SOURCE)

        headers = messages.build_headers(ctype, contact=from_ if self.add_contact else "")
        self._send(Parcel(number, uri, from_, uri, headers, body, done))

    async def _keep_for_registration(self, number: int) -> None:
        """A reminder that did not arrive becomes a message for the next registration."""
        try:
            await self.delivery.database.update(self.db_table, [(self.sc_mid, number)], {self.sc_snd_time: 0})
        except DbError as error:
            self.log.error("reminder %d will be tried again: %s", number, error, source=SOURCE)


def _owner(uri: Uri) -> Uri:
    """A URI that has both parts. Raises PeerError."""
    if not uri.user or not uri.host:
        raise PeerError(400, f"'{uri}' names no owner")
    return uri
