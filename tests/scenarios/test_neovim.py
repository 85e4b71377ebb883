"""Neovim as the editor: its own client of the protocol shows findings, help, names and fixes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.process import need

CONFIG = """\
loadmodule "tm.so"
route {
    t_on_failure("BUSY");
    t_relai();
}
failure_route[BUSY] {
    exit;
}
"""
# the API of version 0.7; later ones have shorter ways
SCRIPT = """
local report = {}
local client = vim.lsp.start_client({name = "siprouter", cmd = vim.json.decode(vim.env.LSP_COMMAND)})
vim.cmd("edit " .. vim.env.CONFIG)
local buffer = vim.api.nvim_get_current_buf()
vim.lsp.buf_attach_client(buffer, client)
vim.wait(60000, function() return #vim.diagnostic.get(buffer) > 0 end, 50)
for _, item in ipairs(vim.diagnostic.get(buffer)) do
  table.insert(report, "diagnostic " .. item.lnum .. ":" .. item.col .. " " .. item.message:gsub("\\n", " | "))
end
local function ask(method, line, column, more)
  local params = {textDocument = {uri = vim.uri_from_bufnr(buffer)}, position = {line = line, character = column}}
  for key, value in pairs(more or {}) do params[key] = value end
  local answers = vim.lsp.buf_request_sync(buffer, method, params, 60000) or {}
  for _, answer in pairs(answers) do return answer.result end
end
table.insert(report, "hover " .. ask("textDocument/hover", 2, 8).contents.value:gsub("\\n", " "))
local place = ask("textDocument/definition", 2, 20)[1]
table.insert(report, "definition " .. place.range.start.line .. ":" .. place.range.start.character)
for _, item in ipairs(ask("textDocument/documentSymbol", 0, 0)) do table.insert(report, "symbol " .. item.name) end
local where = {start = {line = 3, character = 4}, ["end"] = {line = 3, character = 4}}
local action = ask("textDocument/codeAction", 3, 4, {range = where, context = {diagnostics = {}}})[1]
vim.lsp.util.apply_workspace_edit(action.edit, vim.lsp.get_client_by_id(client).offset_encoding)
table.insert(report, "after " .. action.title .. ":" .. vim.api.nvim_buf_get_lines(buffer, 3, 4, false)[1])
vim.wait(60000, function() return #vim.diagnostic.get(buffer) == 0 end, 50)
table.insert(report, "left " .. #vim.diagnostic.get(buffer))
vim.fn.writefile(report, vim.env.REPORT)
vim.lsp.stop_client(client)
vim.cmd("qall!")
"""


@pytest.mark.scenario
def test_neovim_shows_what_the_server_finds(tmp_path: Path) -> None:
    need("nvim")
    (tmp_path / "kamailio.cfg").write_text(CONFIG)
    (tmp_path / "test.lua").write_text(SCRIPT)
    report = tmp_path / "report"
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "CONFIG": str(tmp_path / "kamailio.cfg"),
        "REPORT": str(report),
        "LSP_COMMAND": json.dumps([sys.executable, "-m", "siprouter", "lsp"]),
        **{name: value for name, value in os.environ.items() if name in ("PYTHONPATH", "SIPROUTER_PURE")},
    }
    command = ["nvim", "--headless", "-u", "NONE", "-i", "NONE", "-n", "-S", str(tmp_path / "test.lua")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180, check=False)
    assert report.exists(), done.stderr
    lines = report.read_text().splitlines()
    assert "diagnostic 3:4 unknown function t_relai() | did you mean t_relay?" in lines
    assert any(line.startswith("hover ``` t_on_failure(route) ```") for line in lines)
    assert "definition 5:14" in lines
    assert [line for line in lines if line.startswith("symbol")] == [
        "symbol tm",
        "symbol route",
        "symbol failure_route[BUSY]",
    ]
    assert "after Change to t_relay:    t_relay();" in lines
    assert lines[-1] == "left 0"
