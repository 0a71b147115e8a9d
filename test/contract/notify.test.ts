import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { openDatagrams } from '../../native/notify/index.ts';
import type { DatagramPort } from '../../native/notify/port.ts';
import { datagramPeer } from '../support/datagram-peer.ts';
import { datagramSuite } from './notify-suite.ts';

function open(): DatagramPort {
  const opened = openDatagrams();
  assert.ok(opened.ok, opened.ok ? '' : opened.public);
  return opened.value;
}

datagramSuite('kernel', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'bartizan-notify-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return { open, listen: datagramPeer, path: (name) => join(directory, name) };
});

test('the receiver sees who sent, and a socket behind a closed directory is denied', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'bartizan-notify-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'socket');
  const peer = await datagramPeer(path);
  const port = open();
  assert.ok(port.send(path, Buffer.from('x')).ok);
  await peer.read(1);
  assert.deepEqual([...peer.pids], [process.pid]);
  if (process.getuid?.() !== 0) {
    chmodSync(directory, 0);
    const sent = port.send(path, Buffer.from('x'));
    assert.equal(sent.ok ? '' : sent.code, 'denied');
    chmodSync(directory, 0o700);
  }
  await peer.close();
  const gone = port.send(path, Buffer.from('x'));
  assert.equal(gone.ok ? '' : gone.code, 'absent');
  port.close();
});

const descriptors = (): number => readdirSync('/proc/self/fd').length;

test('ports that are dropped, or that a thread dies with, leave no descriptor behind', async () => {
  const before = descriptors();
  const addon = new URL('../../native/notify/index.js', import.meta.url).href;
  const source = `import { openDatagrams } from ${JSON.stringify(addon)};
for (let i = 0; i < 50; i++) openDatagrams().value.send('@bartizan-nobody', Uint8Array.of(1));`;
  for (let i = 0; i < 4; i++) {
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
    const code = await new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject));
    assert.equal(code, 0);
  }
  assert.ok(descriptors() <= before + 2, `${descriptors() - before} more descriptors`);
});

test('what is no path and no bytes is a bug, and thrown', () => {
  const port = open();
  assert.throws(() => port.send(1 as never, Uint8Array.of(1)), TypeError);
  assert.throws(() => port.send('/x', 'text' as never), TypeError);
  port.close();
});
