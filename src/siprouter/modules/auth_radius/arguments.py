"""The realm that credentials are for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.core.args import Constant, Folded
from siprouter.core.values import Value
from siprouter.modules.auth.arguments import Text

if TYPE_CHECKING:
    from siprouter.core.env import LoadEnv
    from siprouter.util.errors import SourceLocation


class Realm(Text):
    """As `Text`; the empty string stands for the domain of To (REGISTER) or From."""

    kind = "a realm"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        return Constant("") if value == "" else super().fold(value, env, location)
