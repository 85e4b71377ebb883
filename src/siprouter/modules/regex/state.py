"""The instance of regex."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from siprouter.core.args import Constant, Dynamic, Folded, Str
from siprouter.core.values import Value
from siprouter.core.values import to_text as value_text
from siprouter.modules.regex.patterns import Options, Pattern, read_groups, untrusted
from siprouter.rpc.mi import MiReply
from siprouter.util.errors import OperatorError, SourceLocation

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.env import LoadEnv
    from siprouter.core.worker import Worker

MAX_FILE = 1 << 24


class PatternArg(Str):
    """A pattern: compiled once where it is a constant; one with variables arrives as text."""

    kind = "a regular expression"

    def fold(self, value: Value, env: LoadEnv, location: SourceLocation) -> Folded:
        text = value_text(value)
        fmt = env.parse_format(text, location, lenient=True) if "$" in text else None
        if fmt is not None and fmt.constant is None:
            return Dynamic(fmt.text)
        options: Options = env.worker.module("regex").options
        try:
            return Constant(Pattern(text if fmt is None else fmt.constant or "", options, True))
        except ValueError as error:
            raise OperatorError(f"bad regular expression {text!r}: {error}", location) from None


class Regexes:
    """One instance per worker."""

    file: str | None
    max_groups: int
    group_max_size: int
    pcre_caseless: int
    pcre_multiline: int
    pcre_dotall: int
    pcre_extended: int

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.options = Options()
        self.groups: list[Pattern] = []

    def configure(self) -> None:
        """Read the file. Raises OperatorError."""
        flags = (self.pcre_caseless, self.pcre_multiline, self.pcre_dotall, self.pcre_extended)
        self.options = Options(*map(bool, flags))
        if self.file:
            try:
                self.load(self.path())
            except (OSError, ValueError) as error:
                raise OperatorError(f"regex: file {self.file}: {error}") from None

    def path(self) -> Path:
        """Where the file is: a relative name is beside the main configuration."""
        folder: Path = self.worker.services.get("config_folder", Path())
        return folder / (self.file or "")

    def load(self, path: Path) -> None:
        """Read the groups anew. Raises OSError, ValueError; then those that there are stay."""
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
        if len(data) > MAX_FILE:
            raise ValueError(f"larger than {MAX_FILE} octets")
        found = []
        for number, text in enumerate(read_groups(data, self.max_groups, self.group_max_size)):
            try:
                found.append(Pattern(text, self.options, True))
            except ValueError as error:
                raise ValueError(f"group [{number}]: {error}") from None
        self.groups = found

    # --- the script

    def match(self, ctx: Context, text: str, pattern: Pattern | str) -> int:
        """pcre_match(text, pattern): 1; -1: no match; -4: no good pattern."""
        if isinstance(pattern, str):
            try:
                pattern = untrusted(pattern, self.options)
            except ValueError as error:
                self.worker.log.error("pcre_match(): bad pattern %r: %s", pattern, error, source="regex")
                return -4
        return 1 if pattern.matches(text) else -1

    def match_group(self, ctx: Context, text: str, group: int = 0) -> int:
        """pcre_match_group(text, group): 1; -1: no match; -2: there is no file; -4: no such group."""
        if not self.file:
            self.worker.log.error("pcre_match_group(): parameter file is not set", source="regex")
            return -2
        if not 0 <= group < len(self.groups):
            self.worker.log.error("pcre_match_group(): there is no group %d", group, source="regex")
            return -4
        return 1 if self.groups[group].matches(text) else -1

    def reload(self) -> MiReply:
        """MI regex_reload"""
        if not self.file:
            return MiReply(403, "Group matching not enabled")
        try:
            self.load(self.path())
        except (OSError, ValueError) as error:
            self.worker.log.error("file %s: %s", self.file, error, source="regex")
            return MiReply(500, "Internal error")
        return MiReply()
