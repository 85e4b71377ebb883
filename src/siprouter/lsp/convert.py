"""Findings, symbols and completions in the terms of the protocol."""

from __future__ import annotations

from lsprotocol import types as lsp
from pygls import uris

from siprouter.lsp import complete
from siprouter.lsp.findings import Analysis, Span

_SYMBOLS = {
    "module": lsp.SymbolKind.Module,
    "modparam": lsp.SymbolKind.Property,
    "define": lsp.SymbolKind.Constant,
    "param": lsp.SymbolKind.Variable,
    "flag": lsp.SymbolKind.EnumMember,
    "event_route": lsp.SymbolKind.Event,
}
_ITEMS = {
    complete.KEYWORD: lsp.CompletionItemKind.Keyword,
    complete.FUNCTION: lsp.CompletionItemKind.Function,
    complete.PROPERTY: lsp.CompletionItemKind.Property,
    complete.VARIABLE: lsp.CompletionItemKind.Variable,
    complete.MODULE: lsp.CompletionItemKind.Module,
    complete.ROUTE: lsp.CompletionItemKind.Reference,
    complete.FILE: lsp.CompletionItemKind.File,
    complete.CONSTANT: lsp.CompletionItemKind.Constant,
    complete.EVENT: lsp.CompletionItemKind.Event,
    complete.METHOD: lsp.CompletionItemKind.Method,
}


def shown(text: str) -> str:
    """Text that can be sent: octets that are no UTF-8 become replacement characters."""
    return text.encode("utf-8", "replace").decode("utf-8")


def span_range(span: Span) -> lsp.Range:
    """The range of a span."""
    return lsp.Range(lsp.Position(span.line, span.column), lsp.Position(span.end_line, span.end_column))


def location(span: Span) -> lsp.Location:
    """The place of a span, with its file."""
    return lsp.Location(uris.from_fs_path(span.file) or span.file, span_range(span))


def diagnostics(analysis: Analysis) -> dict[str, list[lsp.Diagnostic]]:
    """The findings by file."""
    found: dict[str, list[lsp.Diagnostic]] = {}
    for item in analysis.findings:
        severity = lsp.DiagnosticSeverity.Error if item.severity == "error" else lsp.DiagnosticSeverity.Warning
        hint = f"\n{item.suggestion}" if item.suggestion else ""
        made = lsp.Diagnostic(
            range=span_range(item.span),
            message=shown(item.message + hint),
            severity=severity,
            code=item.code,
            source="siprouter",
        )
        found.setdefault(item.span.file, []).append(made)
    return found


def symbols(analysis: Analysis, file: str) -> list[lsp.DocumentSymbol]:
    """The outline of one file."""
    made = []
    for item in analysis.symbols:
        if item.span.file == file:
            name = shown(f"{item.kind}[{item.name}]" if item.kind.endswith("route") and item.name else item.name)
            kind = _SYMBOLS.get(item.kind, lsp.SymbolKind.Function)
            ranges = span_range(item.span), span_range(item.name_span)
            made.append(lsp.DocumentSymbol(name or item.detail, kind, *ranges, detail=shown(item.detail)))
    return made


def included(analysis: Analysis, file: str, position: lsp.Position) -> list[lsp.Location]:
    """The file that an include_file line at a position means."""
    return [
        location(Span(item.file, 0, 0, 0, 0))
        for item in analysis.includes
        if item.span.file == file and item.span.holds(position.line, position.character)
    ]


def actions(analysis: Analysis, file: str, where: lsp.Range) -> list[lsp.CodeAction]:
    """Changes that remove the findings which touch a range."""
    made = []
    for item in analysis.findings:
        span = item.span
        touches = (span.line, span.column) <= (where.end.line, where.end.character) and (
            where.start.line,
            where.start.character,
        ) <= (span.end_line, span.end_column)
        if span.file != file or not touches:
            continue
        for fix in item.fixes:
            uri = uris.from_fs_path(fix.span.file) or fix.span.file
            edit = lsp.WorkspaceEdit(changes={uri: [lsp.TextEdit(span_range(fix.span), fix.text)]})
            action = lsp.CodeAction(fix.title, lsp.CodeActionKind.QuickFix, edit=edit, is_preferred=True)
            if action not in made:
                made.append(action)
    return made


def completions(items: list[complete.Item], position: lsp.Position) -> list[lsp.CompletionItem]:
    """Items that replace what was typed before `position` (names are ASCII: a character is a unit in any encoding)."""
    made = []
    for item in items:
        start = lsp.Position(position.line, max(0, position.character - item.typed))
        made.append(
            lsp.CompletionItem(
                label=shown(item.label),
                kind=_ITEMS[item.kind],
                detail=shown(item.detail) or None,
                documentation=lsp.MarkupContent(lsp.MarkupKind.Markdown, shown(item.markdown))
                if item.markdown
                else None,
                filter_text=shown(item.text or item.label),
                text_edit=lsp.TextEdit(lsp.Range(start, position), shown(item.text or item.label)),
            )
        )
    return made
