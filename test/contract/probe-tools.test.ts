import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemTools as tools } from '../../actors/change/probes/index.ts';
import { millis } from '../../core/base/time.ts';

const { signal } = new AbortController();

test('a program: what it says and how it ends, that it is absent, that it hangs, that it is not wanted any more', async () => {
  const timeout = millis(5000);
  const cat = await tools.run('cat', [], { input: 'x', timeout });
  assert.deepEqual(cat, { kind: 'ended', code: 0, out: 'x', err: '' });
  const bad = await tools.run('cat', ['/nowhere/at/all'], { timeout });
  assert.ok(bad.kind === 'ended' && bad.code === 1 && /No such file/.test(bad.err));
  assert.deepEqual(await tools.run('bartizan-no-such-program', [], { timeout }), { kind: 'missing' });
  assert.deepEqual(await tools.run('sleep', ['60'], { timeout: millis(50) }), { kind: 'late' });
  const stop = new AbortController();
  const running = tools.run('sleep', ['60'], { timeout, signal: stop.signal });
  stop.abort();
  assert.deepEqual(await running, { kind: 'late' });
  assert.deepEqual(await tools.run('sleep', ['60'], { timeout, signal: stop.signal }), { kind: 'late' });
});

test('a program that says too much, or does not read, does no harm', async () => {
  const timeout = millis(5000);
  const input = 'x'.repeat(1_000_000);
  assert.equal((await tools.run('true', [], { input, timeout })).kind, 'ended');
  assert.equal((await tools.run('head', ['-c', '9000000', '/dev/zero'], { timeout })).kind, 'late');
});

test('a name server that keeps silent, and words that are none', async () => {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const silent = await tools.askDns(`127.0.0.1:${socket.address().port}`, millis(200), signal);
  assert.equal(silent.answered, false);
  assert.equal((await tools.askDns('not an address', millis(200), signal)).answered, false);
  const stop = new AbortController();
  const asked = tools.askDns(`127.0.0.1:${socket.address().port}`, millis(20_000), stop.signal);
  stop.abort();
  assert.deepEqual(await asked, { answered: false, said: 'ECANCELLED' });
  socket.close();
});

test('a name server that answers with nonsense has answered, or is not counted; it does no harm', async () => {
  const socket = createSocket('udp4');
  socket.on('message', (question, { port, address }) => {
    const answer = Buffer.concat([question.subarray(0, 2), Buffer.alloc(20, 0xff)]);
    socket.send(answer, port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { said } = await tools.askDns(`127.0.0.1:${socket.address().port}`, millis(300), signal);
  assert.notEqual(said, 'NOERROR');
  socket.close();
});

test('an API that accepts and says nothing, and one that is not there', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const silent = await tools.askApi('127.0.0.1', port, millis(100));
  assert.deepEqual(silent.ok ? '' : silent.public, 'no answer within 100 ms');
  server.close();
  const gone = await tools.askApi('127.0.0.1', port, millis(1000));
  assert.match(gone.ok ? '' : gone.public, /ECONNREFUSED|no answer/);
});

test('a directory: written and left as it was, or the reason why not', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bartizan-probe-'));
  const written = await tools.writeFile(folder);
  assert.ok(written.ok && written.value > 0);
  assert.deepEqual(await readdir(folder), []);
  await rm(folder, { recursive: true });
  const gone = await tools.writeFile(folder);
  assert.match(gone.ok ? '' : gone.public, /ENOENT/);
});

test('a namespace is left over when the process that named it is gone', () => {
  assert.equal(tools.isLeftOver(tools.newName()), false);
  assert.equal(tools.isLeftOver('bz-probe-4194305-0123456789ab'), true);
  for (const name of ['', 'bz-probe-4194305', 'bz-edge-0123456789ab', 'bz-probe-4194305-0123456789abc'])
    assert.equal(tools.isLeftOver(name), false, name);
});
