// The client that Microsoft publishes for tests of debug adapters, against `siprouter debug`.
// Arguments: folder of the client, port of the adapter, SIP port, configuration.
const [folder, port, sip, config] = process.argv.slice(2);
const { DebugClient } = require(`${folder}/node_modules/@vscode/debugadapter-testsupport`);
const assert = require('assert');
const dgram = require('dgram');

const phone = dgram.createSocket('udp4');
const replies = [];
phone.on('message', data => replies.push(/^SIP\/2.0 (\d+)/.exec(data)[1] + ' ' + /Call-ID: (.*)\r/i.exec(data)[1]));

function ask(call, user) {
  const lines = ['OPTIONS sip:bob@127.0.0.1 SIP/2.0', `Via: SIP/2.0/UDP 127.0.0.1:${phone.address().port};branch=z9hG4bK${call};rport`,
    'Max-Forwards: 70', `From: <sip:${user}@example.org>;tag=1`, 'To: <sip:bob@example.com>', `Call-ID: ${call}`, 'CSeq: 1 OPTIONS',
    'Content-Length: 0', '', ''];
  phone.send(lines.join('\r\n'), Number(sip), '127.0.0.1');
}

async function answered(text) {
  for (let round = 0; round < 600 && !replies.includes(text); round++) await new Promise(done => setTimeout(done, 50));
  assert(replies.includes(text), `${text} not among ${replies}`);
}

async function main() {
  await new Promise(done => phone.bind(0, '127.0.0.1', done));
  const client = new DebugClient('', '', 'siprouter');
  await client.start(Number(port));
  client.defaultTimeout = 60000;
  const stopped = (reason, line) => client.assertStoppedLocation(reason, { path: config, line });
  const step = async (name, line) => {
    const [answer] = await Promise.all([stopped('step', line), client[`${name}Request`]({ threadId: thread })]);
    return answer;
  };

  const ready = client.waitForEvent('initialized');
  assert((await client.initializeRequest()).body.supportsConditionalBreakpoints);
  await client.attachRequest({});
  await ready;
  const set = await client.setBreakpointsRequest({
    source: { path: config },
    breakpoints: [{ line: 9, condition: '$fU == "alice"' }, { line: 10, logMessage: 'call {$ci}' }],
  });
  assert.deepStrictEqual(set.body.breakpoints.map(one => [one.verified, one.line]), [[true, 9], [true, 10]]);
  await client.configurationDoneRequest();

  const log = client.waitForEvent('output');
  ask('first', 'bob');
  await answered('200 first');
  assert.strictEqual((await log).body.output, 'call first\n');

  const event = client.waitForEvent('stopped');
  ask('second', 'alice');
  const thread = (await event).body.threadId;
  ask('third', 'carol');
  await answered('200 third');
  const { stackFrames } = (await client.stackTraceRequest({ threadId: thread })).body;
  assert.deepStrictEqual(stackFrames.map(one => [one.name, one.line]), [['route', 9]]);
  const frameId = stackFrames[0].id;
  const { scopes } = (await client.scopesRequest({ frameId })).body;
  const headers = scopes.find(one => one.name === 'Headers').variablesReference;
  const { variables } = (await client.variablesRequest({ variablesReference: headers })).body;
  assert.strictEqual(variables.find(one => one.name === 'Call-ID').value, '"second"');
  const { body } = await client.evaluateRequest({ expression: '$(fu{uri.host}) + "!"', frameId });
  assert.strictEqual(body.result, '"example.org!"');
  await client.send('setExpression', { expression: '$avp(s:code)', value: '"404"', frameId });
  await step('next', 10);
  await step('next', 11);
  const inside = await step('stepIn', 15);
  assert.deepStrictEqual(inside.body.stackFrames.map(one => one.name), ['route[ANSWER]', 'route']);
  const exited = client.waitForEvent('thread');
  await client.continueRequest({ threadId: thread });
  assert.strictEqual((await exited).body.reason, 'exited');
  await answered('404 second');
  await client.disconnectRequest();
  phone.close();
}

main().then(() => process.exit(0), error => { console.error(error); process.exit(1); });
