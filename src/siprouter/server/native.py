"""`siprouter build`: routes as an extension module beside their configuration, and loading it where it fits."""

from __future__ import annotations

import asyncio
import importlib.machinery
import importlib.util
import os
import shutil
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

import siprouter
from siprouter.core import context
from siprouter.rpc.version import full_version
from siprouter.script.load import parse_file
from siprouter.script.native import BIND, NativeSource
from siprouter.server.options import RunOptions
from siprouter.server.startup import Assembly
from siprouter.util.errors import OperatorError
from siprouter.util.log import Log

SUFFIX = importlib.machinery.EXTENSION_SUFFIXES[0]
PREFIX = "siprouter_routes_"
DIRECTIVES = {"language_level": 3, "annotation_typing": False}


def folder_for(config: Path) -> Path:
    """Where the modules of a configuration file are kept: `kamailio.cfg.built`."""
    return config.with_name(config.name + ".built")


def module_name(source: NativeSource) -> str:
    """The name says what it was built from and for: the text, our version, what a context looks like."""
    types = Path(siprouter.__file__).parent / "core" / "context.pxd"
    return PREFIX + source.digest(full_version().encode() + b"\0" + types.read_bytes())


def is_compiled() -> bool:
    """Whether our own modules are."""
    return bool(context.__file__) and context.__file__.endswith(tuple(importlib.machinery.EXTENSION_SUFFIXES))


class BuiltRoutes:
    """Finds and loads the built module of a script; see script.native.NativeRoutes."""

    def __init__(self, folder: Path, log: Log) -> None:
        self._folder = folder
        self._log = log

    def define(self, source: NativeSource, namespace: dict[str, Any]) -> str:
        """Put the functions of the built module into `namespace`; the file name in its tracebacks, or "": none fits."""
        if not self._folder.is_dir() or not is_compiled():
            return ""
        name = module_name(source)
        path = self._folder / (name + SUFFIX)
        if not path.exists():
            self._log.warning("built routes in %s are out of date: run siprouter build", self._folder)
            return ""
        if name in sys.modules:  # its objects are those of another version of the script
            return ""
        try:
            check_owner(self._folder)
            check_owner(path)
            module = load_module(name, path)
        except (ImportError, OSError, ValueError, OperatorError) as error:
            self._log.error("built routes %s cannot be used: %s", path, error)
            return ""
        getattr(module, BIND)(namespace)
        for known, built in source.functions.items():
            namespace[known] = getattr(module, built)
        self._log.info("routes: built module %s", path.name)
        return f"{name}.py"


def check_owner(path: Path) -> None:
    """Code that others may write is not run. Raises OperatorError."""
    found = path.stat()
    if found.st_uid not in (0, os.geteuid()) or found.st_mode & 0o022:
        raise OperatorError(f"{path} belongs to, or can be written by, another user")


def load_module(name: str, path: Path) -> ModuleType:
    """The extension module at `path`, imported. Raises ImportError."""
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no module")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules[name] = module
    return module


class _Collector:
    """Takes the text instead of defining anything."""

    def __init__(self) -> None:
        self.source: NativeSource | None = None

    def define(self, source: NativeSource, _namespace: dict[str, Any]) -> str:
        """See script.native.NativeRoutes."""
        self.source = source
        return ""


def build_routes(options: RunOptions, log: Log) -> Path:
    """Compile the routes of a configuration; the module's path. Raises OperatorError, ScriptError for a bad script."""
    if not is_compiled():
        raise OperatorError("siprouter itself is not compiled: built routes need that", suggestion="run: make build")
    source = asyncio.run(_collect(options, log))
    name = module_name(source)
    folder = folder_for(options.file)
    folder.mkdir(mode=0o755, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="siprouter-build-") as scratch:
        built = compile_module(name, source, Path(scratch))
        for old in folder.glob(f"{PREFIX}*"):
            old.unlink()
        target = folder / (name + SUFFIX)
        shutil.copyfile(built, target)
    target.chmod(0o755)
    return target


async def _collect(options: RunOptions, log: Log) -> NativeSource:
    collector = _Collector()
    assembly = Assembly(asyncio.get_running_loop(), log)
    assembly.worker.services["in_memory"] = True
    assembly.worker.services["native"] = collector
    options.check_only = True
    try:
        assembly.load(parse_file(options.file, options.defines), options)
    finally:
        await assembly.tasks.finish(0)
    assert collector.source is not None
    return collector.source


def compile_module(name: str, source: NativeSource, scratch: Path) -> Path:
    """Cython and the C compiler at work in `scratch`; the extension module. Raises OperatorError."""
    try:
        from Cython.Build import cythonize
        from Cython.Compiler.Errors import CompileError
        from setuptools import Distribution, Extension  # type: ignore[import-untyped]
        from setuptools.command.build_ext import build_ext  # type: ignore[import-untyped]
    except ImportError as error:
        raise OperatorError(f"{error.name} is missing", suggestion="pip install cython setuptools") from None
    (scratch / f"{name}.py").write_text(source.text)
    (scratch / f"{name}.pxd").write_text(source.types)
    before = Path.cwd()
    os.chdir(scratch)  # the file name in tracebacks is the one that Cython is given
    try:
        modules = cythonize(  # type: ignore[no-untyped-call]
            [Extension(name, [f"{name}.py"], extra_compile_args=["-O2", "-g0"])],
            include_path=[str(Path(siprouter.__file__).parent.parent)],
            compiler_directives=DIRECTIVES,
            quiet=True,
        )
        command = build_ext(Distribution({"name": name, "ext_modules": modules}))
        command.build_lib = command.build_temp = str(scratch / "build")
        command.ensure_finalized()
        command.run()
        return Path(command.get_ext_fullpath(name)).resolve()
    except (CompileError, SystemExit, Exception) as error:
        raise OperatorError(f"the routes cannot be compiled: {error}") from error
    finally:
        os.chdir(before)
