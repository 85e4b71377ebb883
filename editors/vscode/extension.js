// Starts `siprouter debug`, or connects to one that runs.
const vscode = require("vscode");

function descriptor(configuration) {
  if (configuration.request === "attach") {
    return new vscode.DebugAdapterServer(configuration.port || 4711, configuration.host || "127.0.0.1");
  }
  const words = ["debug", "--stdio", "-f", configuration.program, ...(configuration.args || [])];
  const options = configuration.cwd ? { cwd: configuration.cwd } : undefined;
  return new vscode.DebugAdapterExecutable(configuration.command || "siprouter", words, options);
}

exports.activate = (context) => {
  const factory = { createDebugAdapterDescriptor: (session) => descriptor(session.configuration) };
  context.subscriptions.push(vscode.debug.registerDebugAdapterDescriptorFactory("siprouter", factory));
};
