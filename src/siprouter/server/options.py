"""What the command line says, in the terms of the server."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from siprouter.state.factory import StateOptions
from siprouter.util.errors import OperatorError

USUAL_FILES = (Path("/etc/siprouter/siprouter.cfg"), Path("/etc/kamailio/kamailio.cfg"))


@dataclass(slots=True)
class RunOptions:
    """`settings` are core parameters by name that win over those of the file; `listen` is added to what it says.

    `state` says where location and the like are kept; `watch` loads the file again whenever it changes. `workers` is a
    number or "auto"; None leaves it to the file.
    `debug` None leaves the log level to the file; `background` None means as the parameter `fork` says, where given.
    """

    file: Path
    defines: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    listen: list[str] = field(default_factory=list)
    check_only: bool = False
    log_stderr: bool = False
    log_json: bool = False
    debug: int | None = None
    background: bool | None = None
    pid_file: str | None = None
    group_pid_file: str | None = None
    watch: bool = False
    state: StateOptions = field(default_factory=StateOptions)
    workers: str | None = None
    warnings: list[str] = field(default_factory=list)


def usual_file() -> Path:
    """The configuration that is run where none is named. Raises OperatorError."""
    for path in USUAL_FILES:
        if path.is_file():
            return path
    places = " nor ".join(str(path) for path in USUAL_FILES)
    raise OperatorError(f"no configuration file: neither {places} exists", suggestion="name one: -f FILE")


def parse_define(text: str) -> tuple[str, str]:
    """`NAME` or `NAME=VALUE`. Raises OperatorError for a bad name."""
    name, _, value = text.partition("=")
    if not name or not (name[0].isalpha() or name[0] == "_") or not all(char.isalnum() or char == "_" for char in name):
        raise OperatorError(f"cannot define '{text}'", suggestion="write NAME or NAME=VALUE")
    return name, value
