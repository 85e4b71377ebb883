"""permissions of SER: who may do what, by files, tables and sets of addresses."""

from siprouter.core.args import Opt
from siprouter.core.declare import EVERY_WORKER, SER, Module, function, param, rpc
from siprouter.core.routes import BRANCH, FAILURE, ONREPLY, ONSEND, REQUEST
from siprouter.modules.permissions.arguments import FileName
from siprouter.modules.permissions_s import commands
from siprouter.modules.permissions_s.ip_match import AttributeArg, PlaceArg, SentArg
from siprouter.modules.permissions_s.ip_sets import SetArg
from siprouter.modules.permissions_s.state import SerPermissions
from siprouter.script.ser_args import SerInt, SerStr

_RULES = REQUEST | FAILURE
_SETS = REQUEST | FAILURE | ONREPLY | BRANCH | ONSEND

module = Module(
    "permissions",
    help="who may do what, by files of rules, tables and sets of addresses",
    state=SerPermissions,
    family=SER,
    uses=("permissions",),
    params=[
        param("default_allow_file", str, "permissions.allow", "rules of what is allowed; empty: none"),
        param("default_deny_file", str, "permissions.deny", "rules of what is denied; empty: none"),
        param("check_all_branches", int, 1, "0: allow_routing() looks at the request URI alone"),
        param("allow_suffix", str, ".allow", "behind a base name: the file of what is allowed"),
        param("deny_suffix", str, ".deny", "behind a base name: the file of what is denied"),
        param("max_rule_files", int, 64, "most pairs of files"),
        param("safe_file_load", int, 0, "1: the server does not start where a file is missing"),
        param("db_url", str, None, "the database"),
        param("db_mode", int, 0, "0: asks the database each time; 1: keeps its tables in memory"),
        param("trusted_table", str, "trusted", "table of trusted peers"),
        param("source_col", str, "src_ip", "column of the address"),
        param("proto_col", str, "proto", "column of the protocol: any, udp, tcp, tls or sctp"),
        param("from_col", str, "from_pattern", "column of the regular expression for From"),
        param("ipmatch_table", str, "ipmatch", "table of ipmatch()"),
        param("declare_ipset", str, None, "name or name=networks: a set; repeatable", setter="declare_set"),
    ],
    functions=[
        function(
            "allow_routing",
            SerPermissions.allow_routing,
            [Opt(FileName("base or allow")), Opt(FileName("deny"))],
            routes=_RULES,
            help="may From call the request URI? base name, or files of both kinds",
        ),
        function(
            "allow_register",
            SerPermissions.allow_register,
            [FileName("base or allow"), Opt(FileName("deny"))],
            routes=_RULES,
            help="may To have these contacts? base name, or files of both kinds",
        ),
        function(
            "allow_refer_to",
            SerPermissions.allow_refer_to,
            [FileName("base or allow"), Opt(FileName("deny"))],
            routes=_RULES,
            help="may From refer to Refer-To? base name, or files of both kinds",
        ),
        function(
            "allow_trusted", SerPermissions.allow_trusted, routes=_RULES, waits=True, help="is this a trusted peer?"
        ),
        function(
            "ipmatch",
            SerPermissions.ip_match,
            [PlaceArg("where"), Opt(AttributeArg("attribute"))],
            routes=REQUEST | FAILURE | ONREPLY,
            help="is an address in the table? src, via2 or address, attribute for its value",
        ),
        function(
            "ipmatch_onsend",
            SerPermissions.ip_match_sent,
            [SentArg("where")],
            routes=ONSEND,
            help="is the destination (dst) or the address in the request URI (ruri) in the table?",
        ),
        function(
            "ipmatch_filter",
            SerPermissions.ip_filter,
            [SerInt("mask")],
            routes=REQUEST | FAILURE | ONREPLY | ONSEND,
            help="bits that the mark must have for the next ipmatch()",
        ),
        *[
            function(
                name,
                SerPermissions.is_in_set,
                [SetArg("set"), SerStr("address")],
                routes=_SETS,
                help="is an address in a set? set or networks, src, dst, rcv or address",
            )
            for name in ("ip_is_in_ipset", "ip_is_trusted")
        ],
    ],
    rpcs=[
        rpc("trusted.reload", commands.reload_trusted, help="read the trusted peers again", workers=EVERY_WORKER),
        rpc("trusted.dump", commands.dump_trusted, help="the trusted peers in memory"),
        rpc("ipmatch.reload", commands.reload_entries, help="read the table of ipmatch() again", workers=EVERY_WORKER),
        rpc("ipset.clean", commands.clean_set, "s", help="forget what was added", workers=EVERY_WORKER),
        rpc("ipset.add", commands.add_to_set, "s.s.s", help="add a network: set, address, /mask", workers=EVERY_WORKER),
        rpc("ipset.commit", commands.commit_set, "s", help="what was added counts from now", workers=EVERY_WORKER),
        rpc("ipset.list", commands.list_sets, help="names of the sets"),
        rpc("ipset.print", commands.print_set, "sd", help="networks of a set: its name, 1 for what was added"),
    ],
)
