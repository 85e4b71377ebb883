"""The words of the language itself, with a line of help each."""

from __future__ import annotations

STATEMENTS: dict[str, str] = {
    "if": "if (condition) { … } else { … }",
    "else": "what is done where no condition of the if before it held",
    "switch": "switch (value) { case 1: … break; default: … }; cases fall through until a break",
    "case": 'a value of the switch; case /"regular expression": compares with a pattern',
    "default": "where no case of the switch fits",
    "while": "while (condition) { … }, at most max_while_loops rounds",
    "break": "ends the loop or the switch around it",
    "return": "back to the caller; a positive value is true, a negative one false, 0 ends the script",
    "exit": "ends the script for this message",
    "drop": "ends the script and drops the message, or the branch, where that has a meaning",
    "route": "route(NAME) runs the route block of that name",
}

CONDITIONS: dict[str, str] = {
    "method": "method of the request, of CSeq for a reply",
    "uri": "request URI; compared with myself: whether it is this server",
    "from_uri": "URI of From",
    "to_uri": "URI of To",
    "status": "status of the reply",
    "src_ip": "address that the message came from; compared with addresses and networks",
    "dst_ip": "address that the message came to",
    "src_port": "port that the message came from",
    "dst_port": "port that the message came to",
    "proto": "UDP, TCP, TLS, SCTP, WS or WSS",
    "af": "address family: INET or INET6",
    "msg:len": "size of the message in octets",
    "snd_ip": "in onsend_route: address that the message leaves from",
    "snd_port": "in onsend_route: port that the message leaves from",
    "snd_proto": "in onsend_route: protocol that it leaves over",
    "to_ip": "in onsend_route: address that it is sent to",
    "to_port": "in onsend_route: port that it is sent to",
    "myself": "the addresses and names of this server",
}

OPERATORS: dict[str, str] = {
    "and": "both sides are true",
    "or": "one side is true",
    "not": "the other way round",
    "defined": "whether a variable has a value",
    "strlen": "length of a string",
    "strempty": "whether a string is empty",
    "mod": "remainder of a division",
}

TOP: dict[str, str] = {
    "loadmodule": 'loadmodule "tm.so"',
    "loadpath": "accepted and not needed: modules are part of the program",
    "modparam": 'modparam("module", "parameter", value)',
    "flags": "flags NAME:number, …: names for message flags",
    "avpflags": "names for flags of attributes",
    "include_file": 'include_file "FILE": the text of another file, from here on',
    "import_file": 'import_file "FILE": the same, and nothing where there is no such file',
}

ROUTES: dict[str, str] = {
    "request_route": "what is done with each request",
    "route": "route[NAME] { … }: a block that route(NAME) runs; without a name the one for each request",
    "reply_route": "what is done with each reply",
    "onreply_route": "onreply_route[NAME]: replies of transactions that t_on_reply() names; without a name all replies",
    "failure_route": "failure_route[NAME]: the transaction failed, t_on_failure() named it",
    "branch_route": "branch_route[NAME]: each branch before it is sent, t_on_branch() named it",
    "onsend_route": "each message as it leaves",
    "event_route": "event_route[module:event]: something that a module tells",
    "error_route": "requests that cannot be parsed",
    "local_route": "requests that this server makes itself",
}

DIRECTIVES: dict[str, str] = {
    "define": "#!define NAME text",
    "trydef": "#!trydef NAME text: define unless it is",
    "redef": "#!redef NAME text: define again",
    "ifdef": "#!ifdef NAME … #!else … #!endif",
    "ifndef": "#!ifndef NAME … #!endif",
    "else": "the other part of #!ifdef",
    "endif": "ends #!ifdef and #!ifndef",
    "subst": '#!subst "/pattern/replacement/": in all strings that follow',
    "substdef": '#!substdef "!NAME!text!": a define',
    "substdefs": '#!substdefs "!NAME!text!": a define, replaced in strings, too',
    "KAMAILIO": "script mode: Kamailio's modules and variables",
    "SER": "script mode: SER's modules and attributes",
    "MAXCOMPAT": "script mode: both",
}
