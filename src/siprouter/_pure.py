"""``SIPROUTER_PURE=1``: import the ``.py`` of every module, even where its compiled twin lies beside it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, ModuleSpec, SourceFileLoader
from types import ModuleType

PACKAGE = "siprouter."


class SourceFinder:
    """Meta path finder for the modules of this package that looks at sources only."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The specification of ``name`` from its ``.py``; None (ask the next finder) outside the package."""
        if not name.startswith(PACKAGE) or path is None:
            return None
        for entry in path:
            spec = FileFinder(entry, (SourceFileLoader, SOURCE_SUFFIXES)).find_spec(name, target)
            if spec is not None:
                return spec
        return None


def install() -> None:
    """Puts the finder first, once."""
    if not any(isinstance(finder, SourceFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, SourceFinder())


def compiled_modules() -> list[str]:
    """Names of the modules of this package that are loaded from an extension module now, sorted."""
    loaded = ((name, getattr(module, "__file__", None) or "") for name, module in sys.modules.items())
    return sorted(name for name, file in loaded if name.startswith(PACKAGE) and file.endswith(".so"))
