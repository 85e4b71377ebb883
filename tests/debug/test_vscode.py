"""The extension for VS Code: what it starts for a launch configuration is a command that we have."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from siprouter.cli.run import build_parser
from tests.support.process import need

FOLDER = Path(__file__).resolve().parents[2] / "editors" / "vscode"
RUN = """
const Module = require("module");
const load = Module._load;
class DebugAdapterServer { constructor(port, host) { Object.assign(this, { port, host }); } }
class DebugAdapterExecutable {
  constructor(command, args, options) { Object.assign(this, { command, args, options }); }
}
let factory;
const debug = { registerDebugAdapterDescriptorFactory: (type, made) => { factory = made; return {}; } };
Module._load = (name, ...rest) =>
  name === "vscode" ? { debug, DebugAdapterServer, DebugAdapterExecutable } : load(name, ...rest);
require(process.argv[1]).activate({ subscriptions: [] });
const made = JSON.parse(process.argv[2]).map(configuration => factory.createDebugAdapterDescriptor({ configuration }));
console.log(JSON.stringify(made));
"""


def test_what_it_starts() -> None:
    need("node")
    manifest = json.loads((FOLDER / "package.json").read_text())
    (debugger,) = manifest["contributes"]["debuggers"]
    launch, attach = debugger["initialConfigurations"]
    words = ["node", "-e", RUN, str(FOLDER / "extension.js"), json.dumps([launch, attach, {**launch, "cwd": "/x"}])]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    started, connected, elsewhere = json.loads(done.stdout)
    assert started["command"] == "siprouter" and started["args"][:2] == ["debug", "--stdio"]
    options, unknown = build_parser().parse_known_args(started["args"][2:])
    assert (options.file, options.listen, unknown) == (launch["program"], ["udp:127.0.0.1:5060"], [])
    assert connected == {"port": 4711, "host": "127.0.0.1"}
    assert elsewhere["options"] == {"cwd": "/x"}


def test_what_a_launch_may_say() -> None:
    manifest = json.loads((FOLDER / "package.json").read_text())
    (debugger,) = manifest["contributes"]["debuggers"]
    for request in debugger["initialConfigurations"]:
        properties = debugger["configurationAttributes"][request["request"]]["properties"]
        assert set(request) - {"type", "request", "name"} <= set(properties)
    assert (FOLDER / manifest["main"]).is_file()
