"""The RPC commands of the core, in the form that the registry keeps."""

from __future__ import annotations

from siprouter.core.declare import Rpc
from siprouter.core.worker import Worker
from siprouter.rpc.core_blacklist import BLACKLIST_RPCS
from siprouter.rpc.core_dns import DNS_RPCS
from siprouter.rpc.core_info import INFO_RPCS
from siprouter.rpc.core_sctp import SCTP_RPCS
from siprouter.rpc.core_system import SYSTEM_RPCS
from siprouter.rpc.core_tcp import TCP_RPCS
from siprouter.rpc.core_workers import WORKER_RPCS

CORE_RPCS: tuple[Rpc, ...] = (*SYSTEM_RPCS, *INFO_RPCS, *BLACKLIST_RPCS, *DNS_RPCS, *SCTP_RPCS, *TCP_RPCS, *WORKER_RPCS)


def register_core_rpcs(worker: Worker) -> None:
    """Make the core's commands known to a worker; a module that declared one of their names before keeps it."""
    for command in CORE_RPCS:
        worker.registry.rpcs.setdefault(command.name, (command, worker))
