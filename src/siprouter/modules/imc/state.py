"""The instance of imc: rooms in the shared state, written to the database behind the back of those who talk."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from siprouter.db.databases import check_names, check_version, open_database
from siprouter.db.errors import DbError, DbRefusedError
from siprouter.db.interface import Database
from siprouter.db.operations import Delete, Insert, Operation
from siprouter.db.values import to_text
from siprouter.modules.imc.commands import COMMANDS, Command, parse_command
from siprouter.modules.imc.rooms import INVITED, MAX_ROOMS, Room, User, checked_user, from_rows, uri_of
from siprouter.sip.uri import parse_uri
from siprouter.util.errors import OperatorError, PeerError
from siprouter.util.text import to_bytes, to_str

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.worker import Worker

SOURCE = "imc"
TABLE_VERSION = 1
CONTENT_TYPE = b"Content-Type: text/plain\r\n"
MAX_BODY = 16_384
LOADED = "loaded"
BAD_MESSAGE, BAD_COMMAND, NOT_SENT = -1, -20, -200
BATCH = 50
"""rooms that are written at once"""

Change = Callable[[Room | None], Room | None]


class Imc:
    """All rooms."""

    db_url: str
    rooms_table: str
    members_table: str
    imc_cmd_start_char: str
    outbound_proxy: str | None
    extra_hdrs: str | None

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.log = worker.log
        self.database: Database
        self.rooms = worker.state.table("imc:rooms", record=Room)
        self.changed = worker.state.table("imc:changed")
        """rooms that the database does not have as they are"""
        self.marks = worker.state.table("imc:marks")
        self.headers = CONTENT_TYPE
        self.start_character = "#"
        self._writing = False
        self._away = False

    # --- life

    def configure(self) -> None:
        """Check the parameters. Raises OperatorError."""
        check_names(SOURCE, {"rooms_table": self.rooms_table, "members_table": self.members_table})
        if not self.imc_cmd_start_char:
            raise OperatorError("imc: imc_cmd_start_char must be a character")
        self.start_character = self.imc_cmd_start_char[0]
        try:
            if self.outbound_proxy:
                parse_uri(self.outbound_proxy)
        except PeerError:
            raise OperatorError(f"imc: outbound_proxy is no URI: '{self.outbound_proxy}'") from None
        lines = [line for line in (self.extra_hdrs or "").replace("\r", "\n").split("\n") if line.strip()]
        self.headers = CONTENT_TYPE + b"".join(to_bytes(line) + b"\r\n" for line in lines)
        self.database = open_database(self.worker, self.db_url, SOURCE)
        self.worker.hooks.tick.append(self.tick)

    async def start(self) -> None:
        """Read the rooms, once for all workers. Raises OperatorError."""
        for table in (self.rooms_table, self.members_table):
            await check_version(self.database, table, TABLE_VERSION, SOURCE)
        try:
            rooms = await self.database.query(self.rooms_table, [], ["name", "domain", "flag"], "id")
            members = await self.database.query(self.members_table, [], ["username", "domain", "flag", "room"], "id")
        except DbError as error:
            raise OperatorError(f"imc: {error}") from None
        found = from_rows(
            [(to_text(name), to_text(domain), int(flag or 0)) for name, domain, flag in rooms],
            [(to_text(user), to_text(domain), int(flag or 0), to_text(room)) for user, domain, flag, room in members],
        )
        with self.worker.state.atomic():
            if self.marks.get(LOADED) is None:
                self.marks.put(LOADED, 1)
                for room in found[:MAX_ROOMS]:
                    self.rooms.put(room.uri, room)

    async def stop(self) -> None:
        """Write what is not written yet."""
        if self.worker.index == 0:
            await self.write()

    def tick(self, now: float) -> None:
        """About once a second, in the first worker: what changed is written."""
        if self.worker.index == 0 and not self._writing and len(self.changed):
            self.worker.spawn(self.write(), SOURCE)

    async def write(self) -> None:
        """Write the rooms that changed. One worker does it, so that an old state never follows a newer one."""
        self._writing = True
        try:
            for uri, number in list(self.changed.items())[:BATCH]:
                try:
                    await self.database.apply(self._operations(uri))
                except DbRefusedError as error:
                    self.log.error("room %s cannot be kept: %s", uri, error, source=SOURCE)
                with self.worker.state.atomic():
                    if self.changed.get(uri) == number:
                        self.changed.delete(uri)
            if self._away:
                self._away = False
                self.log.notice("rooms are written again", source=SOURCE)
        except DbError as error:
            if not self._away:
                self._away = True
                self.log.error("rooms are not written yet: %s", error, source=SOURCE)
        finally:
            self._writing = False

    def _operations(self, uri: str) -> list[Operation]:
        """What makes the tables say what a room is now."""
        name, _, domain = uri.removeprefix("sip:").rpartition("@")
        operations: list[Operation] = [
            Delete(self.members_table, [("room", uri)]),
            Delete(self.rooms_table, [("name", name), ("domain", domain)]),
        ]
        room = self.rooms.get(uri)
        if room is not None:
            operations.append(Insert(self.rooms_table, {"name": name, "domain": domain, "flag": room.flags}))
            operations += [
                Insert(self.members_table, {"username": user, "domain": host, "room": uri, "flag": flags})
                for user, host, flags in room.members
            ]
        return operations

    # --- rooms

    def find(self, name: User) -> Room | None:
        """The room of a name."""
        found = self.rooms.get(uri_of(name))
        return found if isinstance(found, Room) else None

    def change(self, name: User, change: Change) -> Room | None:
        """Put what `change` makes of a room (None: there is none) in its place, in one step among all workers.

        Raises what `change` raises, and PeerError where there is no room for more.
        """
        uri = uri_of(name)
        with self.worker.state.atomic():
            before = self.find(name)
            after = change(before)
            if after == before:
                return after
            if before is None and len(self.rooms) >= MAX_ROOMS:
                raise PeerError(503, "Too Many Rooms")
            if after is None:
                self.rooms.delete(uri)
            else:
                self.rooms.put(uri, after)
            self.changed.add(uri, 1)
        return after

    def active_rooms(self) -> int:
        """Statistic active_rooms."""
        return len(self.rooms)

    # --- sending

    def send(self, room: str, to: User, body: str | bytes, done: Callable[[int], None] | None = None) -> None:
        """A message of a room to a user; `done(status)` hears how it ended."""

        def ended(local: Any, status: int, reply: Any) -> None:
            if done is not None and status >= 200:
                done(status)

        uri = uri_of(to)
        try:
            self.worker.module("tm").request(
                "MESSAGE",
                uri,
                f"<{room}>",
                f"<{uri}>",
                headers=self.headers,
                body=to_bytes(body) if isinstance(body, str) else body,
                next_hop=self.outbound_proxy or "",
                on_reply=ended,
            )
        except PeerError as error:
            self.log.error("a message of %s to %s cannot go: %s", room, uri, error, source=SOURCE)
            if done is not None:
                done(error.status)

    def broadcast(self, room: Room, body: str | bytes, but: User | None = None) -> None:
        """A message of a room to all who are in it."""
        for user in room.present():
            if user != but:
                self.send(room.uri, user, body)

    # --- the script

    async def manager(self, ctx: Context) -> int:
        """imc_manager(): 1, or what went wrong: BAD_MESSAGE, BAD_COMMAND, the code of the command, NOT_SENT."""
        body: bytes = ctx.msg.body
        try:
            if not body:
                raise PeerError(400, "the body is empty")
            if len(body) > MAX_BODY:
                raise PeerError(413, "the body is too long")
            from_ = ctx.msg.from_.parsed_uri
            sender = checked_user(from_.user, from_.host)
            target = (ctx.parsed_uri.user, ctx.parsed_uri.host.lower())
        except PeerError as error:
            self.log.error("imc_manager(): %s", error, source=SOURCE)
            return BAD_MESSAGE
        text = to_str(body)
        if text.startswith(self.start_character):
            code = self._command(text[1:], sender, target)
        else:
            code = self._message(body, sender, target)
        if self.worker.index == 0 and self.database.immediate and len(self.changed):
            await self.write()
        return code

    def _command(self, text: str, sender: User, target: User) -> int:
        try:
            name, parameters = parse_command(text)
        except PeerError as error:
            self.log.error("imc_manager(): %s", error, source=SOURCE)
            return BAD_COMMAND
        command = Command(name, parameters, sender, target)
        found = COMMANDS.get(name)
        if found is None:
            start = self.start_character
            body = f"invalid command '{name[:64]}' - send '{start}help' for details"
            self.send(uri_of(target), sender, body)
            return 1
        handler, failed = found
        try:
            self._check_speaker(sender)
            handler(self, command)
        except PeerError as error:
            self.log.error("%s by %s failed: %s", name, uri_of(sender), error.reason, source=SOURCE)
            return failed
        return 1

    def _check_speaker(self, sender: User) -> None:
        """A room that speaks in a room would be answered for ever."""
        if self.find(sender) is not None:
            raise PeerError(482, f"{uri_of(sender)} is a room")

    def _message(self, body: bytes, sender: User, target: User) -> int:
        room = self.find(target)
        flags = room.flags_of(sender) if room is not None else None
        try:
            self._check_speaker(sender)
            if room is None:
                raise PeerError(404, f"there is no room {uri_of(target)}")
            if flags is None or flags & INVITED:
                raise PeerError(403, f"{uri_of(sender)} is not in {room.uri}")
        except PeerError as error:
            self.log.error("imc_manager(): %s", error.reason, source=SOURCE)
            return NOT_SENT
        self.broadcast(room, b"<%s>: %s" % (to_bytes("@".join(sender)), body), but=sender)
        return 1
