"""What this server is: name, version, interpreter, and how it was built."""

from __future__ import annotations

import platform
import sys
from importlib import metadata

from siprouter._pure import compiled_modules

NAME = "siprouter"


def version_number() -> str:
    """The installed version, "0" when the package runs without having been installed."""
    try:
        return metadata.version(NAME)
    except metadata.PackageNotFoundError:
        return "0"


def full_version() -> str:
    """Name, version, machine and system: "siprouter 1.0 (x86_64/linux)"."""
    return f"{NAME} {version_number()} ({platform.machine()}/{platform.system().lower()})"


def build_flags() -> str:
    """How the running code was built, comma separated: compiled or pure, and the interpreter."""
    build = "COMPILED" if compiled_modules() else "PURE"
    return f"{build}, {platform.python_implementation().upper()}_{sys.version_info.major}_{sys.version_info.minor}"


def compiler() -> str:
    """The compiler of the interpreter."""
    return platform.python_compiler()


def build_date() -> str:
    """When the interpreter was built."""
    return platform.python_build()[1]
