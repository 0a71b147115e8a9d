import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openHand } from '../../native/nft/hand/index.ts';
import { decodeAnswer, encodeAddresses } from '../../native/nft/wire.ts';
import { done } from '../contract/nft-suite-ground.ts';
import { datagramPeer } from '../support/datagram-peer.ts';
import { GuardedHand, productTable } from '../support/guarded-hand.ts';
import { HandSite, PROGRAM } from '../support/net-hand.ts';
import { NetworkNamespace, namespacesUnavailable, waitUntil } from '../support/network-namespace.ts';

const frame = (length: number, sequence: number, ...bytes: readonly number[]): Buffer => {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(length, 0);
  head.writeUInt32LE(sequence, 4);
  return Buffer.concat([head, Buffer.from(bytes)]);
};

/** Listens, and becomes the hand with the socket in the place where a service manager puts it. */
const ACTIVATOR = `
import os, socket, sys
door = socket.socket(socket.AF_UNIX)
door.bind(sys.argv[1])
door.listen()
os.dup2(door.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
`;

/** All that a hand says until it hangs up. */
async function heard(socket: Socket): Promise<Buffer> {
  const pieces: Buffer[] = [];
  socket.on('data', (piece: Buffer) => pieces.push(piece));
  await once(socket, 'close');
  return Buffer.concat(pieces);
}

/** The last frame, a refusal. */
function lastWords(said: Buffer): string {
  let at = 0;
  let last = said.subarray(0, 0);
  while (at < said.length) {
    last = said.subarray(at + 8, at + 4 + said.readUInt32LE(at));
    at += 4 + said.readUInt32LE(at);
  }
  const answer = decodeAnswer(last);
  return answer.ok ? '' : answer.reason;
}

describe('the door of a hand', { skip: namespacesUnavailable() }, () => {
  let hand: GuardedHand;
  before(async () => {
    hand = new GuardedHand();
    await hand.start();
  });
  after(() => hand?.dispose());

  test('its socket is for its user alone', () => {
    assert.equal(statSync(hand.site.socket).mode & 0o777, 0o600);
  });

  test('it keeps one capability, gains none, and has a filter on its system calls', () => {
    const status = readFileSync(`/proc/${hand.site.pid}/status`, 'utf8');
    const field = (name: string): string => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1] ?? '';
    const admin = '0000000000001000';
    assert.deepEqual(['CapEff', 'CapPrm', 'CapInh', 'CapAmb', 'CapBnd'].map(field), [
      admin,
      admin,
      '0'.repeat(16),
      '0'.repeat(16),
      admin,
    ]);
    assert.deepEqual(['NoNewPrivs', 'Seccomp'].map(field), ['1', '2']);
  });

  test('a second client is told who is there, and gets in when that one has gone', async () => {
    const first = await hand.site.open();
    const second = await openHand({ socket: hand.site.socket });
    assert.ok(!second.ok);
    assert.match(second.public, /connected already: pid \d+ of uid 0/);
    await first.close();
    await (await hand.site.open()).close();
  });

  test('another user is told that it may not ask', async () => {
    const site = new HandSite(hand.namespace.name, ['--uid', 'nobody']);
    await site.start();
    assert.equal(statSync(site.socket).uid, 65_534);
    const opened = await openHand({ socket: site.socket });
    assert.ok(!opened.ok);
    assert.match(opened.public, /only uid 65534 may ask/);
    await site.dispose();
  });

  for (const [what, bytes, words] of [
    ['a frame without a request', frame(4, 1), /a frame of 4 bytes/],
    ['a frame of nothing', frame(0, 1), /a frame of 0 bytes/],
    ['a frame beyond 64 MiB', frame((64 << 20) + 1, 1), /a frame of 67108865 bytes/],
    ['a frame of 4 GiB', frame(0xffff_ffff, 1), /a frame of 4294967295 bytes/],
    ['a request of sequence 0', frame(5, 0, 6), /the hand's own/],
    ['the verb that is the hand’s own', frame(5, 1, 242), /the hand's own/],
  ] as const) {
    test(`${what} ends the connection, with the reason`, async () => {
      const socket = connect(hand.site.socket);
      socket.write(bytes);
      assert.match(lastWords(await heard(socket)), words);
      await (await hand.site.open()).close();
    });
  }

  test('a request in single bytes is answered like any other', async () => {
    const socket = connect(hand.site.socket);
    const request = Buffer.concat([frame(5, 77, ...encodeAddresses())]);
    for (const byte of request) {
      socket.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await waitUntil('the answer', 5000, () => socket.bytesRead > 18);
    socket.destroy();
  });

  test('a client that reads no answers is not read from without end, and the hand lives', async () => {
    const socket = connect(hand.site.socket);
    await once(socket, 'connect');
    socket.pause();
    const request = frame(5, 1, ...encodeAddresses());
    const many = Buffer.concat(Array.from({ length: 20_000 }, () => request));
    let blocked = 0;
    for (let i = 0; i < 40 && blocked < 3; i++) {
      if (!socket.write(many)) blocked++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    const memory = /^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${hand.site.pid}/status`, 'utf8'))?.[1];
    assert.ok(Number(memory) < 400_000, `${memory} kB`);
    socket.destroy();
    await waitUntil('the hand is free again', 10_000, async () => {
      const opened = await openHand({ socket: hand.site.socket });
      if (opened.ok) await opened.value.close();
      return opened.ok;
    });
  });

  test('another hand does not take the place of one that listens; a socket left behind is taken', async () => {
    const rival = new HandSite(hand.namespace.name);
    const words = ['netns', 'exec', hand.namespace.name, PROGRAM, '--socket', hand.site.socket];
    const child = spawn('ip', words, { stdio: ['ignore', 'ignore', 'pipe'] });
    const [code] = (await once(child, 'exit')) as [number];
    assert.equal(code, 1);
    await hand.site.end('SIGKILL');
    await hand.start();
    await rival.dispose();
  });

  test('the floor must be readable, sound, and nobody else’s to change', async () => {
    const floor = join(hand.site.folder, 'bad');
    for (const [text, mode, words] of [
      ['192.0.2.0/24\n10.0.0.1/8\n', 0o600, /bad:2: not an address or a network/],
      ['192.0.2.0/24\n', 0o666, /written to by others/],
    ] as const) {
      writeFileSync(floor, text);
      chmodSync(floor, mode);
      const site = new HandSite(hand.namespace.name, ['--floor', floor]);
      await assert.rejects(site.start(), words);
      await site.dispose();
    }
    const site = new HandSite(hand.namespace.name, ['--floor', '/nowhere']);
    await assert.rejects(site.start(), /No such file/);
    await site.dispose();
  });

  test('calls wait for a hand that is not there yet, those under way when it dies are lost', async () => {
    const port = await hand.site.open();
    done(await port.ensure(productTable()));
    process.kill(hand.site.pid, 'SIGSTOP');
    const lost = port.counters('bartizan');
    await hand.site.end('SIGKILL');
    const result = await lost;
    assert.ok(!result.ok && result.code === 'resync', 'it was answered');
    const waiting = port.counters('bartizan');
    await hand.start();
    done(await waiting);
    await hand.site.end('SIGKILL');
    await waitUntil('calls are given up', 10_000, async () => {
      const given = await port.counters('bartizan');
      return !given.ok && given.public.includes('no net hand at');
    });
    await hand.start();
    done(await port.counters('bartizan'));
    await port.close();
  });
});

test('a hand takes the socket it is handed, and tells its manager that it is ready and, as often as it asks, alive', {
  skip: namespacesUnavailable(),
}, async (t) => {
  const namespace = new NetworkNamespace('activated');
  const site = new HandSite(namespace.name);
  const manager = join(site.folder, 'notify');
  const notified = await datagramPeer(manager);
  const child = spawn('ip', ['netns', 'exec', namespace.name, 'python3', '-c', ACTIVATOR, site.socket, PROGRAM], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, NOTIFY_SOCKET: manager, WATCHDOG_USEC: '100000' },
  });
  t.after(async () => {
    child.kill('SIGKILL');
    await notified.close();
    await site.dispose();
    namespace.dispose();
  });
  assert.deepEqual(
    (await notified.read(4)).slice(0, 4).map((bytes) => Buffer.from(bytes).toString()),
    ['STATUS=Holds table bartizan', 'READY=1', 'WATCHDOG=1', 'WATCHDOG=1'],
  );
  const port = await site.open();
  done(await port.localAddresses());
  await port.close();
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});
