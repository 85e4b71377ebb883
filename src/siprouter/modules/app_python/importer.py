"""Python files as modules of one version of the script: each version has its own, also of what lies beside it.

Modules of Python and of installed packages are shared with the server as usual; `KSR` and `Router` are objects.
"""

from __future__ import annotations

import builtins
import itertools
import sys
import traceback
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from siprouter.util.errors import NOWHERE, OperatorError, SourceLocation

if TYPE_CHECKING:
    from siprouter.script.foreign import ScriptFiles

MAX_MODULES = 1000


class ScriptModules:
    """The modules of one version. `objects` are what `import NAME` gives without any file."""

    def __init__(self, files: ScriptFiles, folder: Path, objects: Mapping[str, Any]) -> None:
        self.files = files
        self.folder = folder
        self.paths: dict[str, str] = {}
        """names of modules by file"""
        self._objects = objects
        self._modules: dict[str, ModuleType] = {}
        self._prefix = _free_prefix()
        parent = ModuleType(self._prefix)
        parent.__path__ = []
        sys.modules[self._prefix] = parent
        self._names = [self._prefix]

    def last_as_long_as(self, version: object) -> None:
        """Forget the modules once `version` has gone; until then what names them, such as pickle, finds them."""
        weakref.finalize(version, _forget, self._names).atexit = False

    def load(self, path: Path) -> ModuleType:
        """Run a file as the script. Raises OperatorError with the place of what is wrong."""
        try:
            return self._run(path.stem, path, package=False)
        except SyntaxError as error:
            raise _syntax_error(error) from error
        except (Exception, SystemExit) as error:
            raise self.failure(error, f"{path.name} cannot be loaded") from error

    def failure(self, error: BaseException, what: str) -> OperatorError:
        """What `error` means for the operator, with the innermost place in a file of the script."""
        if isinstance(error, SyntaxError) and error.filename in self.paths:
            return _syntax_error(error)
        if isinstance(error, OperatorError):
            place = self.place_of(error)
            return OperatorError(f"{what}: {error.message}", place, error.suggestion)
        return OperatorError(f"{what}: {type(error).__name__}: {error}", self.place_of(error))

    def place_of(self, error: BaseException) -> SourceLocation:
        """The innermost place in a file of the script that the traceback goes through."""
        found = NOWHERE
        for frame, line in traceback.walk_tb(error.__traceback__):
            if frame.f_code.co_filename in self.paths:
                found = SourceLocation(frame.f_code.co_filename, line, 1)
        return found

    def _run(self, name: str, path: Path, package: bool) -> ModuleType:
        if len(self._modules) >= MAX_MODULES:
            raise ImportError(f"more than {MAX_MODULES} modules")
        source = self.files.read(path)
        code = compile(source.text, source.path, "exec", dont_inherit=True)
        full = f"{self._prefix}.{name}"
        module = ModuleType(full)
        module.__file__ = source.path
        module.__package__ = full if package else full.rpartition(".")[0]
        if package:
            module.__path__ = [str(path.parent)]
        module.__dict__["__builtins__"] = {**vars(builtins), "__import__": self._import}
        self._modules[name] = sys.modules[full] = module
        self._names.append(full)
        self.paths[source.path] = name
        try:
            exec(code, module.__dict__)
        except BaseException:
            self._modules.pop(name, None)
            raise
        return module

    # --- import

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> Any:
        """What `import` does in the files of the script."""
        if level:
            name = self._absolute(name, globals or {}, level)
        elif name in self._objects:
            return self._objects[name]
        found = self._find(name)
        if found is None:
            if level:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)
            return __import__(name, globals, locals, fromlist or (), 0)
        if not fromlist:
            return self._modules[name.partition(".")[0]]
        for item in fromlist:
            if not hasattr(found, item) and hasattr(found, "__path__"):
                self._find(f"{name}.{item}")
        return found

    def _absolute(self, name: str, scope: Mapping[str, Any], level: int) -> str:
        """The name of a relative import, as modules are called here."""
        package = str(scope.get("__package__") or "")
        for _ in range(level - 1):
            package = package.rpartition(".")[0]
        if not package.startswith(f"{self._prefix}."):
            raise ImportError("attempted relative import beyond top-level package")
        package = package[len(self._prefix) + 1 :]
        return f"{package}.{name}" if name else package

    def _find(self, name: str) -> ModuleType | None:
        """The module of the script called so, loaded where it is not yet; None where it is none of the script."""
        found = self._modules.get(name)
        if found is not None:
            return found
        parent, _, last = name.rpartition(".")
        folder = self.folder
        if parent:
            package = self._find(parent)
            if package is None:
                return None
            if not hasattr(package, "__path__"):
                raise ModuleNotFoundError(f"No module named {name!r}; {parent!r} is not a package", name=name)
            folder = Path(package.__path__[0])
        path = folder / f"{last}.py"
        inside = folder / last / "__init__.py"
        if self.files.exists(inside):
            module = self._run(name, inside, package=True)
        elif self.files.exists(path):
            module = self._run(name, path, package=False)
        elif parent:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        else:
            return None
        if parent:
            setattr(self._modules[parent], last, module)
        return module


def _free_prefix() -> str:
    """A name in sys.modules that no other version has: classes of the script are found by it."""
    taken = {name.partition(".")[0] for name in sys.modules}
    return next(name for number in itertools.count(1) if (name := f"siprouter_script_{number}") not in taken)


def _forget(names: list[str]) -> None:
    for name in names:
        sys.modules.pop(name, None)


def _syntax_error(error: SyntaxError) -> OperatorError:
    line, column = error.lineno or 1, max(error.offset or 1, 1)
    place = SourceLocation(error.filename or "", line, column, error.end_lineno or 0, error.end_offset or 0)
    return OperatorError(error.msg, place)
