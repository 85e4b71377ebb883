"""What a script in Lua costs beside the same in the configuration."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack, closing
from pathlib import Path

from benchmarks.bed import MODULES, Bed
from benchmarks.micro import Case
from benchmarks.micro_sip import INVITE

SCRIPT = """
function empty() end
function ten_calls()
  for number = 1, 5 do KSR.isflagset(5) KSR.textops.is_method("BYE") end
end
function ten_variables()
  for number = 1, 10 do sr.pv.get("$rU") end
end
"""
CALLS = "isflagset(5);\n" * 5 + 'is_method("BYE");\n' * 5
VARIABLES = "$var(x) = $rU;\n" * 10
ROUTES = f"""
route {{ exit; }}
failure_route[EMPTY] {{ }}
failure_route[CALLS] {{ {CALLS} }}
failure_route[VARIABLES] {{ {VARIABLES} }}
"""


def cases(stack: ExitStack) -> dict[str, Case]:
    """What is timed, by name."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    (folder / "route.lua").write_text(SCRIPT)
    load = f'modparam("app_lua", "load", "{folder / "route.lua"}")\n'
    bed = stack.enter_context(closing(Bed(load + ROUTES, (*MODULES, "app_lua"))))
    ctx, routes = bed.context(INVITE), bed.node.script.failure_routes
    return {
        "empty route: configuration": lambda: routes["EMPTY"].run(ctx),
        "empty route: Lua": lambda: routes["empty"].run(ctx),
        "10 calls of functions: configuration": lambda: routes["CALLS"].run(ctx),
        "10 calls of functions: Lua": lambda: routes["ten_calls"].run(ctx),
        "10 variables: configuration": lambda: routes["VARIABLES"].run(ctx),
        "10 variables: Lua": lambda: routes["ten_variables"].run(ctx),
    }
