"""The instance of acc: what is accounted, and when."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from siprouter.core.extras import parse_extras
from siprouter.core.outgoing import reason_phrase
from siprouter.db.databases import check_names, open_database
from siprouter.db.journal import Journal, default_folder
from siprouter.modules.acc.database import DatabaseEngine
from siprouter.modules.acc.extras import Legs
from siprouter.modules.acc.radius import RadiusAccounting, flag_bit, radius_settings
from siprouter.modules.acc.record import ACKNOWLEDGED, ANSWERED, MISSED, REQUESTED, Engine, Facts, split_comment
from siprouter.modules.acc.syslog import SyslogEngine
from siprouter.modules.acc.unbuilt import check_unbuilt
from siprouter.sip.message import Message
from siprouter.sip.names import M_ACK
from siprouter.transaction.events import E2EACK_IN, ON_FAILURE, REQUEST_IN, RESPONSE_OUT
from siprouter.util.errors import OperatorError, PeerError
from siprouter.util.hashing import core_hash
from siprouter.util.log import FACILITIES, facility_number
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker
    from siprouter.transaction.transaction import Transaction

# rr's number for requests from the called to the calling side
UPSTREAM = 2
COLUMNS = (
    *("acc_method_column", "acc_from_tag_column", "acc_to_tag_column", "acc_callid_column"),
    *("acc_sip_code_column", "acc_sip_reason_column", "acc_time_column"),
)


class Acc:
    """Watches transactions and gives what happens to its engines. Other modules add theirs with `register_engine`."""

    early_media: int
    report_ack: int
    report_cancels: int
    detect_direction: int
    failed_transaction_flag: int
    log_flag: int
    log_missed_flag: int
    log_level: int
    log_facility: str | None
    log_extra: str | None
    multi_leg_info: str | None
    radius_config: str | None
    radius_flag: int
    radius_missed_flag: int
    radius_extra: str | None
    radius_journal: str | None
    service_type: int
    db_url: str | None
    db_journal: str | None
    db_extra: str | None
    db_table_acc: str
    db_table_missed_calls: str

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.engines: list[Engine] = []
        self.syslog: SyslogEngine
        self.legs: Legs
        self.journal: Journal | None = None
        self.database_engine: DatabaseEngine | None = None
        self.radius: RadiusAccounting | None = None
        self.tm: Any = None
        self.rr: Any = None
        self.failed = 0
        self.missed_flags = 0
        self._watcher = self.on_event
        self._ack: Context | None = None

    # --- start-up

    def configure(self) -> None:
        """Check the parameters and watch transactions. Raises OperatorError."""
        check_unbuilt(self, self.worker.log)
        self.failed = self._flag("failed_transaction_flag")
        self.legs = Legs(self.multi_leg_info, self.worker.env)
        self.syslog = SyslogEngine(
            self.worker.log,
            self.log_level,
            self._facility(),
            self._flag("log_flag"),
            self._flag("log_missed_flag"),
            parse_extras("acc", "log_extra", self.log_extra, self.worker.env),
            self.legs,
        )
        self.tm = self.worker.module("tm")
        if self.detect_direction:
            self.rr = self.worker.module("rr")
            if not self.rr.append_fromtag:
                hint = 'modparam("rr", "append_fromtag", 1)'
                raise OperatorError("acc: detect_direction needs the parameter append_fromtag of rr", suggestion=hint)
        self.register_engine(self.syslog)
        if self.db_url:
            self.database_engine = self._make_database_engine(self.db_url)
            self.register_engine(self.database_engine)
        if self.radius_config:
            self.radius = RadiusAccounting(self.worker, radius_settings(self, "acc"), self.legs)
            self.register_engine(self.radius.engine)
        self.tm.watch(None, REQUEST_IN, self.begin)
        self.worker.hooks.script_end.append(self.script_ended)
        if self.report_ack:
            # before tm, which tells about an ACK without its context
            self.worker.hooks.request_in.insert(0, self.note_ack)

    def _make_database_engine(self, url: str) -> DatabaseEngine:
        columns = {name: getattr(self, name) for name in COLUMNS}
        tables = {"db_table_acc": self.db_table_acc, "db_table_missed_calls": self.db_table_missed_calls}
        extras = parse_extras("acc", "db_extra", self.db_extra, self.worker.env)
        check_names("acc", {**columns, **tables})
        for param, names in (("db_extra", [name for name, _ in extras]), ("multi_leg_info", self.legs.names)):
            for name in names:
                check_names("acc", {param: name})
        database = open_database(self.worker, url, "acc", query=False)
        self.journal = Journal(self._journal_path(url), database, self.worker.log, self.worker.spawn)
        return DatabaseEngine(
            self.journal,
            tuple(columns.values()),
            (self.db_table_acc, self.db_table_missed_calls),
            self._flag("db_flag"),
            self._flag("db_missed_flag"),
            extras,
            self.legs,
        )

    def _journal_path(self, url: str) -> Path | None:
        """Where records wait; None where nothing is to be left on disk (tests in memory, checks)."""
        if self.db_journal:
            path = Path(self.db_journal)
            return path.with_name(f"{path.name}-{self.worker.index}") if self.worker.index else path
        if self.worker.services.get("in_memory"):
            return None
        mark = core_hash(to_bytes(url), b"", 1 << 32)
        return default_folder() / f"acc-{mark:08x}-{self.worker.index}.journal"

    def start(self) -> None:
        """Open the journal: what an earlier run has left is written now. Raises OperatorError."""
        if self.journal is not None:
            try:
                self.journal.open()
            except OperatorError as error:
                hint = 'modparam("acc", "db_journal", "/path/of/file")'
                raise OperatorError(f"acc: {error.message}", suggestion=hint) from None
        if self.radius is not None:
            self.radius.start()

    async def stop(self) -> None:
        """Write what can be written."""
        if self.radius is not None:
            await self.radius.stop()
        if self.journal is not None:
            await self.journal.stop()

    def _flag(self, name: str) -> int:
        return flag_bit("acc", name, getattr(self, name))

    def _facility(self) -> int:
        if not self.log_facility:
            return FACILITIES["LOG_DAEMON"]
        number = facility_number(self.log_facility)
        if number is None:
            message = f"parameter log_facility of acc: unknown facility {self.log_facility}"
            raise OperatorError(message, suggestion="one of " + ", ".join(FACILITIES))
        return number

    def register_engine(self, engine: Engine) -> None:
        """Account in one more way."""
        self.engines.append(engine)
        self.missed_flags |= engine.missed_flag

    # --- transactions

    def begin(self, event: int, transaction: Transaction, request: Message, reply: Message | None, status: int) -> None:
        """A transaction begins: watch what matters for accounting."""
        if transaction.method == "CANCEL" and not self.report_cancels:
            return
        events = RESPONSE_OUT
        if transaction.is_invite:
            if self.report_ack:
                events |= E2EACK_IN
            if transaction.context.flags & self.missed_flags:
                events |= ON_FAILURE
        self.tm.watch(transaction, events, self._watcher)

    def script_ended(self, ctx: Context) -> None:
        """A transaction that began before the script said that missed calls count."""
        transaction = ctx.transaction
        if transaction is None or not ctx.flags & self.missed_flags or not ctx.msg.is_request:
            return
        if transaction.is_invite and not any(
            mask & ON_FAILURE for mask, watcher in transaction.watchers or () if watcher is self._watcher
        ):
            self.tm.watch(transaction, ON_FAILURE, self._watcher)

    def note_ack(self, ctx: Context) -> bool:
        """Remember an ACK until tm tells whether it belongs to a transaction."""
        self._ack = ctx if ctx.msg.method_id == M_ACK else None
        return False

    def on_event(
        self, event: int, transaction: Transaction, request: Message, reply: Message | None, status: int
    ) -> None:
        """Something happened to a transaction that is watched."""
        ctx = transaction.context
        if ctx is None:
            return
        if event == E2EACK_IN:
            self.acknowledged(transaction, ctx, request)
            return
        if status >= 300 and transaction.is_invite and ctx.flags & self.missed_flags:
            self.missed(transaction, ctx, reply, status)
        if event == RESPONSE_OUT and self.is_wanted(ctx, reply, status):
            self.report(transaction, ctx, ANSWERED, reply, status)

    def is_wanted(self, ctx: Context, reply: Message | None, status: int) -> bool:
        """Whether an answer counts: 2xx, those from 300 on by flag, provisional ones only with early media."""
        if status >= 300:
            return bool(ctx.flags & self.failed)
        return status >= 200 or bool(self.early_media and reply is not None and reply.content_length > 0)

    def missed(self, transaction: Transaction, ctx: Context, reply: Message | None, status: int) -> None:
        """A call that was not taken. Its flags go, so that only the first attempt counts."""
        reported = self.report(transaction, ctx, MISSED, reply, status)
        ctx.flags &= ~reported

    def report(self, transaction: Transaction, ctx: Context, kind: str, reply: Message | None, status: int) -> int:
        """Give a reply to the engines whose flag is set, and return those flags.

        Meanwhile the request URI is that of the branch that the reply came from.
        """
        flags = ctx.flags
        wanted = [
            (engine, flag)
            for engine in self.engines
            if (flag := engine.missed_flag if kind is MISSED else engine.flag) & flags
        ]
        if not wanted:
            return 0
        facts = self.facts_of_reply(transaction, ctx, kind, reply, status)
        uri, cached, consumed = ctx.new_uri, ctx.uri_cache, ctx.uri_consumed
        branch_uri = answering_uri(transaction, status)
        if branch_uri:
            ctx.set_uri(branch_uri)
        reported = 0
        try:
            for engine, flag in wanted:
                engine.account(ctx, facts)
                reported |= flag
        finally:
            ctx.new_uri, ctx.uri_cache, ctx.uri_consumed = uri, cached, consumed
        return reported

    def facts_of_reply(
        self, transaction: Transaction, ctx: Context, kind: str, reply: Message | None, status: int
    ) -> Facts:
        """The facts of a transaction that is answered with `reply`, or (None) with `status` by ourselves."""
        msg: Message = ctx.msg
        if reply is None:
            to_tag = msg.to.tag or transaction.to_tag
            reason = reason_phrase(status)
        else:
            to_tag = read_to_tag(reply)
            status, reason = reply.status, reply.reason
        return self.facts(ctx, kind, msg, to_tag, str(status), reason)

    def acknowledged(self, transaction: Transaction, ctx: Context, ack: Message) -> None:
        """The caller has acknowledged a 2xx, end to end. The INVITE's flags count, variables are those of the ACK."""
        found, self._ack = self._ack, None
        if found is None or found.msg is not ack:
            return
        status = transaction.status
        facts = self.facts(ctx, ACKNOWLEDGED, ack, ack.to.tag, str(status), reason_phrase(status))
        own = found.avp_store
        found.avp_store = ctx.avps
        try:
            for engine in self.engines:
                if engine.flag & ctx.flags:
                    engine.account(found, facts)
        finally:
            found.avp_store = own

    def facts(self, ctx: Context, kind: str, msg: Message, to_tag: str, code: str, reason: str) -> Facts:
        """The facts of a message; `ctx`, the request's, tells the direction."""
        tags = (msg.from_.tag, to_tag)
        if self.rr is not None and self.rr.is_direction(ctx, UPSTREAM):
            tags = (to_tag, msg.from_.tag)
        time = int(self.worker.wall_clock())
        return Facts(kind, msg.cseq.method, tags[0], tags[1], msg.call_id, code, reason, time)

    # --- the script

    def log_request(self, ctx: Context, comment: str) -> int:
        """acc_log_request(comment)"""
        return self.account_with(self.syslog, ctx, comment)

    def db_request(self, ctx: Context, comment: str, table: str) -> int:
        """acc_db_request(comment, table)"""
        engine = self.database_engine
        if engine is None:
            self.worker.log.error("acc_db_request: parameter db_url is not set", source="acc")
            return -1
        facts = self._requested(ctx, comment)
        return 1 if facts is not None and engine.write(ctx, facts, table) else -1

    def radius_request(self, ctx: Context, comment: str) -> int:
        """acc_rad_request(comment)"""
        if self.radius is None:
            self.worker.log.error("acc_rad_request: parameter radius_config is not set", source="acc")
            return -1
        return self.account_with(self.radius.engine, ctx, comment)

    def account_with(self, engine: Engine, ctx: Context, comment: str) -> int:
        """What a script function does: account a message now, with `404 Not there` or a reason alone."""
        facts = self._requested(ctx, comment)
        return 1 if facts is not None and engine.account(ctx, facts) else -1

    def _requested(self, ctx: Context, comment: str) -> Facts | None:
        code, reason = split_comment(comment)
        msg: Message = ctx.msg
        try:
            return self.facts(ctx, REQUESTED, msg, msg.to.tag, code, reason)
        except PeerError as error:
            self.worker.log.error("cannot account a message: %s", error.reason, source="acc")
            return None


def answering_uri(transaction: Transaction, status: int) -> str:
    """The request URI of the branch whose reply is relayed, or that was picked among those that failed; "" for none."""
    relayed = transaction.relayed_branch
    if 0 <= relayed < len(transaction.branches):
        return transaction.branches[relayed].uri
    picked = transaction.picked
    return "" if picked is None or status < 300 else picked.uri


def read_to_tag(reply: Message) -> str:
    """The To tag of a reply, "" where To is broken."""
    try:
        return reply.to.tag
    except PeerError:
        return ""
