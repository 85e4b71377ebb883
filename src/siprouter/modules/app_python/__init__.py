"""app_python: routing logic in Python."""

from siprouter.core.args import Fmt, Opt
from siprouter.core.declare import Function, Module, Param, Stat, function, param, stat
from siprouter.core.routes import BRANCH, FAILURE, ONREPLY, REQUEST
from siprouter.modules.app_python.state import AppPython, Method

BLOCKING = "milliseconds that a route may hold its worker before the log says so; 0: it is not watched"


def parameters(script_name: str) -> list[Param]:
    """The parameters; `script_name` is the default of the one called so."""
    return [
        param("script_name", str, script_name, "the Python file", versioned=True),
        param("mod_init_function", str, "mod_init", "called first; gives the handler", versioned=True),
        param("child_init_method", str, "child_init", "called in each worker with its number, from 1", versioned=True),
        param("load", str, "", "the Python file, as later versions call it; goes before script_name", versioned=True),
        param("blocking_limit", int, 200, BLOCKING),
    ]


def functions(module: str) -> list[Function]:
    """The functions."""
    return [
        function(
            "python_exec",
            AppPython.python_exec,
            [Method("method", module), Opt(Fmt("param"))],
            routes=REQUEST | FAILURE | ONREPLY | BRANCH,
            waits=True,
            help="call a function of the script with the message, and a text",
        )
    ]


def statistics() -> list[Stat]:
    """The statistics."""
    return [
        stat("exceptions", "functions of the script that raised an exception"),
        stat("blocked", "routes that held their worker longer than blocking_limit"),
    ]


module = Module(
    "app_python",
    help="routing logic in Python: functions called from the configuration, or all routes",
    state=AppPython,
    params=parameters("/usr/local/etc/sip-router/handler.py"),
    functions=functions("app_python"),
    stats=statistics(),
)
