import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { hours, millis } from '../../core/base/time.ts';
import { MAX_LINE_BYTES } from '../../core/event/framing.ts';
import { Authority } from '../support/certificates.ts';
import { cidrs } from '../support/cidrs.ts';
import { closed } from '../support/closed.ts';
import { freePort } from '../support/free-port.ts';
import { listener, syslogSite, tlsFiles } from '../support/syslog-site.ts';
import { until } from '../support/until.ts';

const FAILED = '<38>Nov 22 01:02:03 edge sshd[12]: Failed password for root from 203.0.113.7 port 42 ssh2';
const SHOWN = 'edge sshd[12] Failed password for root from 203.0.113.7 port 42 ssh2 spoofable';

async function dial(t: TestContext, port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

async function sendDatagrams(port: number, ...texts: readonly (string | Uint8Array)[]): Promise<void> {
  const socket = createSocket('udp4');
  for (const text of texts) await new Promise((resolve) => socket.send(text, port, '127.0.0.1', resolve));
  socket.close();
}

test('datagrams: a line each, whatever they hold; an empty one is counted', async (t) => {
  const site = await syslogSite(t, [listener('udp')]);
  await sendDatagrams(site.port(), FAILED, '', 'two\nlines\n', Uint8Array.of(0xff, 0), '<5>');
  assert.deepEqual(await site.read(3), [
    SHOWN,
    '127.0.0.1 undefined[] two#012lines spoofable',
    '127.0.0.1 undefined[] \ufffd spoofable',
  ]);
  await until('counted', () => site.component('udp').counters['empty'] === 2);
  assert.deepEqual(
    site.lines.map(({ position }) => position.offset),
    [0, 1, 2],
  );
  assert.equal(new Set(site.lines.map(({ position }) => position.source)).size, 1);
});

test('a sender that is not allowed is not heard, and counted', async (t) => {
  const elsewhere = { allowed: cidrs('192.0.2.0/24') };
  const site = await syslogSite(t, [listener('udp', elsewhere), listener('tcp', elsewhere)]);
  await sendDatagrams(site.port(), FAILED);
  const socket = await dial(t, site.port(1));
  await closed(socket);
  for (const transport of ['udp', 'tcp'] as const) {
    await until('refused', () => site.component(transport).counters['refused'] === 1);
  }
  assert.deepEqual(site.lines, []);
});

test('nobody allowed: said as a caution', async (t) => {
  const site = await syslogSite(t, [listener('udp', { allowed: [] })]);
  assert.equal(site.component('udp').state, 'degraded');
  assert.match(site.component('udp').message ?? '', /nobody may send/);
});

test('a stream of both framings, cut anywhere, and a last line without its end', async (t) => {
  const site = await syslogSite(t, [listener('tcp')]);
  const socket = await dial(t, site.port());
  socket.setNoDelay(true);
  const stream = `${FAILED}\n${FAILED.length} ${FAILED}<38>sshd: split\n14 <38>sshd: a\nb\0${FAILED}`;
  for (let at = 0; at < stream.length; at += 7) {
    socket.write(stream.slice(at, at + 7));
    await new Promise(setImmediate);
  }
  socket.end();
  assert.deepEqual(await site.read(5), [
    SHOWN,
    SHOWN,
    '127.0.0.1 sshd[] split spoofable',
    '127.0.0.1 sshd[] a#012b spoofable',
    SHOWN,
  ]);
});

test('a message too long is told, the next one read', async (t) => {
  const site = await syslogSite(t, [listener('tcp')]);
  const socket = await dial(t, site.port());
  socket.end(`<38>${'x'.repeat(MAX_LINE_BYTES)}\n${MAX_LINE_BYTES + 1} <${'y'.repeat(MAX_LINE_BYTES)}${FAILED}\n`);
  assert.deepEqual(await site.read(3), ['too-long', 'too-long', SHOWN]);
});

test('while the pipeline does not take lines, a stream is not read on, and nothing of it is lost', async (t) => {
  const site = await syslogSite(t, [listener('tcp')]);
  const gate = Promise.withResolvers<void>();
  site.gate = gate.promise;
  const socket = await dial(t, site.port());
  const line = `${FAILED}\n`;
  const total = Math.ceil((32 * 1024 * 1024) / line.length);
  const block = line.repeat(1000);
  let sent = 0;
  let isHeld = false;
  const write = async (): Promise<void> => {
    while (sent < total) {
      sent += 1000;
      if (!socket.write(block)) {
        const drained = once(socket, 'drain').then(() => 'drained');
        const stuck = until('held back', () => socket.writableLength > 0 && socket.bytesWritten > 0).then(
          () => 'waits',
        );
        if ((await Promise.race([drained, stuck])) === 'waits') isHeld = true;
        await drained;
      }
    }
    socket.end();
  };
  const writing = write();
  await until('the sender is held back', () => isHeld);
  assert.equal(site.lines.length, 0);
  assert.ok(sent < total, 'the sender got rid of everything');
  gate.resolve();
  await writing;
  await until('all lines', () => site.lines.length >= sent, 30_000);
  assert.equal(site.lines.length, sent);
});

test('a flood of datagrams: what does not fit is dropped, and every one of them counted', async (t) => {
  const site = await syslogSite(t, [listener('udp')], { queueLines: 1000 });
  const gate = Promise.withResolvers<void>();
  site.gate = gate.promise;
  const socket = createSocket('udp4');
  t.after(() => socket.close());
  const count = 20_000;
  let failed = 0;
  let done = 0;
  for (let i = 0; i < count; i++) {
    socket.send(FAILED, site.port(), '127.0.0.1', (error) => {
      if (error !== null) failed++;
      done++;
    });
    if (i % 50 === 0) await new Promise(setImmediate);
  }
  await until('all sent', () => done === count);
  const counted = (): number => {
    const { lines = 0, dropped = 0, droppedByKernel = 0 } = site.component('udp').counters;
    return lines + dropped + droppedByKernel;
  };
  await until('every datagram accounted for', () => counted() === count - failed);
  const { dropped = 0, droppedByKernel = 0, lines = 0 } = site.component('udp').counters;
  assert.ok(dropped > 0 && lines >= 1000, JSON.stringify({ dropped, droppedByKernel, lines }));
  assert.match(site.component('udp').message ?? '', /were dropped/);
  gate.resolve();
  await until('the queue is handed on', () => site.lines.length === lines);
  t.diagnostic(JSON.stringify({ lines, dropped, droppedByKernel, failed }));
});

test('the kernel’s own drops are seen', async (t) => {
  const site = await syslogSite(t, [listener('udp')], { receiveBuffer: 2304 });
  const socket = createSocket('udp4');
  t.after(() => socket.close());
  await new Promise<void>((resolve) => socket.connect(site.port(), '127.0.0.1', () => resolve()));
  // Sent in one turn of the event loop, in which nobody reads.
  const sends = Array.from({ length: 500 }, () => new Promise((resolve) => socket.send(FAILED, resolve)));
  await Promise.all(sends);
  await until('dropped by the kernel', () => (site.component('udp').counters['droppedByKernel'] ?? 0) > 0);
  await until('all accounted for', () => {
    const { lines = 0, droppedByKernel = 0 } = site.component('udp').counters;
    return lines + droppedByKernel === 500;
  });
});

test('limits: connections in all and of one sender, and memory of unfinished messages', async (t) => {
  const site = await syslogSite(t, [listener('tcp')], { connectionsPerSender: 3, heldBytes: 100_000 });
  const sockets = [];
  for (let i = 0; i < 3; i++) sockets.push(await dial(t, site.port()));
  await until('three', () => site.component('tcp').counters['connections'] === 3);
  const fourth = await dial(t, site.port());
  await closed(fourth);
  assert.match(site.component('tcp').message ?? '', /3 of 127\.0\.0\.1 are open/);
  sockets[0]?.write(`<1>${'x'.repeat(20_000)}`);
  sockets[1]?.write(`<1>${'x'.repeat(90_000)}`);
  await closed(sockets[1] as Socket);
  sockets[0]?.write('\n');
  assert.equal((await site.read(1)).length, 1);
  await until('counted', () => site.component('tcp').counters['cutOff'] === 1);
});

for (const [what, text, patience] of [
  ['silent', '', { idle: millis(100), message: hours(1) }],
  ['half a message', '<38>sshd: and then', { idle: hours(1), message: millis(100) }],
  ['drop by drop', '9999 <', { idle: hours(1), message: millis(100) }],
] as const)
  test(`a sender that is ${what} is let go`, async (t) => {
    const site = await syslogSite(t, [listener('tcp')], { patience });
    const socket = await dial(t, site.port());
    const drip = setInterval(() => socket.write(what === 'drop by drop' ? 'x' : ''), 20);
    t.after(() => clearInterval(drip));
    socket.write(text);
    await closed(socket);
    await until('counted', () => site.component('tcp').counters['closed'] === 1);
  });

test('a port that another has: said with what to do, and taken when it is free', async (t) => {
  const port = await freePort();
  const other = createServer().listen(port, '127.0.0.1');
  await once(other, 'listening');
  const site = await syslogSite(t, [listener('tcp', { at: { address: '127.0.0.1', port } })]);
  assert.equal(site.component('tcp').state, 'failed');
  assert.match(site.component('tcp').message ?? '', /another program's/);
  other.close();
  await until('open', () => site.port() === port);
  assert.equal(site.component('tcp').state, 'ok');
});

test('an address that is not there, and IPv6', async (t) => {
  const site = await syslogSite(t, [
    listener('udp', { at: { address: '192.0.2.77', port: 0 } }),
    listener('tcp', { at: { address: '::1', port: 0 } }),
  ]);
  assert.match(site.component('udp').message ?? '', /no address of this host/);
  const socket = connect(site.port(1), '::1');
  socket.end(`${FAILED}\nhello\n`);
  assert.deepEqual(await site.read(2), [SHOWN, '::1 undefined[] hello spoofable']);
});

test('stopping hands over what was read, and frees the ports', async (t) => {
  const site = await syslogSite(t, [listener('udp'), listener('tcp')]);
  const [udp, tcp] = [site.port(0), site.port(1)];
  await sendDatagrams(udp, FAILED, FAILED);
  await dial(t, tcp);
  await site.read(2);
  await site.receiver.stop();
  assert.deepEqual(site.receiver.endpoints, []);
  const again = createServer().listen(tcp, '127.0.0.1');
  await once(again, 'listening');
  again.close();
});

async function say(port: number, options: ConnectionOptions, text: string): Promise<string> {
  const socket = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ...options });
  const failed = once(socket, 'error').then(([cause]) => String(cause));
  socket.on('secureConnect', () => socket.end(text));
  return Promise.race([failed, closed(socket).then(() => 'closed')]);
}

test('TLS: authenticated by a certificate of the configured authority, and by nothing else', async (t) => {
  const { authority, settings } = tlsFiles(t);
  const site = await syslogSite(t, [listener('tls', { tls: settings })]);
  const ca = authority.cert;
  const web1 = authority.issue({ commonName: 'x', names: ['web1.example.net'], usage: 'client' });
  await say(site.port(), { ca }, `${FAILED}\n`);
  await say(site.port(), { ca, ...web1 }, `${FAILED}\n`);
  await say(site.port(), { ca, ...web1 }, `${FAILED.replace('edge', 'web1')}\n`);
  assert.deepEqual(await site.read(3), [
    SHOWN,
    SHOWN.replace('edge', 'web1.example.net').replace('spoofable', 'authenticated'),
    SHOWN.replace('edge', 'web1.example.net').replace('spoofable', 'authenticated'),
  ]);
  await until('told', () => site.component('tls').counters['hostsReplaced'] === 1);
});

test('TLS: strangers’, expired and server certificates are refused; so is who has none, where one is required', async (t) => {
  const { authority, settings } = tlsFiles(t);
  const stranger = new Authority('Stranger');
  const site = await syslogSite(t, [
    listener('tls', { tls: settings }),
    listener('tls', { tls: { ...settings, clients: 'required', peers: ['*.example.net'] } }),
  ]);
  const ca = authority.cert;
  const name = { commonName: 'web1.example.net', usage: 'client' } as const;
  const refused = [
    stranger.issue(name),
    authority.issue({ ...name, isExpired: true }),
    authority.issue({ ...name, usage: 'server' }),
  ];
  for (const one of refused) await say(site.port(), { ca, ...one }, `${FAILED}\n`);
  await say(site.port(1), { ca }, `${FAILED}\n`);
  await say(site.port(1), { ca, ...authority.issue({ ...name, commonName: 'web1.example.org' }) }, FAILED);
  await say(site.port(1), { ca, ...authority.issue(name) }, FAILED);
  assert.deepEqual(await site.read(1), [
    SHOWN.replace('edge', 'web1.example.net').replace('spoofable', 'authenticated'),
  ]);
  assert.equal(site.lines.length, 1);
});

test('TLS: a relay speaks for other hosts', async (t) => {
  const { authority, settings } = tlsFiles(t);
  const site = await syslogSite(t, [listener('tls', { tls: { ...settings, relays: ['relay.example.net'] } })]);
  const relay = authority.issue({ commonName: 'relay.example.net', usage: 'client' });
  await say(site.port(), { ca: authority.cert, ...relay }, `${FAILED}\n<38>sshd: hello\n`);
  assert.deepEqual(await site.read(2), [
    SHOWN.replace('spoofable', 'authenticated'),
    'relay.example.net sshd[] hello authenticated',
  ]);
});

test('TLS: plain text, and a certificate file that is not there or is damaged', async (t) => {
  const { settings, write } = tlsFiles(t);
  const bad = write('bad.pem', 'no certificate');
  const site = await syslogSite(t, [
    listener('tls', { tls: settings }),
    listener('tls', { tls: { ...settings, certFile: bad }, at: { address: '::1', port: 0 } }),
  ]);
  const socket = await dial(t, site.port());
  socket.write(`${FAILED}\n`);
  await closed(socket);
  await until('counted', () => site.component('tls').counters['unproven'] === 1);
  assert.deepEqual(site.receiver.endpoints[1]?.at, undefined);
  assert.deepEqual(site.lines, []);
});

test('a connection broken in the middle of a message is counted', async (t) => {
  const site = await syslogSite(t, [listener('tcp')]);
  const socket = await dial(t, site.port());
  socket.write(`${FAILED}\n99 <38>half`);
  await site.read(1);
  socket.resetAndDestroy();
  await until('counted', () => site.component('tcp').counters['cutOff'] === 1);
  assert.equal(site.lines.length, 1);
});
