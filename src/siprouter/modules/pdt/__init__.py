"""pdt: sends numbers to domains by their prefixes."""

from siprouter.core.args import Int, Opt
from siprouter.core.declare import EVERY_WORKER, KAMAILIO, Module, function, mi, param
from siprouter.core.routes import FAILURE, REQUEST
from siprouter.modules.pdt import commands
from siprouter.modules.pdt.state import Pdt

module = Module(
    "pdt",
    help="sends numbers to domains by their prefixes",
    state=Pdt,
    family=KAMAILIO,
    uses=("mtree",),
    params=[
        param("db_url", str, "mysql://openser:openserrw@localhost/openser", "the database"),
        param("db_table", str, "pdt", "the table"),
        param("sdomain_column", str, "sdomain", "column of the caller's domain, * for all"),
        param("prefix_column", str, "prefix", "column of the prefix"),
        param("domain_column", str, "domain", "column of the domain to send to"),
        param("prefix", str, "", "what numbers begin with before their prefix"),
        param("char_list", str, "0123456789", "characters that prefixes are made of"),
        param("fetch_rows", int, 1000, "rows read at a time"),
        param("check_domain", int, 1, "1: a domain has one prefix, and further rows are left out"),
    ],
    functions=[
        function(
            "prefix2domain",
            Pdt.prefix2domain,
            [Opt(Int("mode")), Opt(Int("multi-domain mode"))],
            routes=REQUEST | FAILURE,
            help="put the domain of the number's prefix into the request URI",
        ),
    ],
    mis=[
        mi("pdt_add", commands.pdt_add, help="a new row: sdomain, prefix, domain"),
        mi("pdt_reload", commands.pdt_reload, help="read the table again", workers=EVERY_WORKER),
        mi("pdt_delete", commands.pdt_delete, help="delete the rows of a domain: sdomain, domain"),
        mi("pdt_list", commands.pdt_list, help="rows by what they begin with: [sdomain [prefix [domain]]]"),
    ],
)
