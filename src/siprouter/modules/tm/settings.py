"""Parameters and run-time settings of tm, and how they reach the transaction layer."""

from __future__ import annotations

from siprouter.core.declare import CfgVar, Param, cfg_var, param
from siprouter.core.settings import CfgError, ConfigValue
from siprouter.transaction.base import Config

NO_SUCH_TIMER = "a transaction is deleted as soon as its wait timer has run out"

# name, type, default, least, most, help; these are parameters and run-time settings alike
_SHARED: tuple[tuple[str, type[int | str], int | str | None, int, int, str], ...] = (
    ("ruri_matching", int, 1, 0, 1, "compare request URIs when matching requests without the RFC 3261 cookie"),
    ("via1_matching", int, 1, 0, 1, "compare top Vias when matching requests without the RFC 3261 cookie"),
    ("fr_timer", int, 30000, 0, 0, "ms to wait for a final reply, or for the ACK of a negative one"),
    ("fr_inv_timer", int, 120000, 0, 0, "ms to wait for the final reply to an INVITE that was answered provisionally"),
    ("wt_timer", int, 5000, 0, 0, "ms that a finished transaction stays to absorb late messages"),
    ("delete_timer", int, 200, 0, 0, "ms between attempts to delete a transaction in use"),
    ("retr_timer1", int, 500, 0, 0, "ms before the first retransmission"),
    ("retr_timer2", int, 4000, 0, 0, "ms between retransmissions at most"),
    ("max_inv_lifetime", int, 180000, 0, 0, "ms that an INVITE transaction may be active"),
    ("max_noninv_lifetime", int, 32000, 0, 0, "ms that any other transaction may be active"),
    ("noisy_ctimer", int, 1, 0, 1, "answer INVITEs that time out without any reply"),
    ("auto_inv_100", int, 1, 0, 1, "send 100 when an INVITE is relayed"),
    ("auto_inv_100_reason", str, "trying -- your call is important to us", 0, 0, "reason phrase of that 100"),
    ("unix_tx_timeout", int, 500, 0, 0, "ms that t_write_unix may take"),
    ("restart_fr_on_each_reply", int, 1, 0, 1, "each provisional reply restarts fr_inv_timer"),
    ("pass_provisional_replies", int, 0, 0, 1, "watchers of local requests see provisional replies"),
    ("aggregate_challenges", int, 1, 0, 1, "a 401 or 407 carries the challenges of all branches"),
    ("unmatched_cancel", int, 0, 0, 2, "a CANCEL without transaction: 0 stateful, 1 stateless, 2 drop"),
    ("default_code", int, 500, 400, 699, "status that t_reply sends when it cannot find its own"),
    ("default_reason", str, "Server Internal Error", 0, 0, "reason phrase that t_reply sends without its own"),
    ("reparse_invite", int, 1, 0, 1, "build CANCEL and ACK from the INVITE as it went out"),
    ("ac_extra_hdrs", str, None, 0, 0, "start of the names of header fields that CANCEL and ACK take over"),
    ("blst_503", int, 0, 0, 1, "blacklist the source of a 503"),
    ("blst_503_def_timeout", int, 0, 0, 0, "seconds on the blacklist for a 503 without Retry-After"),
    ("blst_503_min_timeout", int, 0, 0, 0, "seconds on the blacklist for a 503 at least"),
    ("blst_503_max_timeout", int, 3600, 0, 0, "seconds on the blacklist for a 503 at most"),
    ("blst_methods_add", int, 1, 0, 0, "methods whose time-out blacklists the destination (bits)"),
    ("blst_methods_lookup", int, 4294967287, 0, 0, "methods that heed the blacklist (bits)"),
    ("cancel_b_method", int, 1, 0, 2, "unanswered branches: 0 end with 487, 1 CANCEL once they ring, 2 CANCEL at once"),
    ("reparse_on_dns_failover", int, 1, 0, 1, "the next target gets what the branch route made of the request"),
    ("disable_6xx_block", int, 0, 0, 1, "a 6xx does not stop the other branches"),
    ("local_ack_mode", int, 0, 0, 2, "the ACK for a 2xx to our INVITE goes 0 by the RFC, 1 like the INVITE, 2 back"),
    ("local_cancel_reason", int, 1, 0, 1, "CANCELs because of a final reply say why (Reason)"),
    ("e2e_cancel_reason", int, 1, 0, 1, "CANCELs because of a CANCEL take over its Reason"),
)
_TIMES = frozenset(
    (
        "fr_timer",
        "fr_inv_timer",
        "wt_timer",
        "retr_timer1",
        "retr_timer2",
        "max_inv_lifetime",
        "max_noninv_lifetime",
    )
)
_NOT_ATOMIC = frozenset(
    (
        "noisy_ctimer",
        "unix_tx_timeout",
        "aggregate_challenges",
        "unmatched_cancel",
        "default_reason",
        "auto_inv_100_reason",
        "reparse_invite",
        "ac_extra_hdrs",
        "cancel_b_method",
    )
)

CFG_VARS: list[CfgVar] = [
    cfg_var(
        name, kind, default, text, least=least, most=most, atomic=name not in _NOT_ATOMIC, on_change=f"change_{name}"
    )
    for name, kind, default, least, most, text in _SHARED
]
DEFAULT_FR_INV_NEXT = 30000
CFG_VARS.append(
    cfg_var(
        "fr_inv_timer_next",
        int,
        DEFAULT_FR_INV_NEXT,
        "once set: the fr_inv_timer in ms of the branches after the first step of serial forking",
        on_change="change_fr_inv_timer_next",
    )
)

PARAMS: list[Param] = [
    param(name, kind, default, text, cfg_var=name, obsolete=NO_SUCH_TIMER if name == "delete_timer" else "")
    for name, kind, default, _, _, text in _SHARED
]
PARAMS += [
    param("contacts_avp", str, None, "AVP that keeps the contacts of t_load_contacts()"),
    param("fr_timer_avp", str, None, "AVP with another fr_timer, in seconds"),
    param("fr_inv_timer_avp", str, None, "AVP with another fr_inv_timer, in seconds"),
    param("failure_reply_mode", int, 0, "dropped after a failure route: 0 none, 1 all, 2 last step, 3 all if forked"),
    param("on_sl_reply", str, None, "onreply route for replies without transaction", setter="add_on_sl_reply"),
    param("tw_append", str, None, "further lines that t_write_req() writes", setter="add_tw_append"),
    param("loop_detection", int, 1, "answer 482 when a request comes back with nothing changed"),
]  # fmt: skip


def setting_names() -> list[str]:
    """All names with a `change_…` callback."""
    return [name for name, *_ in _SHARED]


def apply_setting(config: Config, name: str, value: ConfigValue) -> None:
    """Hand a setting to the transaction layer where it knows it; times become seconds, 0 the shortest there is."""
    if not hasattr(config, name):
        return
    if name in _TIMES:
        setattr(config, name, max(int(value or 0), 10) / 1000)
    elif name == "cancel_b_method":
        config.cancel_b_method = int(value or 0)
    else:
        setattr(config, name, bool(value))


def check_setting(name: str, value: ConfigValue) -> None:
    """Refuse what the transaction layer cannot do. Raises CfgError."""
    if name in _TIMES and isinstance(value, int) and value < 0:
        raise CfgError(f"tm.{name} cannot be negative")
