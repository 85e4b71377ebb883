"""What the language has, by the kinds of the inventory; taken from the tables that the parser works with."""

from __future__ import annotations

from siprouter.script.keywords import CONDITIONS, CONTROL, ROUTE_KEYWORDS, STATEMENTS
from siprouter.script.lexer import DIRECTIVES
from siprouter.script.parse_expr import OPERATORS
from siprouter.script.preprocess import MODES
from siprouter.script.selects import inventory_names

UNARY_OPERATORS = frozenset({"!", "not", "~", "defined", "(int)", "(str)", "strlen", "strempty"})
OTHER_SIGNS = frozenset({"=", "."})
"""assignment, and the dot of attributes and selects"""
CUSTOM_PARAMETER = "<group>.<variable> = <value>"


def language_names() -> dict[str, set[str]]:
    """Names by kind: statements, route_blocks, control, condition_keywords, operators, preprocessor, script_modes …"""
    return {
        "statements": {*STATEMENTS, CUSTOM_PARAMETER},
        "route_blocks": set(ROUTE_KEYWORDS),
        "control": set(CONTROL),
        "condition_keywords": set(CONDITIONS),
        "operators": {*OPERATORS, *UNARY_OPERATORS, *OTHER_SIGNS},
        "preprocessor": {f"#!{word}" for word in DIRECTIVES},
        "script_modes": {f"#!{word}" for word in MODES},
        "selects": inventory_names(),
    }
