"""Arguments of SER's avp_db."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from siprouter.core.args import ArgType, Constant, Folded
from siprouter.core.avp import CLASS_URI, CLASS_USER, TRACK_FROM, TRACK_TO
from siprouter.core.values import Value, to_text
from siprouter.db.operations import is_identifier
from siprouter.util.errors import OperatorError, SourceLocation

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv

CLASSES = {
    "$fu": TRACK_FROM | CLASS_USER,
    "$fr": TRACK_FROM | CLASS_URI,
    "$tu": TRACK_TO | CLASS_USER,
    "$tr": TRACK_TO | CLASS_URI,
}
OF_URIS = (CLASSES["$fr"], CLASSES["$tr"])


@dataclass(frozen=True, slots=True)
class Group:
    """Attributes that carry a flag, and the table that they are in."""

    id: str
    table: str
    flag: str
    key_column: str = "id"
    name_column: str = "name"
    type_column: str = "type"
    value_column: str = "value"
    flags_column: str = "flags"

    @property
    def columns(self) -> list[str]:
        """Name, type, value and flags."""
        return [self.name_column, self.type_column, self.value_column, self.flags_column]


def parse_group(text: str) -> Group:
    """`id=x,flag=y,table=z,key_column=…` (or with colons). Raises OperatorError."""
    found: dict[str, str] = {}
    for part in text.split(","):
        name, mark, value = part.replace(":", "=", 1).partition("=")
        name, value = name.strip(), value.strip()
        if not mark or name not in Group.__slots__ or not value:
            hint = f"known are {', '.join(Group.__slots__)}"
            raise OperatorError(f"avp_db: bad part '{part.strip()}' in attr_group '{text}'", suggestion=hint)
        if name not in ("id", "flag") and not is_identifier(value):
            raise OperatorError(f"avp_db: no name of a table or column: '{value}' in attr_group '{text}'")
        found[name] = value
    for name in ("id", "flag", "table"):
        if name not in found:
            raise OperatorError(f"avp_db: attr_group '{text}' lacks {name}", suggestion="id=x,flag=y,table=z")
    return Group(**found)


class ClassArg(ArgType):
    """`$fu`, `$tu` (users), `$fr` or `$tr` (URIs)."""

    kind = "$fu, $fr, $tu or $tr"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        klass = CLASSES.get(to_text(value).lower())
        if klass is None:
            raise self.bad(value, location)
        if klass in OF_URIS and "domain" not in env.worker.modules:
            raise OperatorError("attributes of URIs need module domain", location, 'loadmodule "domain.so"')
        return Constant(klass)

    def convert(self, ctx: Context, value: Value) -> int:
        raise OperatorError(f"argument '{self.name}' must be a constant")


class GroupArg(ArgType):
    """The id of a group."""

    kind = "the id of a group (parameter attr_group)"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        group = env.worker.module("avp_db").groups.get(to_text(value))
        if group is None:
            raise self.bad(value, location)
        return Constant(group)

    def convert(self, ctx: Context, value: Value) -> Group:
        raise OperatorError(f"argument '{self.name}' must be a constant")
