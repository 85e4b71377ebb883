"""regex: Perl's regular expressions, and groups of them in a file."""

from siprouter.core.args import Fmt, Int, Opt
from siprouter.core.declare import EVERY_WORKER, KAMAILIO, Module, function, mi, param
from siprouter.core.routes import BRANCH, FAILURE, LOCAL, ONREPLY, REQUEST
from siprouter.modules.regex.state import PatternArg, Regexes

ROUTES = REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL

module = Module(
    "regex",
    help="Perl's regular expressions, and groups of them in a file",
    state=Regexes,
    family=KAMAILIO,
    params=[
        param("file", str, None, "the file with groups of patterns"),
        param("max_groups", int, 20, "most groups in it"),
        param("group_max_size", int, 8192, "most characters of a group"),
        param("pcre_caseless", int, 0, "1: upper and lower case are the same"),
        param("pcre_multiline", int, 0, "1: ^ and $ match at line ends, too"),
        param("pcre_dotall", int, 0, "1: the dot matches line ends, too"),
        param("pcre_extended", int, 0, "1: blanks in patterns do not count, and # begins a comment"),
    ],
    functions=[
        function(
            "pcre_match",
            Regexes.match,
            [Fmt("text"), PatternArg("pattern")],
            routes=ROUTES,
            help="does a pattern match? text, pattern",
        ),
        function(
            "pcre_match_group",
            Regexes.match_group,
            [Fmt("text"), Opt(Int("group"))],
            routes=ROUTES,
            help="does a pattern of a group of the file match? text, number of the group",
        ),
    ],
    mis=[mi("regex_reload", Regexes.reload, help="read the file again", workers=EVERY_WORKER)],
)
