"""The instance of mtree: named trees of prefixes, read from tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from siprouter.core.access import PvAccess
from siprouter.core.avp import AvpKey
from siprouter.core.avp_names import parse_avp_variable
from siprouter.core.values import str_to_int
from siprouter.db.databases import check_names, open_database
from siprouter.db.errors import DbError
from siprouter.db.interface import Database
from siprouter.db.values import to_text
from siprouter.modules.mtree.index import Alphabet, PrefixIndex
from siprouter.util.errors import OperatorError

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

TEXT = 0
DESTINATIONS = 1
DEFAULT_TABLE = "mtree"
DEFAULT_ROWS = 1000
MAX_DESTINATIONS = 64


@dataclass(slots=True)
class Tree:
    """A tree; `type`: TEXT or DESTINATIONS. A tree whose table could not be read yet is empty."""

    name: str
    table: str
    type: int
    index: PrefixIndex


class MTree:
    """One instance per worker, with trees of its own."""

    db_url: str
    db_table: str
    tname_column: str
    tprefix_column: str
    tvalue_column: str
    char_list: str
    fetch_rows: int
    pv_value: str
    pv_dstid: str
    pv_weight: str
    pv_count: str
    mt_tree_type: int
    mt_ignore_duplicates: int

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.defined: list[str] = []
        self.trees: dict[str, Tree] = {}
        self.alphabet = Alphabet("")
        self.database: Database
        self.value: PvAccess
        self.count: PvAccess
        self.dstid: AvpKey
        self.weight: AvpKey

    def define(self, text: str) -> None:
        """Parameter mtree: name=…;dbtable=…;type=…"""
        self.defined.append(text)

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        if not self.char_list:
            raise OperatorError("mtree: char_list is empty")
        self.alphabet = Alphabet(self.char_list)
        self.value = self._writable("pv_value")
        self.count = self._writable("pv_count")
        self.dstid = self._avp("pv_dstid")
        self.weight = self._avp("pv_weight")
        for text in self.defined:
            self._define(text)
        if not self.defined and not self.db_table:
            raise OperatorError("mtree: there is no tree: set parameter mtree or db_table")
        columns = ("tname_column", "tprefix_column", "tvalue_column")
        check_names("mtree", {name: getattr(self, name) for name in columns})
        if not self.defined:
            check_names("mtree", {"db_table": self.db_table})
        self.database = open_database(self.worker, self.db_url, "mtree", query=True)

    def _writable(self, name: str) -> PvAccess:
        text: str = getattr(self, name)
        access = self.worker.env.parse_pvar(text)
        if access.set is None:
            raise OperatorError(f"mtree: {name} must be a variable that can be written, found {text}")
        return access

    def _avp(self, name: str) -> AvpKey:
        try:
            return parse_avp_variable(getattr(self, name), self.worker.avp_aliases)
        except ValueError as error:
            raise OperatorError(f"mtree: {name}: {error}") from None

    def _define(self, text: str) -> None:
        fields = {"type": str(TEXT), "dbtable": DEFAULT_TABLE}
        for part in filter(None, (part.strip() for part in text.split(";"))):
            key, sign, value = part.partition("=")
            key = key.strip().lower()
            if not sign or key not in ("name", "dbtable", "type"):
                raise OperatorError(f"mtree: expected name=…;dbtable=…;type=…, found '{part}'")
            fields[key] = value.strip().strip('"')
        name, kind = fields.get("name"), str_to_int(fields["type"])
        if not name:
            raise OperatorError(f"mtree: a tree without a name: '{text}'")
        if name in self.trees:
            raise OperatorError(f"mtree: tree '{name}' is defined twice")
        check_names("mtree", {f"dbtable of tree '{name}'": fields["dbtable"]})
        self.trees[name] = Tree(name, fields["dbtable"], self._kind(kind), self._empty())

    def _kind(self, number: int | None) -> int:
        if number not in (TEXT, DESTINATIONS):
            self.worker.log.warning("there are trees of type 0 and 1; type %s counts as 0", number, source="mtree")
            return TEXT
        return number

    def _empty(self) -> PrefixIndex:
        return PrefixIndex(self.alphabet)

    async def start(self) -> None:
        """Read all trees. Raises OperatorError."""
        try:
            await self.load()
        except (DbError, ValueError) as error:
            raise OperatorError(f"mtree: {error}") from None

    async def load(self, wanted: str = "") -> None:
        """Read the trees anew, those whose names begin with `wanted`; other messages go on meanwhile.

        Raises DbError, or ValueError for bad rows; then the trees that there are stay.
        """
        if not self.defined:
            await self._load_all()
            return
        for tree in list(self.trees.values()):
            if tree.name.startswith(wanted):
                index = self._empty()
                columns = [self.tprefix_column, self.tvalue_column]
                async for rows in self.database.pages(tree.table, [], columns, self.tprefix_column, self._rows()):
                    for prefix, value in rows:
                        self._add(tree.table, index, to_text(prefix), to_text(value))
                    await self.worker.sleep(0)
                await self._finish(tree.table, index)
                tree.index = index

    async def _load_all(self) -> None:
        """Read the table that has all trees."""
        kind = self._kind(self.mt_tree_type)
        found: dict[str, Tree] = {}
        columns = [self.tname_column, self.tprefix_column, self.tvalue_column]
        order = f"{self.tname_column}, {self.tprefix_column}"
        async for rows in self.database.pages(self.db_table, [], columns, order, self._rows()):
            for name, prefix, value in rows:
                tree = found.get(to_text(name))
                if tree is None:
                    tree = found[to_text(name)] = Tree(to_text(name), self.db_table, kind, self._empty())
                self._add(self.db_table, tree.index, to_text(prefix), to_text(value))
            await self.worker.sleep(0)
        for tree in found.values():
            await self._finish(self.db_table, tree.index)
        self.trees = found

    def _rows(self) -> int:
        return self.fetch_rows if self.fetch_rows > 0 else DEFAULT_ROWS

    def _add(self, table: str, index: PrefixIndex, prefix: str, value: str) -> None:
        if not prefix or not value:
            self.worker.log.error("table %s: a row without prefix or value", table, source="mtree")
            return
        try:
            index.add(prefix, value)
        except ValueError as error:
            raise ValueError(f"table {table}: {error}") from None

    async def _finish(self, table: str, index: PrefixIndex) -> None:
        steps = index.finish(bool(self.mt_ignore_duplicates))
        try:
            for _ in steps:
                await self.worker.sleep(0)
        except ValueError as error:
            raise ValueError(f"table {table}: {error}") from None
        if index.dropped:
            self.worker.log.error("table %s: %d prefixes come twice", table, index.dropped, source="mtree")

    # --- the script

    def match(self, ctx: Context, name: str, text: str, _mode: int) -> int:
        """mt_match(tree, text, mode): 1 where a prefix of the text is in the tree."""
        tree = self.trees.get(name)
        if tree is None:
            self.worker.log.info("there is no tree %s", name, source="mtree")
            return -1
        index = tree.index
        valid = index.alphabet.valid(text)
        if valid < len(text) and (index.goes_on(text[:valid]) if valid else len(index) > 0):
            self.worker.log.info("'%s' has a character that is not in char_list", text, source="mtree")
            return -1
        if tree.type == TEXT:
            entry = index.longest(text[:valid]) if valid else -1
            if entry < 0:
                return -1
            if self.value.set is not None:
                self.value.set(ctx, index.value(entry))
            return 1
        return self._set_destinations(ctx, index, text[:valid])

    def _set_destinations(self, ctx: Context, index: PrefixIndex, text: str) -> int:
        """All destinations of all prefixes: the one with the lowest weight ends up on top."""
        said = [destinations(index.value(entry)) for entry in index.all(text)] if text else []
        found: dict[int, int] = {}
        for pairs in said:
            # longest prefixes come first, and what they say counts
            for dstid, weight in reversed(pairs):
                if dstid and len(found) < MAX_DESTINATIONS:
                    found.setdefault(dstid, weight)
        if not found:
            return -1
        shortest_first = list(found.items())[::-1]
        for dstid, weight in sorted(shortest_first, key=lambda item: -item[1]):
            ctx.avps.add(self.weight[1], weight, self.weight[0])
            ctx.avps.add(self.dstid[1], dstid, self.dstid[0])
        if self.count.set is not None:
            self.count.set(ctx, len(found))
        return 1


def destinations(value: str) -> list[tuple[int, int]]:
    """What `id=weight;id=weight…` says; 0 for what is no number."""
    pairs = (part.partition("=") for part in value.split(";") if part.strip())
    return [(number(key), number(weight)) for key, _, weight in pairs]


def number(text: str) -> int:
    """A number in a value, 0 for none."""
    found = str_to_int(text.strip())
    return found if found is not None and found > 0 else 0
