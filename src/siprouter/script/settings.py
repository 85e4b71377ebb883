"""What the parameters of a configuration set: core parameters, custom parameters, flags."""

from __future__ import annotations

import re

from siprouter.core.declare import cfg_var
from siprouter.core.env import LoadEnv
from siprouter.core.settings import SERVER_GROUPS, CfgError
from siprouter.core.worker import Worker
from siprouter.script.diagnostics import Diagnostics, did_you_mean
from siprouter.script.nodes import Config, CustomParam, FlagDecl, GlobalParam, ListenAddress
from siprouter.script.params import PARAM_NAMES
from siprouter.transport.endpoint import PROTO_IDS, PROTO_NONE
from siprouter.transport.listen import ListenSpec
from siprouter.transport.proxy_protocol import parse_proxy_rules
from siprouter.util.errors import OperatorError

MAX_FLAG = 31
MAX_AVP_FLAGS = 18
_HOST_PORT = re.compile(
    r"(?:(udp|tcp|tls|sctp):)?(\[[0-9A-Fa-f:.]+\]|[^:\[\]\s]+)(?::(\d+))?", re.ASCII | re.IGNORECASE
)


def apply_settings(config: Config, worker: Worker, env: LoadEnv, diagnostics: Diagnostics) -> None:
    """Set core parameters and custom parameters, and declare flags."""
    worker.script_mode = config.mode
    for param in config.params:
        _set_core(param, worker, diagnostics)
    for custom in config.custom:
        _set_custom(custom, worker, diagnostics)
    declare_flags(config, env, diagnostics)


def declare_flags(config: Config, env: LoadEnv, diagnostics: Diagnostics) -> None:
    """Give the named flags and AVP flags their numbers."""
    for flags in config.flags:
        _declare_flags(flags, env, diagnostics)
    for declared in config.avp_flags:
        for name in declared.names:
            if name.lower() in env.avp_flag_names:
                continue
            if len(env.avp_flag_names) >= MAX_AVP_FLAGS:
                message = f"more than {MAX_AVP_FLAGS} avp flags"
                diagnostics.error("too-many-flags", message, declared.location)
                break
            env.avp_flag_names[name.lower()] = len(env.avp_flag_names)


def _set_core(param: GlobalParam, worker: Worker, diagnostics: Diagnostics) -> None:
    settings = worker.settings
    declared = PARAM_NAMES[param.name]
    if settings.find(param.name) is None:
        settings.declare(declared)
    value = param.value
    if declared.kind == "listen":
        value = [*getattr(settings, param.name), *listen_specs(param.value)]
    elif declared.joins and getattr(settings, param.name):
        value = f"{getattr(settings, param.name)}{declared.joins}{value}"
    settings.set(param.name, value)
    if declared.no_effect:
        # a value that is the default asks for nothing: no reason to alarm anybody
        write = worker.log.info if value == declared.default else worker.log.warning
        write("parameter %s has no effect: %s", param.name, declared.no_effect)
    check_core(param, diagnostics)


def check_core(param: GlobalParam, diagnostics: Diagnostics) -> None:
    """What the grammar leaves open about the value of a core parameter."""
    if param.name in ("port", "advertised_port", "tls_port_no") and not 0 < int(param.value) < 65536:
        diagnostics.error("port-range", f"port {param.value}", param.location, expected="a number from 1 to 65535")
    if param.name == "proxy_protocol":
        try:
            parse_proxy_rules(str(param.value))
        except OperatorError as error:
            diagnostics.error("proxy-protocol", error.message, param.location, suggestion=error.suggestion)


def listen_specs(addresses: list[ListenAddress]) -> list[ListenSpec]:
    """What the transport layer listens on; a quoted address may hold protocol and port itself."""
    found: list[ListenSpec] = []
    for address in addresses:
        for host in address.hosts:
            proto, port = address.proto, address.port
            match = _HOST_PORT.fullmatch(host)
            if match is not None and (match[1] or match[3]):
                proto, host, port = match[1] or proto, match[2], int(match[3] or port)
            found.append(ListenSpec(host, port, PROTO_IDS.get(proto.lower(), PROTO_NONE)))
    return found


def declare_custom(custom: CustomParam, worker: Worker) -> None:
    """`group.name = value`: a run-time setting of the script's own."""
    kind: type[int | str] = int if isinstance(custom.value, int) else str
    worker.cfg.declare(custom.group, cfg_var(custom.name, kind, custom.value, custom.description))


def _set_custom(custom: CustomParam, worker: Worker, diagnostics: Diagnostics) -> None:
    if (custom.group, custom.name) in worker.cfg.vars:
        message = f"{custom.group}.{custom.name} is declared twice"
        diagnostics.error("custom-parameter", message, custom.location)
    elif custom.group in SERVER_GROUPS:
        message = f"the group {custom.group} belongs to the server"
        name = custom.name if custom.group == "core" else f"{custom.group}_{custom.name}"
        hint = f"{name} = …" if name in PARAM_NAMES else did_you_mean(name, PARAM_NAMES)
        diagnostics.error("custom-parameter", message, custom.location, suggestion=hint)
    else:
        declare_custom(custom, worker)


def settle_custom(config: Config, worker: Worker, diagnostics: Diagnostics) -> None:
    """Once the modules are loaded: what stands in the group of a module is the first value of its setting."""
    for custom in config.custom:
        names = settings_of_modules(worker).get(custom.group)
        if names is None:
            continue
        if custom.name not in names:
            refuse_custom(custom, names, diagnostics)
            continue
        try:
            worker.cfg.set_initial(custom.group, custom.name, custom.value)
        except CfgError as error:
            diagnostics.error("custom-parameter", str(error), custom.location)


def settings_of_modules(worker: Worker) -> dict[str, set[str]]:
    """The names of run-time settings by group, those that the loaded modules declare."""
    owned: dict[str, set[str]] = {}
    for declared, _ in worker.registry.modules.values():
        for var in declared.cfg_vars:
            owned.setdefault(var.group or declared.name, set()).add(var.name)
    return owned


def refuse_custom(custom: CustomParam, names: set[str], diagnostics: Diagnostics) -> None:
    """A parameter of the script's own in a group whose `names` are those of a module."""
    message = f"the group {custom.group} belongs to a module, which has no run-time setting {custom.name}"
    diagnostics.error("custom-parameter", message, custom.location, suggestion=did_you_mean(custom.name, names))


def _declare_flags(node: FlagDecl, env: LoadEnv, diagnostics: Diagnostics) -> None:
    """Named flags: numbers given, or the lowest that no name has."""
    for name, number, token in node.flags:
        if name in env.flag_names:
            diagnostics.error("duplicate-flag", f"flag {name} is declared twice", token.location)
            continue
        used = set(env.flag_names.values())
        if number is None:
            number = next((free for free in range(MAX_FLAG + 1) if free not in used), -1)
            if number < 0:
                diagnostics.error("too-many-flags", f"more than {MAX_FLAG + 1} flags", token.location)
                return
        elif not 0 <= number <= MAX_FLAG:
            message = f"flag number {number}"
            diagnostics.error("flag-range", message, token.location, expected=f"0 to {MAX_FLAG}")
            continue
        elif number in used:
            other = next(known for known, value in env.flag_names.items() if value == number)
            diagnostics.warning("shared-flag", f"flag {number} is {other} already", token.location)
        env.flag_names[name] = number
