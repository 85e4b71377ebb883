"""textops: searches and changes the text of messages."""

from siprouter.core.args import Fmt, Opt, RegexArg, Str
from siprouter.core.declare import KAMAILIO, Module, function, transformation
from siprouter.core.routes import BRANCH, ERROR, FAILURE, LOCAL, ONREPLY, REQUEST
from siprouter.core.substitution import SubstArg
from siprouter.modules.textops import body, compare, headers, search
from siprouter.modules.textops.args import HeaderArg, MethodList, MimeArg, PrivacyArg
from siprouter.modules.textops.state import TextOps

_ALL = REQUEST | FAILURE | ONREPLY | BRANCH | LOCAL
_NOT_LOCAL = REQUEST | FAILURE | ONREPLY | BRANCH
_PATTERN = RegexArg(icase=True, newline=True)
_PATTERN_AT_ONCE = RegexArg(icase=True, newline=False)

module = Module(
    "textops",
    help="search and change the text of messages",
    state=TextOps,
    family=KAMAILIO,
    functions=[
        function("search", search.search, [_PATTERN], routes=_ALL, help="look for a pattern in the message"),
        function("search_body", search.search_body, [_PATTERN], routes=_ALL, help="look for a pattern in the body"),
        function("search_append", search.search_append, [_PATTERN, Str()], routes=_ALL, help="add text behind a match"),
        function(
            "search_append_body",
            search.search_append_body,
            [_PATTERN, Str()],
            routes=_ALL,
            help="add text behind a match in the body",
        ),
        function("replace", search.replace, [_PATTERN, Str()], routes=_ALL, help="replace the first match"),
        function("replace_all", search.replace_all, [_PATTERN, Str()], routes=_ALL, help="replace all matches"),
        function(
            "replace_body", search.replace_body, [_PATTERN, Str()], routes=_ALL, help="replace the first match in body"
        ),
        function(
            "replace_body_all",
            search.replace_body_all,
            [_PATTERN, Str()],
            routes=_ALL,
            help="replace all matches in the body, line by line",
        ),
        function(
            "replace_body_atonce",
            search.replace_body_all,
            [_PATTERN_AT_ONCE, Str()],
            routes=_ALL,
            help="replace all matches in the body, taken as one line",
        ),
        function("subst", search.subst, [SubstArg()], routes=_ALL, help="substitute in headers and body"),
        function("subst_body", search.subst_body, [SubstArg()], routes=_ALL, help="substitute in the body"),
        function("subst_uri", search.subst_uri, [SubstArg()], routes=_NOT_LOCAL, help="substitute in the request URI"),
        function("subst_user", search.subst_user, [SubstArg()], routes=_NOT_LOCAL, help="substitute in its user part"),
        function("append_hf", headers.append_hf, [Fmt(), Opt(HeaderArg())], routes=_ALL, help="add header lines last"),
        function("insert_hf", headers.insert_hf, [Fmt(), Opt(HeaderArg())], routes=_ALL, help="add header lines first"),
        function(
            "append_urihf",
            headers.append_urihf,
            [Str("prefix"), Str("suffix")],
            routes=REQUEST | FAILURE | BRANCH,
            help="add a header line with the received request URI in it",
        ),
        function(
            "append_to_reply",
            headers.append_to_reply,
            [Fmt()],
            routes=REQUEST | FAILURE | BRANCH | ERROR,
            help="add header lines to the replies to this request",
        ),
        function(
            "append_time",
            headers.append_time,
            routes=REQUEST | FAILURE | BRANCH | LOCAL,
            help="add a Date header to the replies to this request",
        ),
        function("remove_hf", headers.remove_hf, [HeaderArg()], routes=_ALL, help="remove the headers of a name"),
        function("remove_hf_re", headers.remove_hf_re, [_PATTERN], routes=_ALL, help="remove headers by a pattern"),
        function("is_present_hf", headers.is_present_hf, [HeaderArg()], routes=_ALL, help="whether a header exists"),
        function(
            "is_present_hf_re", headers.is_present_hf_re, [_PATTERN], routes=_ALL, help="whether a header name matches"
        ),
        function(
            "is_method", headers.is_method, [MethodList()], routes=_ALL, help="whether the method is one of a few"
        ),
        function("is_privacy", headers.is_privacy, [PrivacyArg()], routes=_ALL, help="whether a privacy is asked for"),
        function("has_body", body.has_body, [Opt(MimeArg())], routes=_ALL, help="whether there is a body (of a type)"),
        function("set_body", body.set_body, [Fmt(), Fmt("type")], routes=_NOT_LOCAL, help="exchange the body"),
        function(
            "set_reply_body",
            body.set_reply_body,
            [Fmt(), Fmt("type")],
            routes=REQUEST | FAILURE | BRANCH,
            help="give the replies to this request a body",
        ),
        function(
            "filter_body", body.filter_body, [Str("type")], routes=_ALL, help="keep one part of a multipart/mixed body"
        ),
        function("cmp_str", compare.cmp_str, [Fmt(), Fmt()], routes=_ALL, help="compare two strings"),
        function("cmp_istr", compare.cmp_istr, [Fmt(), Fmt()], routes=_ALL, help="compare two strings in any case"),
        function("starts_with", compare.starts_with, [Fmt(), Fmt()], routes=_ALL, help="whether a string starts so"),
    ],
    transformations=[
        transformation("re.subst", search.transform_subst, ["subst"], help="substitute in a value"),
    ],
)
