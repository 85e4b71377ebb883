"""The language server itself: what the editor asks, answered from the last analysis of its files."""

from __future__ import annotations

import asyncio
from pathlib import Path

from lsprotocol import types as lsp
from pygls import uris
from pygls.lsp.server import LanguageServer
from pygls.workspace import TextDocument

from siprouter.lsp import convert
from siprouter.lsp.analysts import Analyst
from siprouter.lsp.complete import complete
from siprouter.lsp.cursor import look
from siprouter.lsp.findings import Analysis, Task, Use
from siprouter.lsp.hover import hover
from siprouter.lsp.latest import Latest
from siprouter.lsp.projects import main_file
from siprouter.lsp.signatures import signatures
from siprouter.lsp.vocabulary import Vocabulary, vocabulary
from siprouter.rpc.version import full_version

DELAY = 0.2  # seconds without typing before a file is checked
PATIENCE = 35.0  # seconds that an answer waits for an analysis of the text as it is
MAX_DOCUMENT = 4 * 1024 * 1024


class Editor(LanguageServer):
    """One editor: its open files, and an Analysis for each configuration that they belong to."""

    def __init__(self, main: str = "", defines: dict[str, str] | None = None, trusted: bool = False) -> None:
        """`main`: the main file of all open files; "": found out. `trusted`: see Task."""
        super().__init__("siprouter", full_version(), max_workers=2)
        self.main = main
        self.defines = defines or {}
        self.trusted = trusted
        self.analyst = Analyst()
        self.mains: dict[str, str] = {}
        self.analyses: dict[str, Analysis] = {}
        self.published: dict[str, set[str]] = {}
        self.checks = Latest(self._analyse)

    def document(self, uri: str) -> TextDocument:
        """An open document; an empty one where it is not open."""
        return self.workspace.text_documents.get(uri) or TextDocument(uri, source="")

    # --- analyses

    def path(self, uri: str) -> str:
        """The absolute path of a document; its URI where it has none."""
        return uris.to_fs_path(uri) or uri

    def schedule(self, uri: str, delay: float = DELAY) -> None:
        """Check the configuration that a document belongs to, when nobody has typed for a while."""
        self.checks.ask(self.path(uri), delay)

    async def _analyse(self, path: str) -> None:
        main = await self.main_of(path)
        buffers = {self.path(uri): document.source for uri, document in self.workspace.text_documents.items()}
        buffers = {name: text for name, text in buffers.items() if len(text) <= MAX_DOCUMENT}
        encoding = str(self.workspace.position_encoding or "utf-16")
        analysis = await self.analyst.ask(Task(main, self.defines, buffers, encoding, self.trusted))
        self.analyses[main] = analysis
        self._publish(main, analysis)

    async def main_of(self, path: str) -> str:
        """The main file of the configuration that a file belongs to."""
        if self.main:
            return self.main
        for main, analysis in self.analyses.items():
            if path in analysis.files and path != main:
                return main
        if path not in self.mains:
            folders = [uris.to_fs_path(uri) or "" for uri in self.workspace.folders]
            self.mains[path] = await asyncio.to_thread(main_file, path, [name for name in folders if name])
        return self.mains[path]

    def _publish(self, main: str, analysis: Analysis) -> None:
        """Show what was found, and clear what is no longer so."""
        by_file = convert.diagnostics(analysis)
        shown = self.published.get(main, set())
        for file in sorted(shown | set(by_file) | set(analysis.files)):
            items = by_file.get(file, [])
            uri = uris.from_fs_path(file) or file
            self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri=uri, diagnostics=items))
        self.published[main] = set(by_file)

    async def settled(self, uri: str) -> Analysis:
        """The analysis of a document as it is now, or the last one where that takes too long."""
        await self.checks.settled(self.path(uri), PATIENCE)
        return await self.known(uri)

    async def known(self, uri: str) -> Analysis:
        """The last analysis of a document; the first one is waited for."""
        path = self.path(uri)
        main = await self.main_of(path)
        if main not in self.analyses:
            await self.checks.settled(path, PATIENCE)
        return self.analyses.get(main) or Analysis(main, files=[path])

    def words(self, analysis: Analysis) -> Vocabulary:
        """The names that a configuration may use."""
        return vocabulary(tuple(analysis.modules), analysis.ser)

    async def use_at(self, uri: str, position: lsp.Position) -> tuple[Analysis, Use | None]:
        """What stands at a position of a document as it is now."""
        analysis = await self.settled(uri)
        return analysis, analysis.use_at(self.path(uri), position.line, position.character)

    def forget(self, uri: str) -> None:
        """A document was closed: it counts as it is on disk."""
        path = self.path(uri)
        self.checks.forget(path)
        self.mains.pop(path, None)
        still_open = {self.path(other) for other in self.workspace.text_documents}
        for main, analysis in list(self.analyses.items()):
            if not still_open & set(analysis.files):
                del self.analyses[main]
                self._publish(main, Analysis(main))
                self.published.pop(main, None)


def make_server(main: str = "", defines: dict[str, str] | None = None, trusted: bool = False) -> Editor:
    """A server with all that it can do; `.start_io()` runs it."""
    server = Editor(main, defines, trusted)
    _documents(server)
    _names(server)
    _typing(server)
    return server


def _documents(server: Editor) -> None:
    @server.feature(lsp.INITIALIZED)
    def initialized(ls: Editor, params: lsp.InitializedParams) -> None:
        return None

    @server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    def did_open(ls: Editor, params: lsp.DidOpenTextDocumentParams) -> None:
        ls.schedule(params.text_document.uri, 0)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def did_change(ls: Editor, params: lsp.DidChangeTextDocumentParams) -> None:
        ls.schedule(params.text_document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_SAVE)
    def did_save(ls: Editor, params: lsp.DidSaveTextDocumentParams) -> None:
        ls.mains.clear()  # it may include others now
        ls.schedule(params.text_document.uri, 0)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def did_close(ls: Editor, params: lsp.DidCloseTextDocumentParams) -> None:
        ls.forget(params.text_document.uri)

    @server.feature(lsp.SHUTDOWN)
    async def shutdown(ls: Editor, params: None) -> None:
        await ls.checks.close()
        await ls.analyst.close()


def _names(server: Editor) -> None:
    @server.feature(lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    async def symbols(ls: Editor, params: lsp.DocumentSymbolParams) -> list[lsp.DocumentSymbol]:
        analysis = await ls.settled(params.text_document.uri)
        return convert.symbols(analysis, ls.path(params.text_document.uri))

    @server.feature(lsp.TEXT_DOCUMENT_DEFINITION)
    async def definition(ls: Editor, params: lsp.DefinitionParams) -> list[lsp.Location]:
        analysis, use = await ls.use_at(params.text_document.uri, params.position)
        if use is None:
            return convert.included(analysis, ls.path(params.text_document.uri), params.position)
        return [convert.location(other.span) for other in analysis.uses if other.defines and same(use, other)]

    @server.feature(lsp.TEXT_DOCUMENT_REFERENCES)
    async def references(ls: Editor, params: lsp.ReferenceParams) -> list[lsp.Location]:
        analysis, use = await ls.use_at(params.text_document.uri, params.position)
        if use is None:
            return []
        found = [other for other in analysis.uses if same(use, other)]
        made = params.context.include_declaration
        return [convert.location(other.span) for other in found if made or not other.defines]

    @server.feature(lsp.TEXT_DOCUMENT_HOVER)
    async def hovered(ls: Editor, params: lsp.HoverParams) -> lsp.Hover | None:
        uri, position = params.text_document.uri, params.position
        analysis, use = await ls.use_at(uri, position)
        document = ls.document(uri)
        line = document.lines[position.line] if position.line < len(document.lines) else ""
        column = document.position_from_client_units(position).character
        text = hover(line, column, use, analysis, ls.words(analysis))
        if not text:
            return None
        where = convert.span_range(use.span) if use is not None else None
        return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, convert.shown(text)), where)

    @server.feature(
        lsp.TEXT_DOCUMENT_CODE_ACTION, lsp.CodeActionOptions(code_action_kinds=[lsp.CodeActionKind.QuickFix])
    )
    async def actions(ls: Editor, params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        analysis = await ls.settled(params.text_document.uri)
        return convert.actions(analysis, ls.path(params.text_document.uri), params.range)


def _typing(server: Editor) -> None:
    @server.feature(
        lsp.TEXT_DOCUMENT_COMPLETION,
        lsp.CompletionOptions(trigger_characters=['"', "$", "(", "{", "@", "[", ".", "!", "|", ","]),
    )
    async def completion(ls: Editor, params: lsp.CompletionParams) -> lsp.CompletionList:
        uri = params.text_document.uri
        analysis = await ls.known(uri)
        document = ls.document(uri)
        cursor = look(document.source, document.offset_at_position(params.position))
        items = complete(cursor, analysis, ls.words(analysis))
        return lsp.CompletionList(is_incomplete=False, items=convert.completions(items, params.position))

    @server.feature(lsp.TEXT_DOCUMENT_SIGNATURE_HELP, lsp.SignatureHelpOptions(trigger_characters=["(", ","]))
    async def signature_help(ls: Editor, params: lsp.SignatureHelpParams) -> lsp.SignatureHelp | None:
        uri = params.text_document.uri
        analysis = await ls.known(uri)
        document = ls.document(uri)
        cursor = look(document.source, document.offset_at_position(params.position))
        return signatures(cursor, ls.words(analysis))


def same(first: Use, second: Use) -> bool:
    """Whether two names are one."""
    return first.kind == second.kind and first.name == second.name


def serve(main: Path | None, defines: dict[str, str], trusted: bool) -> None:
    """Speak with the editor over standard input and output until it ends."""
    make_server(str(main.absolute()) if main is not None else "", defines, trusted).start_io()
