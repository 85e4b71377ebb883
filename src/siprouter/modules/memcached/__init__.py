"""memcached: values in a memcached server, as pseudo-variables."""

from siprouter.core.declare import KAMAILIO, Module, param, pvar
from siprouter.modules.memcached.state import Cache

module = Module(
    "memcached",
    help="reads and writes entries of a memcached server",
    state=Cache,
    family=KAMAILIO,
    params=[
        param("servers", str, "localhost:11211", "host and port of the server"),
        param("expire", int, 10800, "seconds that new entries live; 0: until the server needs the room"),
        param("mode", int, 0, "1: entries that are there are not overwritten"),
        param("timeout", int, 5000, "milliseconds to wait for the server"),
    ],
    pvars=[
        pvar("mct", bind=Cache.entry, inner_required=True, waits=True, help="an entry; $null removes it"),
        pvar("mctex", bind=Cache.expiry, inner_required=True, waits=True, help="writing sets the life of an entry"),
        pvar("mcinc", bind=Cache.increment, inner_required=True, waits=True, help="writing adds to an entry"),
        pvar("mcdec", bind=Cache.decrement, inner_required=True, waits=True, help="writing takes from an entry"),
    ],
)
