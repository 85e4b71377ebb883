"""What a module sees of a version of the script that is being loaded, when it loads what belongs to that version."""

from __future__ import annotations

from pathlib import Path

from siprouter.core.env import LoadEnv
from siprouter.script.nodes import Config, ModParam
from siprouter.script.source import read_source
from siprouter.util.errors import NOWHERE, OperatorError, SourceLocation
from siprouter.util.regex import Regex, RegexError


class NewVersion:
    """Given to `load_version` of each module that has it; what that returns is `script.parts[module]`.

    It is called for the first version and at each reload, beside the version that runs. OperatorError refuses the
    version. The part must hold no strong reference to the script, and be ready to be dropped without a word.
    """

    def __init__(self, module: str, config: Config, env: LoadEnv) -> None:
        self.module = module
        self.env = env
        self._config = config

    def values(self, name: str) -> list[tuple[int | str, SourceLocation]]:
        """What the modparam lines of this version say for a parameter of the module, in their order."""
        found = []
        for node in self._config.modules:
            if isinstance(node, ModParam) and node.name == name and self._is_meant(node):
                found.append((node.value, node.location))
        return found

    def _is_meant(self, node: ModParam) -> bool:
        try:
            return Regex(f"^({node.modules})$", icase=True).matches(self.module)
        except RegexError:
            return False

    def path(self, name: str) -> str:
        """The absolute path of a file; relative ones begin in the folder of the configuration."""
        main = Path(self._config.files[0]) if self._config.files else Path()
        return str((main.parent / name).absolute())

    def find(self, name: str) -> str | None:
        """The text of a file as `read` gives it, None where there is no such file or it cannot be read."""
        path = self.path(name)
        if path not in self._config.texts.files and not Path(path).is_file():
            return None
        try:
            return self.read(name, NOWHERE)
        except OperatorError:
            return None

    def read(self, name: str, location: SourceLocation) -> str:
        """The text of a file that belongs to this version: all workers see the same, and `--watch` looks at it.

        UTF-8 with surrogateescape. Raises OperatorError.
        """
        path = self.path(name)
        texts = self._config.texts
        if path not in texts.files:
            if path not in self._config.files:
                self._config.files.append(path)
            try:
                texts.files[path] = read_source(Path(path)).text
            except (OSError, ValueError) as error:
                reason = getattr(error, "strerror", None) or str(error)
                raise OperatorError(f"cannot read {path}: {reason}", location) from error
        elif path not in self._config.files:
            self._config.files.append(path)
        return texts.files[path]
