"""dialplan: texts translated by the rules of a table."""

from siprouter.core.args import Opt, Parsed
from siprouter.core.declare import COMMON, EVERY_WORKER, Module, function, mi, param, rpc
from siprouter.core.routes import ANY
from siprouter.modules.dialplan.arguments import PlanArg, parse_ends
from siprouter.modules.dialplan.state import DialPlan

module = Module(
    "dialplan",
    help="texts translated by the rules of a table",
    state=DialPlan,
    family=COMMON,
    uses=("regex",),
    params=[
        param("db_url", str, "mysql://openserro:openserro@localhost/openser", "the database"),
        param("table_name", str, "dialplan", "the table"),
        param("dpid_col", str, "dpid", "column of the number of the dial plan"),
        param("pr_col", str, "pr", "column of the priority, the smallest first"),
        param("match_op_col", str, "match_op", "column that says how to match: 0 equal, 1 regular expression"),
        param("match_exp_col", str, "match_exp", "column of what is matched"),
        param("match_len_col", str, "match_len", "column of the length that a text must have, 0: any"),
        param("subst_exp_col", str, "subst_exp", "column of the pattern whose groups the replacement uses"),
        param("repl_exp_col", str, "repl_exp", "column of the replacement"),
        param("attrs_col", str, "attrs", "column of the attributes"),
        param("attrs_pvar", str, None, "the AVP or script variable that gets the attributes"),
        param("attribute_pvar", str, None, "the same", attribute="attrs_pvar"),
        param("fetch_rows", int, 1000, "rows that are fetched from the database at once"),
    ],
    functions=[
        function(
            "dp_translate",
            DialPlan.translate,
            [PlanArg("plan"), Opt(Parsed("source/destination", parse_ends, "$source or $source/$destination"))],
            routes=ANY,
            help="translate a text: number of the dial plan, $source/$destination",
        ),
    ],
    rpcs=[
        rpc("dialplan.reload", DialPlan.reload_rpc, help="read the rules again", workers=EVERY_WORKER),
        rpc("dialplan.translate", DialPlan.translate_rpc, "ds", help="try a dial plan: its number, a text"),
    ],
    mis=[
        mi("dp_reload", DialPlan.reload_mi, help="read the rules again", workers=EVERY_WORKER),
        mi("dp_translate", DialPlan.translate_mi, help="try a dial plan: its number, a text"),
    ],
)
