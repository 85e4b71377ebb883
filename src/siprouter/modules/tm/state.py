"""The instance of tm: its table, the hooks by which messages reach it, and what other modules call."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from siprouter.core.avp_names import parse_avp_name
from siprouter.core.outgoing import reply_target
from siprouter.core.routes import REQUEST
from siprouter.core.send_flags import reply_flags
from siprouter.core.settings import CfgError
from siprouter.modules.tm.blacklisting import note_undelivered
from siprouter.modules.tm.draining import is_brief
from siprouter.modules.tm.hints import FORWARDED, RELEASED, REPLIED, Hints, hints_of
from siprouter.modules.tm.settings import DEFAULT_FR_INV_NEXT, apply_setting, check_setting, setting_names
from siprouter.modules.tm.uac import LocalRequest, OnReply, Wanted, start_request
from siprouter.modules.tm.user import ScriptUser
from siprouter.modules.tm.write import Append, parse_append
from siprouter.sip.names import M_ACK, M_CANCEL
from siprouter.transaction.base import Config
from siprouter.transaction.events import ACK_NEG_IN, E2EACK_IN, E2EACK_RETR_IN, EVENT_NAMES, REQUEST_IN
from siprouter.transaction.server import (
    F_AUTO_100,
    F_CANCELED,
    F_DISABLE_6XX,
    F_DISABLE_FAILOVER,
    F_NO_E2E_CANCEL_REASON,
    F_NOISY,
)
from siprouter.transaction.table import ACK_NEGATIVE, ACK_NONE, ACK_RELAYED, Table, request_key
from siprouter.util.errors import OperatorError, PeerError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.settings import ConfigValue
    from siprouter.core.worker import Worker
    from siprouter.transaction.transaction import Transaction
    from siprouter.transport.endpoint import Listener

Watcher = Callable[[int, Any, Any, Any, int], None]


class Tm:
    """Transactions for one worker. Other modules use `watch`, `request`, `reply`, `suspend`, `resume`, `current`."""

    cfg: Any
    contacts_avp: str | None
    fr_timer_avp: str | None
    fr_inv_timer_avp: str | None
    failure_reply_mode: int
    loop_detection: int

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.log = worker.log
        self.config = Config()
        self.user = ScriptUser(self)
        self.table: Table
        self.global_watchers: list[tuple[int, Watcher]] = []
        self.global_mask = 0
        self.on_sl_reply = ""
        self.write_lines: dict[str, Append] = {}
        self.carried_headers: list[str] = []
        """names of headers that ACK and CANCEL take over: modules mark requests with them until they leave"""
        self.contacts_key: Any = None
        self.fr_timer_key: Any = None
        self.fr_inv_timer_key: Any = None
        self.fr_inv_next = 0.0  # seconds; 0: later steps of serial forking have the time-out of the first
        for name in setting_names():
            setattr(self, f"change_{name}", partial(self.change_setting, name))

    # --- start-up

    def change_setting(self, name: str, value: ConfigValue) -> None:
        """A run-time setting is about to change. Raises CfgError."""
        check_setting(name, value)
        apply_setting(self.config, name, value)

    def change_fr_inv_timer_next(self, value: ConfigValue) -> None:
        """The run-time setting of that name is about to change. Raises CfgError."""
        milliseconds = int(value or 0)
        if milliseconds < 0:
            raise CfgError(f"tm.fr_inv_timer_next cannot be negative, found {milliseconds}")
        self.fr_inv_next = milliseconds / 1000

    def add_on_sl_reply(self, name: str | int) -> None:
        """Parameter on_sl_reply."""
        self.on_sl_reply = str(name)

    def add_tw_append(self, text: str | int) -> None:
        """Parameter tw_append."""
        name, append = parse_append(str(text))
        self.write_lines[name] = append

    def configure(self) -> None:
        """Settings are final: make the table, join the hooks. Raises OperatorError."""
        for name in setting_names():
            apply_setting(self.config, name, getattr(self.cfg, name))
        if self.cfg.fr_inv_timer_next != DEFAULT_FR_INV_NEXT:
            self.change_fr_inv_timer_next(self.cfg.fr_inv_timer_next)
        if not 0 <= self.failure_reply_mode <= 3:
            raise OperatorError("parameter failure_reply_mode of module tm must be between 0 and 3")
        self.config.failure_reply_mode = self.failure_reply_mode
        self.contacts_key = avp_key(self.worker, self.contacts_avp, "contacts_avp")
        self.fr_timer_key = avp_key(self.worker, self.fr_timer_avp, "fr_timer_avp")
        self.fr_inv_timer_key = avp_key(self.worker, self.fr_inv_timer_avp, "fr_inv_timer_avp")
        worker = self.worker
        self.table = Table(worker.wheel, worker.outlet, self.config, self.user, worker.now, worker.random_bytes)
        worker.hooks.request_in.append(self.request_in)
        worker.hooks.reply_in.append(self.reply_in)
        worker.hooks.script_end.append(self.script_end)
        worker.hooks.undelivered.append(partial(note_undelivered, self))
        worker.services["before_wait"] = self.before_wait

    def stop(self) -> None:
        """Drop all transactions."""
        self.table.close()

    def is_unfinished(self) -> bool:
        """Whether transactions are under way that will end soon: all but calls that ring, and what only lingers."""
        return any(is_brief(transaction) for transaction in self.table.by_label.values())

    # --- messages in

    def request_in(self, ctx: Context) -> bool:
        """Absorb what repeats a request, and ACKs that belong to us; everything else goes to the script."""
        msg = ctx.msg
        if msg.method_id == M_ACK:
            return self.ack_in(ctx)
        hints = Hints(request_key(msg))
        ctx.tm = hints
        transaction = self.table.find_request(msg, hints.key)
        if transaction is None:
            return False
        transaction.receive_again(msg)
        return True

    def ack_in(self, ctx: Context) -> bool:
        """An ACK: hop by hop or for our own 2xx it is ours, any other is for the script."""
        hints = Hints("")
        ctx.tm = hints
        found = self.table.find_ack(ctx.msg)
        kind = found[0]
        transaction = found[1]
        if kind == ACK_NONE or transaction is None:
            return False
        if kind == ACK_RELAYED:
            hints.e2e_ack = True
            self.e2e_ack_in(ctx, transaction)
            return False
        if kind == ACK_NEGATIVE and transaction.watched & ACK_NEG_IN:
            self.user.event(ACK_NEG_IN, transaction, ctx.msg, None, 0)
        transaction.receive_ack(ctx.now)
        return True

    def e2e_ack_in(self, ctx: Context, transaction: Transaction) -> None:
        """Tell those who watch for end-to-end ACKs, the first one of a dialog and its repetitions apart."""
        tags = transaction.totags
        tag = ctx.msg.to.tag
        if tags is None:
            return
        kind = E2EACK_RETR_IN if tags.get(tag) else E2EACK_IN
        tags[tag] = True
        if transaction.watched & kind:
            self.user.event(kind, transaction, ctx.msg, None, 0)

    def reply_in(self, ctx: Context) -> bool:
        """A reply: to one of our branches, to one of our CANCELs, or none of our business."""
        msg = ctx.msg
        branch = self.table.find_reply(msg)
        if branch is None:
            return self.stray_reply(ctx)
        transaction: Any = branch.owner
        if transaction is None:
            return False
        if msg.method_id == M_CANCEL and transaction.method != "CANCEL":
            transaction.cancel_answered(branch.cancel, msg.status)
            return True
        self.user.attach(ctx, transaction, branch)
        transaction.receive_reply(branch, ctx, msg.status, ctx.now)
        return True

    def stray_reply(self, ctx: Context) -> bool:
        """A reply without transaction: the route on_sl_reply may stop it (by returning 0)."""
        if not self.on_sl_reply or ctx.script is None:
            return False
        route = ctx.script.onreply_routes.get(self.on_sl_reply)
        return route is not None and self.user.run(route, ctx) == 0

    def script_end(self, ctx: Context) -> None:
        """The request route has ended: a transaction that it made and did nothing with must not stay."""
        if not ctx.msg.is_request or ctx.transaction is None or ctx.tm is None:
            return
        hints: Hints = ctx.tm
        transaction: Any = ctx.transaction
        if not hints.created:
            return
        held = hints.hold
        if held is not None:
            hints.hold = None
            transaction.end_blind_branch(held)
        if hints.error is not None and not hints.done & (REPLIED | FORWARDED | RELEASED):
            status, reason = hints.error
            self.user.reply_locally(transaction, ctx, status, reason, self.worker.now())
        elif not hints.done:
            if transaction.status < 200:
                if held is None:  # one that a wait made was not the script's to end
                    self.log.warning("the script neither relayed, replied to nor released a transaction", source="tm")
                transaction.release(self.worker.now())
        elif held is not None:
            transaction.settle(self.worker.now())

    # --- transactions

    def current(self, ctx: Context) -> Transaction | None:
        """The transaction of this message, if there is one."""
        found: Transaction | None = ctx.transaction
        return found

    def create(self, ctx: Context) -> Transaction:
        """A new transaction for the request of `ctx`, as the hints say. Raises PeerError."""
        hints = hints_of(ctx)
        msg = ctx.msg
        target = reply_target(self.worker, msg, ctx.source, ctx.force_rport, reply_flags(ctx.send_flags))
        transaction = self.table.create(msg, ctx.source, target, self.worker.now(), hints.key)
        self.apply_hints(ctx, hints, transaction)
        transaction.context = ctx
        ctx.transaction = transaction
        hints.created = True
        if transaction.sibling is not None and self.table.is_canceled_already(msg):
            transaction.flags |= F_CANCELED
        if self.global_mask & REQUEST_IN:
            self.user.global_event(REQUEST_IN, transaction, msg, None, 0)
        return transaction

    def apply_hints(self, ctx: Context, hints: Hints, transaction: Transaction) -> None:
        """Routes, time-outs and flags of a new transaction."""
        transaction.on_failure = hints.on_failure
        transaction.on_reply = hints.on_reply
        transaction.on_branch = hints.on_branch
        cfg = self.cfg
        transaction.flags |= hints.flags_on & F_DISABLE_FAILOVER
        if transaction.is_invite:
            flags = F_AUTO_100 if cfg.auto_inv_100 else 0
            if cfg.disable_6xx_block:
                flags |= F_DISABLE_6XX
            if not cfg.e2e_cancel_reason:
                flags |= F_NO_E2E_CANCEL_REASON
            transaction.flags |= (flags | hints.flags_on) & ~hints.flags_off
        if hints.retr1 or hints.retr2:
            transaction.set_retransmission(hints.retr1, hints.retr2)
        lifetime = hints.lifetime_inv if transaction.is_invite else hints.lifetime_other
        if lifetime:
            transaction.set_lifetime(lifetime, self.worker.now())
        fr, fr_inv = hints.fr, hints.fr_inv
        if not fr and self.fr_timer_key is not None:
            fr = self.avp_seconds(ctx, self.fr_timer_key)
        if not fr_inv and self.fr_inv_timer_key is not None:
            fr_inv = self.avp_seconds(ctx, self.fr_inv_timer_key)
            if fr_inv:
                transaction.flags |= F_NOISY
        if fr or fr_inv:
            transaction.set_fr(fr_inv, fr, self.worker.now())

    def avp_seconds(self, ctx: Context, key: Any) -> float:
        """A time-out kept in an AVP, 0 where there is none."""
        if ctx.avp_store is None:
            return 0.0
        value = ctx.avp_store.get(key[1], 0, key[0])
        try:
            return float(int(value)) if value is not None else 0.0
        except ValueError:
            self.log.error("AVP %s holds no number of seconds: %r", key[1], value, source="tm")
            return 0.0

    def hints(self, ctx: Context) -> Hints:
        """The hints of this message."""
        return hints_of(ctx)

    def set_flag(self, ctx: Context, flag: int, on: bool) -> int:
        """Set or clear a flag of the transaction, or of the one to come."""
        transaction = ctx.transaction
        if transaction is not None:
            transaction.flags = transaction.flags | flag if on else transaction.flags & ~flag
            return 1
        hints = self.hints(ctx)
        if on:
            hints.flags_on |= flag
            hints.flags_off &= ~flag
        else:
            hints.flags_off |= flag
            hints.flags_on &= ~flag
        return 1

    def find_canceled(self, ctx: Context) -> Transaction | None:
        """The transaction that the CANCEL of `ctx` is meant for."""
        return self.table.find_canceled(ctx.msg)

    # --- for other modules

    def watch(self, where: Context | Transaction | None, events: str | int, callback: Watcher) -> None:
        """Call `callback(event, transaction, request, reply, status)` on events of one transaction.

        `events` are names of `transaction.events` ("response_out on_failure"), or their bits. `where` is a transaction
        or a context with one; None watches all transactions (the only way for request_in and local_request_in).
        `reply` is the message, or None for one that we made up.
        """
        mask = events if isinstance(events, int) else sum(EVENT_NAMES[name] for name in events.split())
        if where is None:
            self.global_watchers.append((mask, callback))
            self.global_mask |= mask
            return
        transaction: Any = where if hasattr(where, "tid") else where.transaction
        if transaction is None:
            raise PeerError(500, "No transaction to watch")
        if transaction.watchers is None:
            transaction.watchers = []
        transaction.watchers.append((mask, callback))
        transaction.watched |= mask

    def reply(
        self, ctx: Context, status: int, reason: str | None = None, headers: bytes = b"", body: bytes = b""
    ) -> bool:
        """Reply statefully to the request of `ctx`, making the transaction where there is none. False: too late."""
        transaction = ctx.transaction or self.create(ctx)
        hints = self.hints(ctx)
        if status >= 200:
            hints.done |= REPLIED
        return self.user.reply_locally(transaction, ctx, status, reason, self.worker.now(), headers, body)

    def request(
        self,
        method: str,
        uri: str,
        from_: str,
        to: str,
        *,
        headers: bytes = b"",
        body: bytes = b"",
        call_id: str = "",
        cseq: int = 0,
        next_hop: str = "",
        routes: list[str] | None = None,
        socket: Listener | None = None,
        on_reply: OnReply | None = None,
    ) -> LocalRequest:
        """Send a request of our own. Raises PeerError when it cannot go.

        `from_` and `to` are header values, `headers` whole lines, `routes` Route values. What is left out is made up:
        From tag, Call-ID, CSeq 10. `on_reply(request, status, reply)` is called for the final reply; a reply of None
        is a status of our own making (408, 477, 478, 503).
        """
        return start_request(
            self,
            Wanted(
                method, uri, from_, to, headers, body, call_id, cseq, next_hop, list(routes or ()), socket, on_reply
            ),
        )

    def suspend(self, ctx: Context) -> tuple[Transaction, Any]:
        """Keep the transaction of `ctx` (made if needed) open until `resume`; the script should stop.

        fr_timer runs meanwhile: when it hits, the failure route runs or 408 is sent. Raises PeerError.
        """
        transaction: Transaction = ctx.transaction or self.create(ctx)
        if transaction.flags & F_CANCELED:
            raise PeerError(487, "Transaction canceled")
        self.user.send_trying(transaction, ctx)
        hints = self.hints(ctx)
        hints.save(ctx)
        hints.done |= FORWARDED
        return transaction, transaction.add_blind_branch(self.worker.now())

    def resume(self, handle: tuple[Transaction, Any]) -> Context | None:
        """A context to go on with, as in a failure route; None when the transaction has ended meanwhile.

        Whoever goes on calls `resumed(handle, ctx)` in the end.
        """
        transaction, branch = handle
        if transaction.context is None or branch.status >= 200 or transaction.flags & F_CANCELED:
            return None
        transaction.end_blind_branch(branch)
        return self.user.failure_context(transaction, None, self.worker.now())

    def resumed(self, handle: tuple[Transaction, Any], ctx: Context) -> None:
        """The work after `resume` is done: without reply and pending branch the transaction ends with an error."""
        transaction = handle[0]
        self.user.leave_failure(transaction, ctx)
        if transaction.status >= 200:
            return
        now = self.worker.now()
        if any(branch.status < 200 for branch in transaction.branches):
            return
        if any(branch.reply is not None for branch in transaction.branches):
            transaction.settle(now)
        else:
            self.user.all_failed(transaction, now)

    def before_wait(self, ctx: Context) -> None:
        """The script is about to wait for the first time: from here on the request must be known as being handled."""
        if ctx.route_type != REQUEST or ctx.transaction is not None or not ctx.msg.is_request:
            return
        if ctx.msg.method_id == M_ACK:
            return
        transaction = self.create(ctx)
        self.user.send_trying(transaction, ctx)
        self.hints(ctx).hold = transaction.add_blind_branch(self.worker.now())


def avp_key(worker: Worker, name: str | None, param: str) -> Any:
    """(class, name) of an AVP given as `$avp(name)` or as the bare name; None for none. Raises OperatorError."""
    if not name:
        return None
    text = name
    if text.startswith("$avp(") and text.endswith(")"):
        text = text[5:-1]
    elif text.startswith("$"):
        text = text[1:]
    if not text or "(" in text:
        raise OperatorError(f"parameter {param} of module tm: no AVP: {name!r}", suggestion="$avp(name)")
    if text in worker.avp_aliases:
        return worker.avp_aliases[text]
    try:
        return parse_avp_name(text)
    except ValueError as error:
        raise OperatorError(f"parameter {param} of module tm: {error}") from None
