"""The instance of dialplan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.access import PvAccess
from siprouter.core.context import Branch
from siprouter.core.routes import FAILURE
from siprouter.core.values import str_to_int, to_text
from siprouter.db.databases import check_names, check_version, open_database
from siprouter.db.errors import DbError
from siprouter.db.interface import Database
from siprouter.modules.dialplan.arguments import Ends
from siprouter.modules.dialplan.rules import Plans, TranslationError, add_row
from siprouter.rpc.mi import MiReply
from siprouter.rpc.values import RpcError
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker
    from siprouter.rpc.call import RpcCall

TABLE_VERSION = 1
COLUMNS = ("dpid_col", "pr_col", "match_op_col", "match_exp_col", "match_len_col", "subst_exp_col", "repl_exp_col")
MAX_RULES = 1_000_000


class DialPlan:
    """Rules in memory, of one table."""

    db_url: str
    table_name: str
    dpid_col: str
    pr_col: str
    match_op_col: str
    match_exp_col: str
    match_len_col: str
    subst_exp_col: str
    repl_exp_col: str
    attrs_col: str
    attrs_pvar: str | None
    fetch_rows: int

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.database: Database
        self.plans = Plans()
        self.attributes: PvAccess | None = None
        self.default: Ends

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        names = (*COLUMNS, "attrs_col")
        check_names("dialplan", {name: getattr(self, name) for name in ("table_name", *names)})
        self.database = open_database(self.worker, self.db_url, "dialplan")
        if self.attrs_pvar:
            access = self.worker.env.parse_pvar(self.attrs_pvar)
            if access.name not in ("avp", "var") or access.set is None:
                raise OperatorError(f"dialplan: attrs_pvar must be $avp(x) or $var(x), found {self.attrs_pvar}")
            self.attributes = access
        user = self.worker.env.parse_pvar("$rU")
        self.default = Ends(user, user)

    async def start(self) -> None:
        """Check the table, and load it. Raises OperatorError."""
        await check_version(self.database, self.table_name, TABLE_VERSION, "dialplan")
        try:
            await self.load()
        except (DbError, OperatorError) as error:
            raise OperatorError(f"dialplan: table {self.table_name}: {error}") from None
        if not self.plans.count:
            self.worker.log.warning("table %s: there are no rules", self.table_name, source="dialplan")

    async def load(self) -> None:
        """Read all rules. Raises DbError, OperatorError; then those known before still count."""
        plans = Plans()
        columns = [getattr(self, name) for name in (*COLUMNS, "attrs_col")]
        pages = self.database.pages(self.table_name, [], columns, self.pr_col, max(self.fetch_rows, 1))
        async for rows in pages:
            for row in rows:
                add_row(self.worker.env, plans, row)
            if plans.count > MAX_RULES:
                raise OperatorError(f"more than {MAX_RULES} rules")
        self.plans = plans

    def _run(self, ctx: Context | None, plan: int, text: str) -> tuple[str, str] | None:
        """Translation and attributes; None where no rule matches or the one that does cannot be carried out."""
        rule = self.plans.find(plan, text) if text else None
        if rule is None:
            return None
        try:
            return rule.translate(ctx, text), rule.attributes
        except TranslationError as error:
            self.worker.log.error("dial plan %d: %r: %s", plan, text[:64], error, source="dialplan")
            return None

    def translate(self, ctx: Context, plan: int | None, ends: Ends | None = None) -> int:
        """dp_translate(plan, source/destination): 1 where a rule matches."""
        ends = ends or self.default
        if plan is None:
            self.worker.log.error("dp_translate(): the number of the dial plan has no value", source="dialplan")
            return -1
        found = self._run(ctx, plan, to_text(ends.source.get(ctx)))
        if found is None:
            return -1
        output, attributes = found
        if output and ends.target is not None and ends.target.set is not None:
            ends.target.set(ctx, output)
            if ctx.route_type & FAILURE and ends.target.name in ("ru", "rU"):
                if not ctx.append_branch(Branch(ctx.uri)):
                    self.worker.log.error("dp_translate(): too many branches", source="dialplan")
                    return -1
                ctx.uri_consumed = True
        if self.attributes is not None and self.attributes.set is not None:
            self.attributes.set(ctx, attributes)
        return 1

    # --- management

    async def reload_mi(self) -> MiReply | None:
        """MI dp_reload"""
        try:
            await self.load()
        except (DbError, OperatorError) as error:
            self.worker.log.error("table %s: %s", self.table_name, error, source="dialplan")
            return MiReply(500, "Cannot reload the rules")
        return None

    async def reload_rpc(self, call: RpcCall) -> None:
        """dialplan.reload"""
        try:
            await self.load()
        except (DbError, OperatorError) as error:
            self.worker.log.error("table %s: %s", self.table_name, error, source="dialplan")
            raise RpcError(500, f"Cannot reload the rules: {error}") from None

    def translate_mi(self, *values: str) -> MiReply:
        """MI dp_translate"""
        if len(values) != 2:
            return MiReply(400, "Too few or too many arguments")
        plan = str_to_int(values[0])
        if plan is None:
            return MiReply(404, "Wrong id parameter" if values[0] else "Empty id parameter")
        if plan not in self.plans:
            return MiReply(404, "No information available for dpid")
        if not values[1]:
            return MiReply(404, "Empty input parameter")
        found = self._run(None, plan, values[1])
        if found is None:
            return MiReply(404, "No translation")
        reply = MiReply(200, "OK")
        reply.add("Output", found[0])
        reply.add("ATTRIBUTES", found[1])
        return reply

    def translate_rpc(self, call: RpcCall, plan: int, text: str) -> dict[str, str]:
        """dialplan.translate"""
        if plan not in self.plans:
            raise RpcError(404, "No information available for dpid")
        found = self._run(None, plan, text)
        if found is None:
            raise RpcError(404, "No translation")
        return {"Output": found[0], "Attributes": found[1]}
