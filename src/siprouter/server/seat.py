"""What a worker of several is born with: its number, the sockets that the supervisor opened, the scripts to load."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field

from siprouter.script.source import Texts
from siprouter.transport.listen import ListenPlan


@dataclass(slots=True)
class LoadedVersion:
    """A version of the script as text: all files that were read for it."""

    number: int
    texts: Texts


@dataclass(slots=True)
class Roster:
    """Who is at work: process ids by number (0: nobody at the moment), and how often each was started again."""

    pids: list[int] = field(default_factory=list)
    restarts: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Seat:
    """The place of one worker. `sockets` are those of the listeners of `plan`, in its order."""

    index: int
    count: int
    plan: ListenPlan
    sockets: list[socket.socket]
    reading: socket.socket
    writing: list[socket.socket]
    lifeline: int
    """a descriptor that ends when the supervisor does"""
    main_pid: int
    started_at: float
    roster: Roster
    versions: list[LoadedVersion]
    """the one that the server started with, then those that are in use, the last one runs"""
    highest: int = 1
    """the highest number that a version had so far"""
    comes_later: bool = False
    """whether it takes the place of one that died"""
