"""Builds the compiled twins: the ``.py`` modules named in ``tools/compiled_modules.txt``, typed by their ``.pxd``.

``SIPROUTER_PURE=1`` builds none. Without a C compiler, or when the build fails, one warning line is printed and the
package works as pure Python; ``SIPROUTER_COMPILED=1`` makes that an error (the test run wants to know).
"""

from __future__ import annotations

import os
import sys
import textwrap
from pathlib import Path
from typing import Any

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.sdist import sdist

ROOT = Path(__file__).resolve().parent
SOURCES = ROOT / "src"
JOBS = min(2, os.cpu_count() or 1)
PURE = os.environ.get("SIPROUTER_PURE") == "1"
STRICT = os.environ.get("SIPROUTER_COMPILED") == "1"

# Types come from the .pxd alone. Bounds checks and Python semantics stay on everywhere; a module whose every index is
# checked turns them off in its own first line ("# cython: boundscheck=False, wraparound=False").
DIRECTIVES = {"language_level": 3, "annotation_typing": False}
COMPILE_ARGS = ["-O2", "-g0"]  # a third less time than Python's own -O3 -g


def compiled_modules() -> list[str]:
    """Dotted names from the list; ``#`` starts a comment."""
    listed = ROOT / "tools" / "compiled_modules.txt"
    lines = [line.partition("#")[0].strip() for line in listed.read_text().splitlines()]
    return [line for line in lines if line]


def extensions() -> list[Extension]:
    """One extension for each listed module, plus the system call wrapper."""
    sources = {name: f"src/{name.replace('.', '/')}.py" for name in compiled_modules()}
    if (SOURCES / "siprouter/transport/_syscalls.pyx").exists():
        sources["siprouter.transport._syscalls"] = "src/siprouter/transport/_syscalls.pyx"
    return [Extension(name, [source], extra_compile_args=COMPILE_ARGS) for name, source in sources.items()]


class BuildTwins(build_ext):
    """Compiles all listed modules or none: modules that ``cimport`` each other cannot be mixed."""

    def run(self) -> None:
        inplace = self.inplace  # the base class changes it while it runs
        if inplace:
            self.remove_unlisted()
        if not self.extensions:
            return
        try:
            self.generate_c()
            self.parallel = JOBS
            super().run()
        except BaseException as error:
            if STRICT or isinstance(error, KeyboardInterrupt):
                raise
            self.inplace = inplace
            self.fall_back(error)

    def generate_c(self) -> None:
        """Replaces each extension's source by the C that Cython makes of it, where it is out of date."""
        from Cython.Build import cythonize

        generated = cythonize(
            [Extension(extension.name, extension.sources) for extension in self.extensions],
            include_path=[str(SOURCES)],
            build_dir=str(Path(self.build_temp, "cython")),
            compiler_directives=DIRECTIVES,
            nthreads=JOBS,
            quiet=not self.verbose,
        )
        by_name = {extension.name: extension for extension in generated}
        for extension in self.extensions:
            extension.sources = by_name[extension.name].sources
            extension.depends = by_name[extension.name].depends

    def fall_back(self, error: BaseException) -> None:
        for extension in self.extensions:
            name = self.get_ext_fullname(extension.name)
            Path(self.build_lib, self.get_ext_filename(name)).unlink(missing_ok=True)
        reason = textwrap.shorten(str(error) or type(error).__name__, 100)
        self.extensions = []
        if self.inplace:
            self.remove_unlisted()
        print(f"warning: compiled modules not built, siprouter runs as pure Python ({reason})", file=sys.stderr)

    def remove_unlisted(self) -> None:
        """A stale extension module beside a source would be imported in its place."""
        wanted = {SOURCES / self.get_ext_filename(extension.name) for extension in self.extensions}
        for path in SOURCES.rglob("*.so"):
            if path not in wanted:
                path.unlink()

    def get_source_files(self) -> list[str]:
        return []


class Sdist(sdist):
    """Keeps generated C out: the build makes it anew with the installed Cython."""

    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        super().make_release_tree(base_dir, [name for name in files if not name.endswith((".c", ".so"))])


options: dict[str, Any] = {"cmdclass": {"build_ext": BuildTwins, "sdist": Sdist}}
if not PURE:
    options["ext_modules"] = extensions()
setup(**options)
