"""htable: hash tables of the script, seen by all workers."""

from siprouter.core.args import Parsed
from siprouter.core.declare import KAMAILIO, Module, event_route, function, mi, param, pvar, rpc
from siprouter.core.routes import BRANCH, ERROR, FAILURE, LOCAL, ONREPLY, REQUEST
from siprouter.modules.htable import management, variables
from siprouter.modules.htable.state import EVENT, HashTables

_ALL = REQUEST | FAILURE | ONREPLY | BRANCH | ERROR | LOCAL
_PATTERN = [Parsed("table=>pattern", variables.parse_reference, "the name of a table, =>, and a regular expression")]

module = Module(
    "htable",
    help="hash tables of the script, seen by all workers, with a time to live",
    state=HashTables,
    family=KAMAILIO,
    params=[
        param("htable", str, None, "a table: name=>size=N;autoexpire=N;dbtable=NAME; repeatable", setter="add_table"),
        param("db_url", str, None, "the database that tables with a dbtable are filled from at the start"),
        param("key_name_column", str, "key_name", "column of the key"),
        param("key_type_column", str, "key_type", "column that says whether the key is an array (1) or not (0)"),
        param("value_type_column", str, "value_type", "column that says whether the value is a number (1) or text (0)"),
        param("key_value_column", str, "key_value", "column of the value"),
        param("array_size_suffix", str, "::size", "added to the key of an array for the number of its values"),
        param("fetch_rows", int, 100, "rows that are fetched from the database at once"),
        param("timer_interval", int, 20, "seconds between two removals of entries whose time is over"),
    ],
    functions=[
        function("sht_print", management.print_all, routes=_ALL, help="write all tables to the log, as errors"),
        function(
            "sht_rm_name_re",
            variables.remove_by_name,
            _PATTERN,
            routes=_ALL,
            help="delete the entries whose name matches",
        ),
        function(
            "sht_rm_value_re",
            variables.remove_by_value,
            _PATTERN,
            routes=_ALL,
            help="delete the entries with a text that matches",
        ),
    ],
    pvars=[
        pvar("sht", bind=variables.bind_value, inner_required=True, help="an entry of a table; null: there is none"),
        pvar("shtex", bind=variables.bind_expiry, inner_required=True, help="seconds that an entry still has"),
        pvar("shtcn", bind=variables.bind_name_count, inner_required=True, help="how many entries by their names"),
        pvar("shtcv", bind=variables.bind_value_count, inner_required=True, help="how many entries by their values"),
    ],
    rpcs=[rpc("htable.dump", management.dump_rpc, "s", help="all entries of a table")],
    mis=[
        mi("sht_dump", management.dump_mi, help="all entries of a table"),
        mi("sht_reload", management.reload_mi, help="fill a table from its database table again"),
    ],
    event_routes=[event_route(EVENT, "runs once before the first message, to fill tables")],
)
