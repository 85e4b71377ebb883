"""Dialogs end on the version of the script that they began with: which one a request within a dialog runs.

A proxy keeps no dialogs, so from the first reload on the Call-IDs of the dialogs that begin are remembered by version;
a request within a dialog that is none of them belongs to the version before. As long as nothing is loaded again there
is nothing to remember, and nothing to look up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from siprouter.sip.names import M_INVITE, M_REFER, M_SUBSCRIBE

if TYPE_CHECKING:
    from siprouter.core.context import Context
    from siprouter.core.routes import Script
    from siprouter.core.worker import Worker

MAX_DIALOGS = 200_000  # that are remembered for one version
MAX_VERSIONS = 8  # that dialogs can still run, the present one included
LONGEST_DIALOG = 12 * 3600.0  # seconds; later requests run the present version

BEGINNINGS = (M_INVITE, M_SUBSCRIBE, M_REFER)


class Era:
    """The time in which one version ran. `begun`: Call-IDs of its dialogs; None: all that no later version knows."""

    def __init__(self, script: Script, begun: set[str] | None) -> None:
        self.script = script
        self.begun = begun
        self.until = 0.0


class DialogVersions:
    """The versions that dialogs of one worker run; the last era is the present one. No eras: there is one version."""

    def __init__(self, worker: Worker) -> None:
        self.eras: list[Era] = []
        self._worker = worker

    def uses(self, script: Script) -> int:
        """How many references to a version are held here."""
        return sum(era.script is script for era in self.eras)

    def switch(self, old: Script, new: Script) -> None:
        """`new` runs from now."""
        if not self.eras:
            self.eras.append(Era(old, None if self._may_have_dialogs() else set()))
            self._worker.hooks.request_in.append(self.choose)
        last = self.eras[-1]
        last.until = self._worker.now() + LONGEST_DIALOG
        if last.begun is not None and not last.begun:
            self.eras.pop()
        self.eras.append(Era(new, set()))
        del self.eras[:-MAX_VERSIONS]
        self._forget_single()

    def _may_have_dialogs(self) -> bool:
        """Whether there was a transaction so far; without tm nobody knows."""
        tm = self._worker.modules.get("tm")
        return tm is None or bool(tm.table.stats.created)

    def _forget_single(self) -> None:
        """With one version left there is nothing to choose."""
        if len(self.eras) == 1:
            self.clear()

    def clear(self) -> None:
        """All requests run the present version."""
        if self.eras:
            self.eras.clear()
            self._worker.hooks.request_in.remove(self.choose)

    def choose(self, ctx: Context) -> bool:
        """A hook for requests: sets the version that this one runs. Absorbs nothing."""
        eras = self.eras
        while eras[0].until and eras[0].until <= ctx.now:
            del eras[0]
        msg = ctx.msg
        present = eras[-1]
        if msg.to.tag:
            ctx.script = self._version(msg.call_id)
        elif msg.method_id in BEGINNINGS and present.begun is not None:
            present.begun.add(msg.call_id)
            if len(present.begun) > MAX_DIALOGS:
                self._worker.log.warning("more than %d dialogs since the script was loaded: all run it", MAX_DIALOGS)
                self.clear()
                return False
        self._forget_single()
        return False

    def _version(self, call_id: str) -> Script:
        eras = self.eras
        for era in reversed(eras):
            if era.begun is None or call_id in era.begun:
                return era.script
        return eras[-1].script
