"""permissions: who may call whom, register what, and which addresses are trusted."""

from siprouter.core.args import Fmt, Int, Opt, PvRef
from siprouter.core.declare import EVERY_WORKER, KAMAILIO, Module, function, mi, param
from siprouter.core.routes import FAILURE, LOCAL, REQUEST
from siprouter.modules.permissions import management
from siprouter.modules.permissions.arguments import FileName
from siprouter.modules.permissions.state import Permissions

ROUTES = REQUEST | FAILURE

module = Module(
    "permissions",
    help="rules in files about calls and registrations, and addresses that are trusted",
    state=Permissions,
    family=KAMAILIO,
    params=[
        param("default_allow_file", str, "permissions.allow", "rules of what is allowed, for allow_routing()"),
        param("default_deny_file", str, "permissions.deny", "rules of what is denied, for allow_routing()"),
        param("check_all_branches", int, 1, "0: allow_routing() looks at the request URI alone"),
        param("allow_suffix", str, ".allow", "end of the names of files that allow"),
        param("deny_suffix", str, ".deny", "end of the names of files that deny"),
        param("db_url", str, None, "the database of addresses and trusted peers"),
        param("db_mode", int, 0, "1: trusted peers are kept in memory; 0: asked for each time"),
        param("trusted_table", str, "trusted", "table of trusted peers"),
        param("source_col", str, "src_ip", "its column of addresses"),
        param("proto_col", str, "proto", "its column of protocols"),
        param("from_col", str, "from_pattern", "its column of regular expressions for From"),
        param("tag_col", str, "tag", "column of tags, of both tables"),
        param("peer_tag_avp", str, None, "AVP that gets the tag of what matched"),
        param("address_table", str, "address", "table of addresses and networks"),
        param("grp_col", str, "grp", "its column of groups"),
        param("ip_addr_col", str, "ip_addr", "its column of addresses"),
        param("mask_col", str, "mask", "its column of prefix lengths"),
        param("port_col", str, "port", "its column of ports"),
    ],
    functions=[
        function(
            "allow_routing",
            Permissions.allow_routing,
            [Opt(FileName("file")), Opt(FileName("deny file"))],
            routes=ROUTES | LOCAL,
            help="may From call the request URI and all branches? base name of the files, or both files",
        ),
        function(
            "allow_register",
            Permissions.allow_register,
            [FileName("file"), Opt(FileName("deny file"))],
            routes=ROUTES,
            help="may To register the contacts? base name of the files, or both files",
        ),
        function(
            "allow_uri",
            Permissions.allow_uri,
            [FileName("file"), PvRef("uri")],
            routes=ROUTES | LOCAL,
            help="may From call the URI in a variable? base name of the files",
        ),
        function(
            "allow_address",
            Permissions.allow_address,
            [Int("group"), PvRef("address"), PvRef("port")],
            routes=ROUTES | LOCAL,
            help="is an address in a group?",
        ),
        function(
            "allow_source_address",
            Permissions.allow_source_address,
            [Opt(Int("group"))],
            routes=ROUTES,
            help="is the source of the request in a group (1)?",
        ),
        function(
            "allow_source_address_group",
            Permissions.allow_source_address_group,
            routes=ROUTES,
            help="the group that the source of the request is in",
        ),
        function(
            "allow_trusted",
            Permissions.allow_trusted,
            routes=ROUTES,
            waits=True,
            help="is the source of the request a trusted peer?",
        ),
        function(
            "allow_trusted",
            Permissions.allow_trusted_peer,
            [Fmt("address"), Fmt("protocol")],
            routes=ROUTES,
            waits=True,
            help="is an address with a protocol a trusted peer?",
        ),
    ],
    mis=[
        mi("trusted_reload", management.trusted_reload, help="read the trusted peers again", workers=EVERY_WORKER),
        mi("trusted_dump", management.trusted_dump, help="the trusted peers in memory"),
        mi("address_reload", management.address_reload, help="read the addresses again", workers=EVERY_WORKER),
        mi("address_dump", management.address_dump, help="the addresses in memory"),
        mi("subnet_dump", management.subnet_dump, help="the networks in memory"),
        mi("allow_uri", management.allow_uri, help="test a rule: base name, URI, contact"),
    ],
)
