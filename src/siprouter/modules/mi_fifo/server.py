"""Reads management commands from the FIFO and writes each reply into the FIFO that the command names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from siprouter.rpc.call import call_mi
from siprouter.rpc.fifo import FifoError, FifoRequest, build_mi_reply, parse_mi_arguments
from siprouter.rpc.fifo_io import FifoListener, write_reply
from siprouter.rpc.owner import Ownership, group_id, has_control, user_id
from siprouter.util.errors import OperatorError
from siprouter.util.text import to_bytes

if TYPE_CHECKING:
    from siprouter.core.worker import Worker

OWNER_ONLY = 0o600


class MiFifo:
    """The instance of the mi_fifo module."""

    fifo_name: str | None
    fifo_mode: int
    reply_dir: str
    reply_indent: str

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._uid = -1
        self._user_gid = -1
        self._gid = -1
        self._listener: FifoListener | None = None

    def set_user(self, user: int | str) -> None:
        """modparam fifo_user; a user given by name brings its group."""
        try:
            self._uid, self._user_gid = user_id(user)
        except ValueError as error:
            raise OperatorError(str(error)) from None

    def set_group(self, group: int | str) -> None:
        """modparam fifo_group."""
        try:
            self._gid = group_id(group)
        except ValueError as error:
            raise OperatorError(str(error)) from None

    def configure(self) -> None:
        """Check the parameters."""
        if not self.fifo_name:
            raise OperatorError(
                "module mi_fifo has no FIFO", suggestion='modparam("mi_fifo", "fifo_name", "/tmp/kamailio_fifo")'
            )
        if not Path(self.reply_dir).is_dir():
            raise OperatorError(f"reply_dir '{self.reply_dir}' of module mi_fifo is not a directory")
        if not self.fifo_mode:
            self._worker.log.warning("fifo_mode 0 would let nobody in: 0600 is used", source="mi_fifo")
            self.fifo_mode = OWNER_ONLY

    async def start(self) -> None:
        """Create the FIFO. Raises OperatorError where that is not possible."""
        if not has_control(self._worker) or self.fifo_name is None:
            return
        gid = self._user_gid if self._gid == -1 else self._gid
        ownership = Ownership(self.fifo_mode, self._uid, gid)
        listener = FifoListener(self.fifo_name, ownership, self._handle, self._worker.log)
        try:
            await listener.open()
        except OSError as error:
            raise OperatorError(f"mi_fifo cannot create {self.fifo_name}: {error}") from error
        self._listener = listener

    async def stop(self) -> None:
        """Remove the FIFO."""
        if self._listener is not None:
            await self._listener.close()
            self._listener = None

    async def _handle(self, request: FifoRequest | FifoError) -> None:
        if isinstance(request, FifoError):
            self._worker.log.error("bad request: %s", request.reason, source="mi_fifo")
            reply = to_bytes(f"400 {request.reason}\n")
        else:
            reply = await self._run(request)
        if not request.reply_file:
            return
        try:
            await write_reply(str(Path(self.reply_dir) / request.reply_file), reply, self._worker.sleep)
        except OSError as error:
            self._worker.log.error("no reply to %s: %s", request.reply_file, error, source="mi_fifo")

    async def _run(self, request: FifoRequest) -> bytes:
        if request.command not in self._worker.registry.mis:
            return to_bytes(f"500 command '{request.command}' not available\n")
        try:
            arguments = parse_mi_arguments(request.lines)
        except FifoError as error:
            self._worker.log.error("bad arguments of %s: %s", request.command, error.reason, source="mi_fifo")
            return to_bytes(f"400 parse error in command '{request.command}'\n")
        reply = await call_mi(self._worker, request.command, arguments)
        return b"" if reply is None else build_mi_reply(reply, self.reply_indent)
