"""The stub for routes in Python, for the modules that a configuration loads, or for all."""

from __future__ import annotations

import asyncio

from siprouter.core.registry import available_modules, find_declaration
from siprouter.ksr.api import HostApi
from siprouter.ksr.stubs import render_stub
from siprouter.script.core_table import register_core_functions
from siprouter.script.load import parse_file
from siprouter.server.options import RunOptions
from siprouter.server.startup import Assembly
from siprouter.util.log import Log


async def stub_for(options: RunOptions | None, log: Log) -> str:
    """The text of KSR.pyi. Raises OperatorError where the configuration cannot be loaded."""
    assembly = Assembly(asyncio.get_running_loop(), log)
    worker = assembly.worker
    worker.services["in_memory"] = True
    try:
        if options is None:
            register_core_functions(worker)
            for name in available_modules():
                declared = find_declaration(name)
                if declared is not None:
                    worker.add_module(declared)
        else:
            options.check_only = True
            assembly.load(parse_file(options.file, options.defines), options)
        return render_stub(HostApi(worker, worker.env))
    finally:
        await assembly.tasks.finish(0)
