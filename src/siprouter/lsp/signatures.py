"""The arguments of the function that is being typed."""

from __future__ import annotations

from lsprotocol import types as lsp

from siprouter.lsp import render
from siprouter.lsp.cursor import Cursor
from siprouter.lsp.vocabulary import Vocabulary


def signatures(cursor: Cursor, vocabulary: Vocabulary) -> lsp.SignatureHelp | None:
    """One signature for each declaration of the innermost function; None outside of calls."""
    name, number = cursor.call
    declared = vocabulary.functions.get(name)
    if not declared:
        return None
    shown = []
    for function, _ in declared:
        parameters = [lsp.ParameterInformation(label=label) for label in render.arguments(function)]
        shown.append(lsp.SignatureInformation(render.signature(function, name), function.help, parameters))
    fitting = next((at for at, (function, _) in enumerate(declared) if number < len(function.args)), 0)
    return lsp.SignatureHelp(shown, fitting, number)
