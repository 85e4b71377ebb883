"""The statistics module: statistic variables that the script defines and updates."""

from siprouter.core.declare import Module, function, param
from siprouter.core.routes import BRANCH, FAILURE, LOCAL, ONREPLY, REQUEST
from siprouter.modules.statistics.statistics import Statistic, Statistics, Step

ROUTES = REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL

module = Module(
    "statistics",
    help="Statistic variables of the script",
    family="kamailio",
    state=Statistics,
    params=[param("variable", str, None, "a statistic: name, or name/no_reset; repeatable", setter="add_variable")],
    functions=[
        function("update_stat", Statistics.update, [Statistic(), Step()], routes=ROUTES, help="Adds to a statistic."),
        function("reset_stat", Statistics.reset, [Statistic()], routes=ROUTES, help="Sets a statistic to 0."),
    ],
)
