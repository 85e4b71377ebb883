"""rtimer: routes that run again and again, at set times."""

from siprouter.core.declare import KAMAILIO, Module, param
from siprouter.modules.rtimer.timers import RouteTimers

module = Module(
    "rtimer",
    help="runs route blocks at intervals",
    state=RouteTimers,
    family=KAMAILIO,
    params=[
        param("timer", str, None, "a timer: name=…;mode=…;interval=…; repeatable", setter="add_timer"),
        param("exec", str, None, "a route that a timer runs: timer=…;route=…; repeatable", setter="add_route"),
    ],
)
