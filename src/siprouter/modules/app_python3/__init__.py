"""app_python3: the name that Kamailio 5.x gives to app_python."""

from siprouter.core.declare import KAMAILIO, Module
from siprouter.modules.app_python import functions, parameters, statistics
from siprouter.modules.app_python3.state import AppPython3

module = Module(
    "app_python3",
    help="routing logic in Python under the name of Kamailio 5.x: see app_python",
    state=AppPython3,
    family=KAMAILIO,
    uses=("app_python",),
    params=parameters("/usr/local/etc/kamailio/handler.py"),
    functions=functions("app_python3"),
    stats=statistics(),
)
