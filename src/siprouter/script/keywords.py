"""The words that the language of 3.1 keeps for itself; a `#!define` of one of them replaces nothing."""

from __future__ import annotations

TRUE_WORDS = frozenset({"yes", "true", "on", "enable"})
FALSE_WORDS = frozenset({"no", "false", "off", "disable"})
INET_WORDS = {"inet": 2, "INET": 2, "inet6": 10, "INET6": 10}
"""address family words; their numbers are those of Linux"""
# ws and wss are no words of 3.1; they mean what they do in later versions
PROTO_WORDS = {
    spelling: number
    for number, word in enumerate(("udp", "tcp", "tls", "sctp", "ws", "wss"), 1)
    for spelling in (word, word.upper())
}
TLS_METHODS = {
    word: name for name in ("SSLv23", "SSLv2", "SSLv3", "TLSv1") for word in (name, name.lower(), name.upper())
}

VALUE_WORDS: dict[str, int] = {
    **dict.fromkeys(TRUE_WORDS, 1),
    **dict.fromkeys(FALSE_WORDS, 0),
    **INET_WORDS,
}
"""words that are numbers wherever a number may stand"""

ROUTE_KEYWORDS: dict[str, str] = {
    "route": "route",
    "request_route": "route",
    "failure_route": "failure_route",
    "onreply_route": "onreply_route",
    "reply_route": "onreply_route",
    "branch_route": "branch_route",
    "onsend_route": "onsend_route",
    "event_route": "event_route",
    "error_route": "error_route",
    "local_route": "local_route",
}
"""opening word of a route block -> its kind"""

URI_CONDITIONS = frozenset({"uri", "status", "from_uri", "to_uri"})
STRING_CONDITIONS = URI_CONDITIONS | {"method"}
IP_CONDITIONS = frozenset({"src_ip", "dst_ip", "snd_ip", "to_ip"})
INT_CONDITIONS = frozenset({"src_port", "dst_port", "snd_port", "to_port", "snd_af", "to_af", "af", "msg:len"})
PROTO_CONDITIONS = frozenset({"proto", "snd_proto", "to_proto"})
ONSEND_CONDITIONS = frozenset({"snd_ip", "to_ip", "snd_port", "to_port", "snd_proto", "to_proto", "snd_af", "to_af"})
CONDITIONS = STRING_CONDITIONS | IP_CONDITIONS | INT_CONDITIONS | PROTO_CONDITIONS | {"myself"}

CONTROL = frozenset({"if", "else", "switch", "case", "default", "while", "break", "return", "exit", "drop"})
STATEMENTS = frozenset(
    {"loadmodule", "loadpath", "mpath", "modparam", "flags", "bool", "avpflags", "include_file", "import_file"}
)
WORD_OPERATORS = frozenset({"and", "or", "not", "mod", "eq", "ne", "ieq", "ine", "defined", "strlen", "strempty"})
DESCRIPTION_WORDS = frozenset({"desc", "descr", "description"})

GRAMMAR_WORDS = (
    frozenset(VALUE_WORDS)
    | frozenset(PROTO_WORDS)
    | frozenset(TLS_METHODS)
    | frozenset(ROUTE_KEYWORDS) - {"request_route", "reply_route", "error_route", "local_route"}
    | CONDITIONS
    | CONTROL
    | STATEMENTS - {"import_file"}
    | WORD_OPERATORS
    | DESCRIPTION_WORDS
    | {"max_len"}
)
"""reserved words of the grammar itself; core parameters and core functions are reserved too"""
