"""pdt of SER: sends numbers to domains by their prefixes."""

from siprouter.core.declare import SER, Module, function, param, rpc
from siprouter.core.routes import FAILURE, REQUEST
from siprouter.modules.pdt_s.pdt import SerPdt
from siprouter.script.ser_args import SerInt

NO_HASH = "there is no hash table and nothing to clean"

module = Module(
    "pdt",
    help="sends numbers to domains by their prefixes, as SER does",
    state=SerPdt,
    family=SER,
    uses=("pdt", "mtree"),
    params=[
        param("db_url", str, "mysql://ser:heslo@localhost/ser", "the database"),
        param("db_table", str, "pdt", "the table"),
        param("prefix_column", str, "prefix", "column of the prefix"),
        param("domain_column", str, "domain", "column of the domain to send to"),
        param("prefix", str, "", "what numbers begin with before their prefix"),
        param("hsize_2pow", int, 2, "size of the hash table", obsolete=NO_HASH),
        param("sync_time", int, 600, "seconds after which the table is read again"),
        param("clean_time", int, 900, "seconds between two cleanings", obsolete=NO_HASH),
    ],
    functions=[
        function(
            "prefix2domain",
            SerPdt.translate,
            [SerInt("mode")],
            arities=[0, 1],
            routes=REQUEST | FAILURE,
            help="put the domain of the number's prefix into the request URI",
        ),
    ],
    rpcs=[
        rpc("pdt.add", SerPdt.add, "ss", help="a new row: prefix, domain"),
        rpc("pdt.delete", SerPdt.remove, "s", help="delete the rows of a domain"),
        rpc("pdt.list", SerPdt.rows, "ss", help="rows by what they begin with: prefix, domain", returns_array=True),
    ],
)
