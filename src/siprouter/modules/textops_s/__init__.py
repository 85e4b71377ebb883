"""textops of SER: searches and changes the text of messages, and the values of headers."""

from siprouter.core.args import RegexArg
from siprouter.core.declare import SER, Module, function, param
from siprouter.core.routes import BRANCH, FAILURE, ONREPLY, ONSEND, REQUEST
from siprouter.core.substitution import SubstArg
from siprouter.modules.textops import headers, search
from siprouter.modules.textops_s import edits, text
from siprouter.modules.textops_s.edits import ANY, ONE, reference
from siprouter.modules.textops_s.selects import hf_selects
from siprouter.modules.textops_s.state import SerTextOps, XlText
from siprouter.script.ser_args import SerStr

_ROUTES = REQUEST | FAILURE | ONREPLY
_ALL = _ROUTES | BRANCH
_PATTERN = RegexArg(icase=True, newline=True)
_TEXT = XlText("text")
_VALUE = XlText("value")

module = Module(
    "textops",
    help="search and change the text of messages, and the values of headers, as SER does",
    state=SerTextOps,
    family=SER,
    params=[param("xlbuf_size", int, 4096, "longest text that a format may give, in octets")],
    functions=[
        function("search", text.search, [_PATTERN], routes=_ROUTES | ONSEND, help="look for a pattern in the message"),
        function("search_append", text.search_append, [_PATTERN, _TEXT], routes=_ROUTES, help="add behind a match"),
        function("replace", text.replace, [_PATTERN, _TEXT], routes=_ROUTES, help="replace the first match"),
        function("replace_all", text.replace_all, [_PATTERN, _TEXT], routes=_ROUTES, help="replace all matches"),
        function("subst", search.subst, [SubstArg()], routes=_ROUTES, help="substitute in headers and body"),
        function("subst_uri", search.subst_uri, [SubstArg()], routes=_ROUTES, help="substitute in the request URI"),
        function("subst_user", search.subst_user, [SubstArg()], routes=_ROUTES, help="substitute in its user part"),
        function("append_hf", text.append_hf, [_TEXT], routes=_ALL, help="add header lines last"),
        function(
            "append_urihf",
            text.append_urihf,
            [XlText("prefix"), XlText("suffix")],
            routes=REQUEST | FAILURE,
            help="add a header line with the received request URI in it",
        ),
        function("append_to_reply", text.append_to_reply, [_TEXT], routes=REQUEST, help="add header lines to replies"),
        function("append_time", headers.append_time, routes=REQUEST, help="add a Date header to replies"),
        function("remove_hf", text.remove_hf, [SerStr("header")], routes=_ROUTES, help="remove the headers of a name"),
        function("remove_hf_re", headers.remove_hf_re, [_PATTERN], routes=_ROUTES, help="remove headers by a pattern"),
        function(
            "is_present_hf", text.is_present_hf, [SerStr("header")], routes=_ROUTES, help="whether a header exists"
        ),
        function(
            "append_hf_value",
            edits.append_hf_value,
            [reference(ONE, default=-1), _VALUE],
            routes=_ALL,
            help="add a value behind another one, or a header",
        ),
        function(
            "insert_hf_value",
            edits.insert_hf_value,
            [reference(ONE), _VALUE],
            routes=_ALL,
            help="add a value before another one, or a header before the others of its name",
        ),
        function(
            "remove_hf_value",
            edits.remove_hf_value,
            [reference(ANY, every=True, param=True)],
            routes=_ALL,
            help="remove a value or a parameter of it",
        ),
        function(
            "remove_hf_value2",
            edits.remove_hf_value2,
            [reference(ANY, every=True, param=True)],
            routes=_ALL,
            help="remove a header or a parameter of it, as in Digest a=b, c=d",
        ),
        function(
            "assign_hf_value",
            edits.assign_hf_value,
            [reference(ANY, param=True), _VALUE],
            routes=_ALL,
            help="set a value or a parameter of it",
        ),
        function(
            "assign_hf_value2",
            edits.assign_hf_value2,
            [reference(ANY, param=True), _VALUE],
            routes=_ALL,
            help="set a header or a parameter of it, as in Digest a=b, c=d",
        ),
        function(
            "include_hf_value",
            edits.include_hf_value,
            [reference(), _VALUE],
            routes=_ALL,
            help="add a value to a set such as Supported unless it is there",
        ),
        function(
            "exclude_hf_value",
            edits.exclude_hf_value,
            [reference(), _VALUE],
            routes=_ALL,
            help="remove a value from a set",
        ),
        function(
            "hf_value_exists",
            edits.hf_value_exists,
            [reference(), _VALUE],
            routes=_ALL,
            help="whether a set has a value",
        ),
    ],
    selects=tuple(hf_selects()),
)
