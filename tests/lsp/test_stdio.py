"""`siprouter lsp` over standard input and output, asked by a client of the protocol (that of pygls)."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from lsprotocol import types as lsp
from pygls.lsp.client import LanguageClient

SECONDS = 60.0
COMMAND = [sys.executable, "-m", "siprouter", "lsp"]
CONFIG = """\
loadmodule "tm.so"
loadmodule "sl.so"
include_file "parts.cfg"
route {
    t_on_failure("BUSY");
    route(RELAY);
}
failure_route[BUSY] {
    t_replyy("486", "Busy");
}
"""
PARTS = """\
route[RELAY] {
    t_relay();
    sl_nothing();
}
"""


class Editor:
    """A client with its server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.client = LanguageClient("test", "1")
        self.shown: dict[str, list[lsp.Diagnostic]] = {}
        self.news = asyncio.Condition()

        @self.client.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        async def published(params: lsp.PublishDiagnosticsParams) -> None:
            async with self.news:
                self.shown[params.uri] = list(params.diagnostics)
                self.news.notify_all()

    def uri(self, name: str = "k.cfg") -> str:
        return (self.folder / name).as_uri()

    def document(self, name: str = "k.cfg") -> lsp.TextDocumentIdentifier:
        return lsp.TextDocumentIdentifier(self.uri(name))

    async def start(self) -> lsp.InitializeResult:
        await self.client.start_io(*COMMAND)
        params = lsp.InitializeParams(lsp.ClientCapabilities(), root_uri=self.folder.as_uri())
        result = await asyncio.wait_for(self.client.initialize_async(params), SECONDS)
        self.client.initialized(lsp.InitializedParams())
        return result

    def open(self, text: str, name: str = "k.cfg") -> None:
        item = lsp.TextDocumentItem(self.uri(name), "kamailio", 1, text)
        self.client.text_document_did_open(lsp.DidOpenTextDocumentParams(item))

    def change(self, text: str, version: int, name: str = "k.cfg") -> None:
        document = lsp.VersionedTextDocumentIdentifier(version, self.uri(name))
        whole = lsp.TextDocumentContentChangeWholeDocument(text)
        self.client.text_document_did_change(lsp.DidChangeTextDocumentParams(document, [whole]))

    async def messages(self, wanted: list[str], name: str = "k.cfg") -> None:
        """Waits until exactly these messages are shown for a file."""

        def right() -> bool:
            found = self.shown.get(self.uri(name))
            return found is not None and [item.message.split("\n")[0] for item in found] == wanted

        async with self.news:
            try:
                await asyncio.wait_for(self.news.wait_for(right), SECONDS)
            except TimeoutError:
                raise AssertionError(f"{wanted} not shown for {name}, but {self.shown.get(self.uri(name))}") from None

    async def stop(self) -> None:
        await asyncio.wait_for(self.client.shutdown_async(None), SECONDS)
        self.client.exit(None)
        await asyncio.wait_for(self.client.stop(), SECONDS)


@pytest.fixture
async def editor(tmp_path: Path) -> AsyncIterator[Editor]:
    (tmp_path / "parts.cfg").write_text(PARTS)
    (tmp_path / "k.cfg").write_text(CONFIG)
    made = Editor(tmp_path)
    made.result = await made.start()  # type: ignore[attr-defined]
    yield made
    await made.stop()


async def test_diagnostics_follow_the_typing(editor: Editor) -> None:
    editor.open(CONFIG)
    await editor.messages(["unknown function t_replyy()"])
    await editor.messages(["unknown function sl_nothing()"], "parts.cfg")
    editor.change(CONFIG.replace("t_replyy", "t_reply"), 2)
    await editor.messages([])
    editor.open(PARTS.replace("    sl_nothing();\n", ""), "parts.cfg")
    await editor.messages([], "parts.cfg")


async def test_a_file_that_another_one_includes_is_checked_with_it(editor: Editor) -> None:
    editor.open(PARTS.replace("sl_nothing", "t_nothing"), "parts.cfg")
    await editor.messages(["unknown function t_nothing()"], "parts.cfg")


async def test_names(editor: Editor) -> None:
    editor.open(CONFIG)
    at = lsp.Position(5, 12)
    found = await editor.client.text_document_definition_async(lsp.DefinitionParams(editor.document(), at))
    assert found == [lsp.Location(editor.uri("parts.cfg"), lsp.Range(lsp.Position(0, 6), lsp.Position(0, 11)))]
    context = lsp.ReferenceContext(include_declaration=True)
    params = lsp.ReferenceParams(context, editor.document(), at)
    uses = await editor.client.text_document_references_async(params)
    assert uses is not None
    assert [(Path(use.uri).name, use.range.start.line) for use in uses] == [("parts.cfg", 0), ("k.cfg", 5)]
    outline = await editor.client.text_document_document_symbol_async(lsp.DocumentSymbolParams(editor.document()))
    assert outline is not None
    assert [item.name for item in outline] == ["tm", "sl", "route", "failure_route[BUSY]"]
    file = await editor.client.text_document_definition_async(
        lsp.DefinitionParams(editor.document(), lsp.Position(2, 16))
    )
    assert isinstance(file, list) and [Path(one.uri).name for one in file if isinstance(one, lsp.Location)] == [
        "parts.cfg"
    ]


async def test_hover_completion_and_signature(editor: Editor) -> None:
    editor.open(CONFIG)
    hover = await editor.client.text_document_hover_async(lsp.HoverParams(editor.document(), lsp.Position(4, 8)))
    assert hover is not None and isinstance(hover.contents, lsp.MarkupContent)
    assert "t_on_failure(route)" in hover.contents.value
    editor.change(CONFIG.replace("route(RELAY);", "t_re"), 2)
    at = lsp.Position(5, 8)
    offered = await editor.client.text_document_completion_async(lsp.CompletionParams(editor.document(), at))
    assert isinstance(offered, lsp.CompletionList)
    relay = next(item for item in offered.items if item.label == "t_relay")
    assert relay.text_edit == lsp.TextEdit(lsp.Range(lsp.Position(5, 4), at), "t_relay(")
    editor.change(CONFIG.replace("route(RELAY);", 't_reply("404", '), 3)
    params = lsp.SignatureHelpParams(editor.document(), lsp.Position(5, 19))
    signature = await editor.client.text_document_signature_help_async(params)
    assert signature is not None and signature.active_parameter == 1
    assert signature.signatures[0].label.startswith("t_reply(")


async def test_a_suggestion_is_a_code_action(editor: Editor) -> None:
    editor.open(CONFIG)
    await editor.messages(["unknown function t_replyy()"])
    where = lsp.Range(lsp.Position(8, 6), lsp.Position(8, 6))
    params = lsp.CodeActionParams(editor.document(), where, lsp.CodeActionContext([]))
    actions = await editor.client.text_document_code_action_async(params)
    assert actions is not None and len(actions) == 1
    action = actions[0]
    assert isinstance(action, lsp.CodeAction) and action.title == "Change to t_reply" and action.edit is not None
    edit = lsp.TextEdit(lsp.Range(lsp.Position(8, 4), lsp.Position(8, 12)), "t_reply")
    assert {uri: list(edits) for uri, edits in (action.edit.changes or {}).items()} == {editor.uri(): [edit]}


async def test_closing_the_last_file_clears_the_findings(editor: Editor) -> None:
    editor.open(CONFIG)
    await editor.messages(["unknown function t_replyy()"])
    editor.client.text_document_did_close(lsp.DidCloseTextDocumentParams(editor.document()))
    await editor.messages([])
    await editor.messages([], "parts.cfg")


async def test_nonsense_does_not_end_it(editor: Editor) -> None:
    assert editor.client._server is not None and editor.client._server.stdin is not None
    stdin = editor.client._server.stdin
    stdin.write(b"Content-Length: 3\r\n\r\n{{{Content-Length: 2\r\n\r\n[]")
    stdin.write(b'Content-Length: 52\r\n\r\n{"jsonrpc":"2.0","id":9,"method":"x/y","params":[]} ')
    editor.open('\udcff}{ route[ $( "'.encode("utf-8", "replace").decode(), "bad.cfg")
    bad = lsp.Position(99999, 99999)
    assert await editor.client.text_document_hover_async(lsp.HoverParams(editor.document("none.cfg"), bad)) is None
    nowhere = lsp.CompletionParams(lsp.TextDocumentIdentifier("nothing:"), bad)
    assert await editor.client.text_document_completion_async(nowhere) is not None
    assert await editor.client.text_document_hover_async(lsp.HoverParams(editor.document("bad.cfg"), bad)) is None
    editor.open(CONFIG)
    await editor.messages(["unknown function t_replyy()"])


def test_without_its_package_the_error_names_it(tmp_path: Path) -> None:
    (tmp_path / "pygls.py").write_text("raise ModuleNotFoundError(\"No module named 'pygls'\", name='pygls')\n")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(COMMAND, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install 'siprouter[lsp]'" in done.stderr
