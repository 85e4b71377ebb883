"""topoh: hides the addresses of one side of a call from the other."""

from siprouter.core.declare import Module, param
from siprouter.modules.topoh.state import DEFAULT_KEY, TopoH

module = Module(
    "topoh",
    help="hides addresses in Via, Record-Route, Contact and Call-ID from the other side of a call",
    state=TopoH,
    depends=("rr",),
    params=[
        param("mask_key", str, DEFAULT_KEY, "the secret that addresses are masked with"),
        param("mask_ip", str, "10.1.1.10", "address to show instead; nothing is sent to it"),
        param("mask_callid", int, 0, "1: mask Call-IDs too"),
        param("uparam_name", str, "line", "URI parameter that holds a masked URI"),
        param("uparam_prefix", str, "sr-", "what its value begins with"),
        param("vparam_name", str, "branch", "Via parameter that holds a masked Via"),
        param("vparam_prefix", str, "z9hG4bKsr-", "what its value begins with"),
        param("callid_prefix", str, "!!:", "what masked Call-IDs begin with"),
    ],
)
