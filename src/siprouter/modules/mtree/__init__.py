"""mtree: finds the longest prefix of a number in trees kept in memory."""

from siprouter.core.args import Fmt, Int
from siprouter.core.declare import EVERY_WORKER, Module, function, mi, param
from siprouter.core.routes import BRANCH, FAILURE, ONREPLY, REQUEST
from siprouter.modules.mtree import commands
from siprouter.modules.mtree.state import MTree

module = Module(
    "mtree",
    help="finds the longest prefix of a number in trees kept in memory",
    state=MTree,
    params=[
        param("db_url", str, "mysql://openser:openserrw@localhost/openser", "the database"),
        param("db_table", str, "", "the table that has all trees, where no tree is defined by mtree"),
        param("mtree", str, None, "a tree: name=…;dbtable=…;type=…", setter="define"),
        param("tname_column", str, "tname", "column of the tree's name"),
        param("tprefix_column", str, "tprefix", "column of the prefix"),
        param("tvalue_column", str, "tvalue", "column of the value"),
        param("char_list", str, "0123456789", "characters that prefixes are made of"),
        param("fetch_rows", int, 1000, "rows read at a time"),
        param("pv_value", str, "$avp(s:tvalue)", "variable that gets the value"),
        param("pv_dstid", str, "$avp(s:tdstid)", "AVP that gets the destinations of a tree of type 1"),
        param("pv_weight", str, "$avp(s:tweight)", "AVP that gets their weights"),
        param("pv_count", str, "$avp(s:tcount)", "variable that gets their number"),
        param("mt_tree_type", int, 0, "type of the trees in db_table"),
        param("mt_ignore_duplicates", int, 0, "1: prefixes may come twice; the first counts"),
    ],
    functions=[
        function(
            "mt_match",
            MTree.match,
            [Fmt("tree"), Fmt("text"), Int("mode")],
            routes=REQUEST | FAILURE | BRANCH | ONREPLY,
            help="look for the longest prefix of a text: tree, text, mode",
        ),
    ],
    mis=[
        mi("mt_reload", commands.mt_reload, help="read trees again: [beginning of names]", workers=EVERY_WORKER),
        mi("mt_list", commands.mt_list, help="prefixes and values: [beginning of tree names]"),
        mi("mt_summary", commands.mt_summary, help="how large the trees are"),
    ],
)
