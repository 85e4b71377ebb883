"""Compiles the load generator into ``build/benchmarks``, where it is older than its sources."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

import benchmarks

HERE = Path(__file__).resolve().parent
BUILD = HERE.parent / "build" / "benchmarks"
MODULES = ("mmsg", "stream", "load", "load_location")


def build() -> None:
    """Makes ``benchmarks.load`` import the compiled code. Raises SystemExit where there is no C compiler."""
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    sources = [HERE / (name + ending) for name in MODULES for ending in (".py", ".pxd")]
    binaries = [BUILD / (name + suffix) for name in MODULES]
    newest = max(path.stat().st_mtime for path in sources)
    if not all(path.exists() and path.stat().st_mtime > newest for path in binaries):
        compile_modules()
    benchmarks.__path__.insert(0, str(BUILD))


def compile_modules() -> None:
    from Cython.Build import cythonize
    from setuptools import Distribution, Extension

    print("compiling the load generator", file=sys.stderr)
    extensions = cythonize(
        [Extension(f"benchmarks.{name}", [f"benchmarks/{name}.py"], extra_compile_args=["-O2"]) for name in MODULES],
        build_dir=str(BUILD / "c"),
        compiler_directives={"language_level": 3, "annotation_typing": False},
        force=True,
        quiet=True,
    )
    command = Distribution({"name": "benchmarks", "ext_modules": extensions}).get_command_obj("build_ext")
    command.build_lib, command.build_temp = str(BUILD.parent), str(BUILD / "o")
    command.ensure_finalized()
    try:
        command.run()
    except Exception as error:
        raise SystemExit(f"the benchmark needs a C compiler and python3-dev: {error}") from error
