"""The top level of a configuration: core parameters, modules, flags, route blocks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from siprouter.core.settings import CoreParam
from siprouter.script.diagnostics import Diagnostics, TooManyErrorsError, did_you_mean
from siprouter.script.keywords import DESCRIPTION_WORDS, PROTO_WORDS, ROUTE_KEYWORDS, STATEMENTS, TLS_METHODS
from siprouter.script.lexer import EOF, ID, IP6, MODE_MAX, NUM, NUM_ID, STR, Token, number_word
from siprouter.script.nodes import (
    AvpFlagDecl,
    Config,
    CustomParam,
    FlagDecl,
    GlobalParam,
    ListenAddress,
    LoadModule,
    LoadPath,
    ModParam,
    RouteBlock,
)
from siprouter.script.params import PARAM_NAMES
from siprouter.script.parse_stmt import StmtParser
from siprouter.script.preprocess import Preprocessed, preprocess
from siprouter.script.source import SourceFile, Texts, read_source
from siprouter.script.stream import ParseError, starts_line

MAX_LISTEN = 1000
LOG_FACILITIES = frozenset(
    {f"LOG_LOCAL{number}" for number in range(8)}
    | {"LOG_AUTH", "LOG_AUTHPRIV", "LOG_CRON", "LOG_DAEMON", "LOG_FTP", "LOG_KERN", "LOG_LPR", "LOG_MAIL", "LOG_NEWS"}
    | {"LOG_SYSLOG", "LOG_USER", "LOG_UUCP"}
)
FORMER_PARAMS = {
    "fifo": 'removed; load a module that opens one: modparam("ctl", "fifo", …) or modparam("mi_fifo", "fifo_name", …)',
    "fifo_mode": 'removed; modparam("ctl", "mode", …) or modparam("mi_fifo", "fifo_mode", …)',
    "fifo_db_url": "removed, delete the line",
    "loop_checks": "removed, delete the line",
    "sip_stun_port": "removed, delete the line",
    "max_len": "removed, compare msg:len with a number",
    "disable_dns_blacklist": "write use_dst_blacklist=no",
    "disable_core": "write disable_core_dump",
    "reply_to_via_port": "removed, delete the line",
}
"""parameters of other versions, and what to do"""
_TOP_WORDS = frozenset(ROUTE_KEYWORDS) | STATEMENTS | frozenset(PARAM_NAMES)


ENGINE = "cfgengine"
"""the one parameter that may be written without `=`"""


class Parser(StmtParser):
    """Parses a whole token list into a Config."""

    def __init__(self, preprocessed: Preprocessed, diagnostics: Diagnostics) -> None:
        super().__init__(preprocessed.tokens, diagnostics)
        self.config = Config(preprocessed.mode, preprocessed.files)

    def parse(self) -> Config:
        """Everything up to the end of the file; what could not be understood is in the diagnostics."""
        while self.token.kind != EOF:
            start = self.index
            try:
                self._top()
            except ParseError:
                self._nesting = self._loops = 0
                self._recover_top(start)
        return self.config

    def _recover_top(self, start: int) -> None:
        """Skip to a line that begins with a word that can begin something, outside braces."""
        if self.index == start:
            self.advance()
        depth = 0
        while self.token.kind != EOF:
            kind = self.token.kind
            if kind == "{":
                depth += 1
            elif kind == "}":
                depth -= 1
                if depth <= 0:
                    self.advance()
                    return
            elif depth <= 0 and kind == ID and starts_line(self.token, self.previous):
                word = str(self.token.value)
                if word in _TOP_WORDS or (self.peek().kind in ("=", ".") and depth <= 0):
                    return
            self.advance()

    def _top(self) -> None:
        token = self.token
        if token.kind == ";":
            self.advance()
            return
        if token.kind != ID:
            hint = "is there a brace too many before it?" if token.kind == "}" else ""
            raise self.unexpected("a parameter, loadmodule, modparam or a route block", hint)
        word = str(token.value)
        following = self.peek().kind
        if word in ROUTE_KEYWORDS and following in ("{", "["):
            self._route(ROUTE_KEYWORDS[word])
        elif word == "loadmodule":
            self._loadmodule()
        elif word in ("loadpath", "mpath"):
            self._loadpath()
        elif word == "modparam":
            self._modparam()
        elif word in ("flags", "bool"):
            self._flags()
        elif word == "avpflags":
            self._avpflags()
        elif following == "." and word not in PARAM_NAMES:
            self._custom_param()
        elif following == "=" or (word == ENGINE and following in (STR, ID)):
            self._global_param()
        else:
            raise self._bad_top(word)

    def _bad_top(self, word: str) -> ParseError:
        if word in ROUTE_KEYWORDS:
            self.advance()
            return self.unexpected("'{' or '['")
        if word in PARAM_NAMES:
            self.advance()
            return self.unexpected("'='")
        hint = did_you_mean(word, _TOP_WORDS)
        if self.peek().kind == "(" or word in ("if", "while", "switch", "return", "exit", "drop"):
            hint = hint or "statements belong into a route block; is a brace too many before it?"
        return self.fail("syntax", f"unexpected name {word}", self.token, "a parameter or a route block", hint)

    # --- route blocks

    def _route(self, kind: str) -> None:
        first = self.advance()
        name = ""
        if self.take("["):
            name = self._event_name() if kind == "event_route" else self._route_name()
            self.expect("]")
        elif kind == "event_route":
            raise self.unexpected("'[' and the name of an event")
        if name == "0":
            name = ""
        body = self.parse_block()
        self.config.routes.append(RouteBlock(first, self.previous, kind, name, body))

    def _route_name(self) -> str:
        token = self.token
        if token.kind in (ID, NUM, NUM_ID, STR):
            self.advance()
            return str(token.value)
        raise self.unexpected("the name of the route")

    def _event_name(self) -> str:
        """`module:event`, as the text up to the bracket."""
        parts: list[str] = []
        while self.token.kind in (ID, NUM, NUM_ID, STR, ":", "-", "."):
            token = self.advance()
            parts.append(str(token.value) if token.macro or token.kind == STR else token.text)
        name = "".join(parts)
        if name.count(":") < 1 or name.startswith(":") or name.endswith(":"):
            raise self.unexpected("an event name such as module:event")
        return name

    # --- modules

    def _loadmodule(self) -> None:
        first = self.advance()
        path = self.expect(STR, 'the module in quotes, such as "tm.so"')
        self.config.modules.append(LoadModule(first, path, str(path.value)))

    def _loadpath(self) -> None:
        first = self.advance()
        self.take("=")
        path = self.expect(STR, "a list of folders in quotes")
        self.config.modules.append(LoadPath(first, path, str(path.value)))

    def _modparam(self) -> None:
        first = self.advance()
        self.expect("(")
        modules = self.expect(STR, "the module in quotes")
        self.expect(",")
        name = self.expect(STR, "the parameter in quotes")
        self.expect(",")
        value = self._number_or_string()
        self.expect(")")
        node = ModParam(first, self.previous, str(modules.value), str(name.value), value, name, modules)
        self.config.modules.append(node)

    def _number_or_string(self) -> int | str:
        negative = self.take("-") is not None
        number = number_word(self.token)
        if number is not None:
            self.advance()
            return -number if negative else number
        if not negative and self.token.kind == STR:
            return str(self.advance().value)
        hint = ""
        if self.token.kind == ID:
            hint = f"no define has the name {self.token.value}; to give a text, write it in quotes"
        raise self.unexpected("a number or a string", hint)

    # --- flags

    def _flag_name(self) -> Token:
        if self.token.kind in (ID, STR):
            return self.advance()
        raise self.unexpected("the name of a flag")

    def _flags(self) -> None:
        first = self.advance()
        flags: list[tuple[str, int | None, Token]] = []
        while True:
            token = self._flag_name()
            number = None
            if self.take(":"):
                number = int(str(self.expect(NUM, "the number of the flag").value))
            flags.append((str(token.value), number, token))
            if not self.take(","):
                break
        self.config.flags.append(FlagDecl(first, self.previous, flags))

    def _avpflags(self) -> None:
        first = self.advance()
        names = [str(self._flag_name().value)]
        while self.take(","):
            names.append(str(self._flag_name().value))
        self.config.avp_flags.append(AvpFlagDecl(first, self.previous, names))

    # --- parameters

    def _custom_param(self) -> None:
        group = self.advance()
        self.expect(".")
        name = self.expect(ID, "the name of the parameter")
        self.expect("=")
        value = self._number_or_string()
        description = ""
        if self.take_word(*DESCRIPTION_WORDS):
            description = str(self.expect(STR, "the description in quotes").value)
        node = CustomParam(group, self.previous, str(group.value), str(name.value), value, description)
        self.config.custom.append(node)

    def _global_param(self) -> None:
        first = self.token
        name = str(first.value)
        param = PARAM_NAMES.get(name)
        if param is None:
            hint = FORMER_PARAMS.get(name) or did_you_mean(name, PARAM_NAMES)
            self.diagnostics.error("unknown-parameter", f"unknown parameter {name}", first.location, suggestion=hint)
            self.advance()
            self.advance()
            self._skip_value()
            return
        self.advance()
        self.take("=")
        value = self._param_value(param)
        self.config.params.append(GlobalParam(first, self.previous, param.name, value))

    def _skip_value(self) -> None:
        """Skip the value of a parameter that is unknown: the rest of the line."""
        while self.token.kind != EOF and not starts_line(self.token, self.previous):
            self.advance()

    def _param_value(self, param: CoreParam) -> object:
        kind = param.kind
        if kind in ("int", "bool", "signed"):
            return self._int_value(kind)
        if kind == "str":
            return str(self.expect(STR, "a string in quotes").value)
        if kind == "word":
            if self.token.kind in (STR, ID):
                return str(self.advance().value)
            raise self.unexpected("a name or a string")
        if kind == "count":
            if self.token.kind in (NUM, STR, ID):
                return str(self.advance().value)
            raise self.unexpected("a number or auto")
        if kind == "listen":
            return self._listen_list()
        if kind == "address":
            return self._listen_host()
        if kind == "ipv4":
            return self.address() if self.token.kind == NUM else str(self.expect(STR, "an IPv4 address").value)
        if kind == "ipv6":
            return self.address() if self.token.kind != STR else str(self.advance().value)
        return self._choice(kind)

    def _int_value(self, kind: str) -> int:
        token = self.token
        negative = kind == "signed" and self.take("-") is not None
        number = number_word(self.token)
        if number is None:
            expected = "yes or no" if kind == "bool" else "a number"
            hint = "remove the quotes" if token.kind == STR else ""
            if token.kind == "-":
                hint = "this parameter cannot be negative"
            raise self.unexpected(expected, hint)
        self.advance()
        return -number if negative else number

    def _choice(self, kind: str) -> object:
        words: dict[str, object]
        if kind == "proto":
            words = dict(PROTO_WORDS)
        elif kind == "tls_method":
            words = dict(TLS_METHODS)
        else:
            words = {word: word for word in LOG_FACILITIES}
        token = self.token
        if token.kind == ID and token.value in words:
            self.advance()
            return words[str(token.value)]
        if token.kind in (ID, STR) and kind == "facility":
            hint = did_you_mean(str(token.value), LOG_FACILITIES)
            raise self.unexpected("a syslog facility", hint)
        raise self.unexpected("one of " + ", ".join(sorted(words)))

    # --- addresses to listen on

    def _listen_list(self) -> list[ListenAddress]:
        found = [self._listen_address()]
        while self._at_listen_address():
            if len(found) >= MAX_LISTEN:
                raise self.fail("too-large", f"more than {MAX_LISTEN} addresses", self.token)
            found.append(self._listen_address())
        return found

    def _at_listen_address(self) -> bool:
        """Whether another address follows: `listen=a b` takes a row of them, but the next parameter is none."""
        token, following = self.token, self.peek()
        if token.kind in (NUM, NUM_ID, STR, IP6, "[", "*"):
            return True
        if token.kind == "(":
            return True
        if token.kind != ID or following.kind in ("=", "{", "("):
            return False
        word = str(token.value)
        if word in STATEMENTS or (word in ROUTE_KEYWORDS and following.kind == "["):
            return False
        return following.kind != STR and not self._is_custom_param()

    def _is_custom_param(self) -> bool:
        """Whether `group.name =` follows."""
        return self.peek().kind == "." and self.peek(2).kind == ID and self.peek(3).kind == "="

    def _listen_address(self) -> ListenAddress:
        proto = ""
        token = self.token
        if self.peek().kind == ":" and (token.kind == "*" or (token.kind == ID and token.value in PROTO_WORDS)):
            proto = "" if token.kind == "*" else str(token.value).lower()
            self.advance()
            self.advance()
        if self.take("("):
            hosts = [self._listen_host()]
            while self.take(","):
                hosts.append(self._listen_host())
            self.expect(")")
        else:
            hosts = [self._listen_host()]
        port = 0
        if self.take(":"):
            if not self.take("*"):
                port = int(str(self.expect(NUM, "a port number").value))
        return ListenAddress(proto, tuple(hosts), port)

    def _listen_host(self) -> str:
        """An address, a host or interface name, or a string."""
        token = self.token
        if token.kind == STR:
            return str(self.advance().value)
        if token.kind in (IP6, "["):
            return self.address()
        if token.kind not in (ID, NUM, NUM_ID):
            raise self.unexpected("an address, a host or an interface")
        parts = [self._host_part()]
        while self.token.kind in (".", "-") and self.peek().kind in (ID, NUM, NUM_ID):
            parts.append(self.advance().kind)
            parts.append(self._host_part())
        return "".join(parts)

    def _host_part(self) -> str:
        token = self.advance()
        return str(token.value) if token.macro else token.text


def parse_source(
    source: SourceFile,
    diagnostics: Diagnostics,
    defines: dict[str, str] | None = None,
    mode: str = MODE_MAX,
    again: Texts | None = None,
    read: Callable[[Path], SourceFile] = read_source,
) -> Config:
    """Parse a configuration; errors are in `diagnostics`, the Config holds what could be understood.

    `again`: take included files from there; else `read` does, as `read_source`.
    """
    try:
        preprocessed = preprocess(source, diagnostics, defines, mode, again, read)
        config = Parser(preprocessed, diagnostics).parse()
        config.texts = preprocessed.texts
        return config
    except TooManyErrorsError:
        return Config(mode, [source.path])
