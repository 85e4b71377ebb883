"""cfgutils: chance, waiting, global flags, locks and the hash of a file."""

from siprouter.core.args import Fmt
from siprouter.core.declare import KAMAILIO, Module, function, mi, param, pvar
from siprouter.core.routes import BRANCH, FAILURE, LOCAL, ONREPLY, REQUEST
from siprouter.modules.cfgutils import management
from siprouter.modules.cfgutils.cfgutils import CfgUtils, GlobalFlag, Percent, Span, get_random

_ALL = REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL

module = Module(
    "cfgutils",
    help="chance, waiting, global flags, locks and the hash of a file",
    state=CfgUtils,
    family=KAMAILIO,
    params=[
        param("initial_probability", int, 10, "per cent of the calls of rand_event() that are true"),
        param("initial_gflags", int, 0, "the global flags at the start, as a sum of bits"),
        param("hash_file", str, None, "the file that get_config_hash and check_config_hash are about"),
        param("lock_set_size", int, 0, "more than 0 (up to 10) makes lock() and unlock() work"),
    ],
    functions=[
        function("rand_set_prob", CfgUtils.rand_set, [Percent()], routes=_ALL, help="set the probability"),
        function("rand_reset_prob", CfgUtils.rand_reset, routes=_ALL, help="back to the initial probability"),
        function("rand_get_prob", CfgUtils.rand_get, routes=_ALL, help="the probability as return code"),
        function("rand_event", CfgUtils.rand_event, routes=_ALL, help="true by chance"),
        function("sleep", CfgUtils.sleep, [Span("seconds")], routes=_ALL, waits=True, help="wait for some seconds"),
        function(
            "usleep",
            CfgUtils.usleep,
            [Span("microseconds")],
            routes=_ALL,
            waits=True,
            help="wait for some microseconds",
        ),
        function("abort", CfgUtils.abort, routes=_ALL, help="end the process at once, for debugging"),
        function("pkg_status", CfgUtils.memory_status, routes=_ALL, help="write the memory use to the log"),
        function("shm_status", CfgUtils.memory_status, routes=_ALL, help="write the memory use to the log"),
        function("set_gflag", CfgUtils.set_flag, [GlobalFlag()], routes=_ALL, help="set a global flag"),
        function("reset_gflag", CfgUtils.reset_flag, [GlobalFlag()], routes=_ALL, help="reset a global flag"),
        function("is_gflag", CfgUtils.has_flag, [GlobalFlag()], routes=_ALL, help="whether a global flag is set"),
        function("lock", CfgUtils.lock, [Fmt("key")], routes=_ALL, waits=True, help="take a lock, waiting for it"),
        function("unlock", CfgUtils.unlock, [Fmt("key")], routes=_ALL, help="give a lock back"),
    ],
    pvars=[pvar("RANDOM", get=get_random, help="a random number from 0 to 2147483647")],
    mis=[
        mi("rand_set_prob", management.rand_set, help="set the probability: per cent"),
        mi("rand_reset_prob", management.rand_reset, help="back to the initial probability"),
        mi("rand_get_prob", management.rand_get, help="show the probability"),
        mi("get_config_hash", management.get_hash, help="the MD5 sum of hash_file at the start"),
        mi("check_config_hash", management.check_hash, help="whether hash_file is still the same"),
        mi("set_gflag", management.set_flags, help="set global flags: sum of bits"),
        mi("reset_gflag", management.reset_flags, help="reset global flags: sum of bits"),
        mi("is_gflag", management.has_flags, help="whether global flags are all set: sum of bits"),
        mi("get_gflags", management.get_flags, help="show all global flags"),
    ],
)
