import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { test } from 'node:test';
import type { AttachPoint } from '../../actors/http/index.ts';
import { CSM, type Surface } from '../../core/api/surface.ts';
import { tlsClient } from '../support/raw-client.ts';
import { until } from '../support/until.ts';
import { bearer, cookie, open, READ } from './attach/bench.ts';
import { get } from './http-engine/bench.ts';

/** Greets with who asks, then sends back what comes. */
const echo = (path: AttachPoint['path']): AttachPoint => ({
  path,
  take({ socket, head, principal }) {
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n${principal.name} `);
    if (head.length > 0) socket.write(head);
    socket.pipe(socket);
  },
});

/** As much of RFC 6455 as an echo of short texts needs. */
const webSocketEcho = (path: AttachPoint['path']): AttachPoint => ({
  path,
  take({ incoming, socket }) {
    const key = `${incoming.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash('sha1').update(key).digest('base64');
    const head = ['HTTP/1.1 101 Switching Protocols', 'Connection: upgrade', 'Upgrade: websocket'];
    socket.write(`${[...head, `Sec-WebSocket-Accept: ${accept}`].join('\r\n')}\r\n\r\n`);
    socket.on('data', (frame: Buffer) => echoFrame(socket, frame));
  },
});

function echoFrame(socket: Duplex, frame: Buffer): void {
  const length = (frame[1] ?? 0) & 0x7f;
  const mask = frame.subarray(2, 6);
  const text = frame.subarray(6, 6 + length).map((byte, i) => byte ^ (mask[i % 4] ?? 0));
  socket.write(Buffer.concat([Buffer.from([frame[0] ?? 0, length]), text]));
}

test('a connection with a credential leaves HTTP and is its principal', async (t) => {
  const { upgrade, own } = await open(t, [echo(READ)]);
  for (const [headers, name] of [
    [bearer, 'panel'],
    [{ ...bearer, origin: own }, 'panel'],
    [{ ...cookie, origin: own }, 'operator'],
  ] as const) {
    const client = await upgrade('/socket/room?x=1', headers);
    await client.text(`\r\n\r\n${name} `);
    client.send('hello');
    await client.text('hello');
  }
});

for (const [what, headers, status] of [
  ['without a credential', {}, 401],
  ['with a wrong one', { authorization: 'Bearer guess' }, 401],
  ['with one of another scope', { authorization: 'Bearer metrics-token' }, 401],
  ['by cookie without an Origin', cookie, 403],
  ['by cookie from another page', { ...cookie, origin: 'https://evil.example' }, 403],
  ['by cookie from a null origin', { ...cookie, origin: 'null' }, 403],
  ['by bearer from another page', { ...bearer, origin: 'https://evil.example' }, 403],
] as const)
  test(`an upgrade ${what} is ${status}, in the words of the surface`, async (t) => {
    const { upgrade } = await open(t, [echo(READ)]);
    const client = await upgrade('/socket', headers);
    const answer = await client.response();
    assert.deepEqual([answer.status, Object.keys(JSON.parse(answer.body) as object)], [status, ['error']]);
    assert.match(answer.headers['x-request-id'] ?? '', /^[0-9a-f-]{36}$/);
    await client.untilClosed();
  });

test('another method is refused, another path is a request like any other', async (t) => {
  const { upgrade } = await open(t, [echo(READ)]);
  assert.equal((await (await upgrade('/socket', bearer, 'POST')).response()).status, 405);
  assert.equal((await (await upgrade('/socketry', bearer)).response()).status, 404);
  assert.equal((await (await upgrade('/api/v1/session', bearer)).response()).status, 200);
});

test('upgrades are limited by the rate of their surface', async (t) => {
  const surface: Surface = { ...CSM, name: 'narrow', rates: { ...CSM.rates, normal: { burst: 1, perMinute: 1 } } };
  const { upgrade } = await open(t, [echo({ ...READ, surface })]);
  await (await upgrade('/socket', bearer)).text('panel ');
  const { status, headers } = await (await upgrade('/socket', bearer)).response();
  assert.deepEqual([status, headers['retry-after']], [429, '60']);
});

test('a connection ends with its credential, and with the listener', async (t) => {
  const { identity, service, upgrade } = await open(t, [echo(READ)]);
  const [doomed, other] = [
    await upgrade('/socket', bearer),
    await upgrade('/socket', { authorization: 'Bearer admin-token' }),
  ];
  await Promise.all([doomed.text('panel '), other.text('operator ')]);
  identity.end('panel');
  await doomed.untilClosed();
  other.send('still here');
  await other.text('still here');
  await Promise.all([service.stop(), other.untilClosed()]);
  await until('nobody watches credentials any more', () => identity.watched === 0);
});

test('what leaves HTTP is logged and counted like any request, under its id and the address behind the proxy', async (t) => {
  const ids: string[] = [];
  const { upgrade, seen, meter, service } = await open(t, [
    {
      path: READ,
      take({ socket, requestId, peer }) {
        ids.push(`${requestId} ${peer}`);
        socket.write('taken');
      },
    },
  ]);
  const from = { 'x-forwarded-for': '203.0.113.9' };
  await (await upgrade('/socket/x?secret=1', { ...bearer, ...from })).text('taken');
  const refused = await (await upgrade('/socket', { authorization: 'Bearer guess', ...from })).response();
  assert.deepEqual(
    seen.map(({ method, path, status, peer, actor }) => [method, path, status, peer, actor]),
    [
      ['GET', '/socket/x', 101, '203.0.113.9', 'panel'],
      ['GET', '/socket', 401, '203.0.113.9', ''],
    ],
  );
  assert.deepEqual(
    [`${seen[0]?.requestId} 203.0.113.9`, seen[1]?.requestId],
    [ids[0], refused.headers['x-request-id']],
  );
  const { byClass } = meter.read();
  assert.deepEqual([byClass['1xx'], byClass['4xx']], [1, 1]);
  assert.deepEqual(service.component().counters, { requests: 2, refused: 1, failed: 0 });
});

test('an upgrade that two readers could take for two requests is refused like any other', async (t) => {
  const { upgrade, seen } = await open(t, [echo(READ)]);
  const { status, headers } = await (await upgrade('/socket', { ...bearer, Host: 'y' })).response();
  assert.equal(status, 400);
  assert.deepEqual(
    seen.map((access) => [access.status, access.path, access.actor, access.requestId]),
    [[400, '/socket', '', headers['x-request-id']]],
  );
});

test('bytes behind the request are not lost; an upgrade behind an unanswered request is cut', async (t) => {
  const { port } = await open(t, [echo(READ)]);
  const [eager, mixed] = [await tlsClient(port), await tlsClient(port)];
  t.after(() => [eager, mixed].map((client) => client.destroy()));
  const ask = get('/socket', 'Connection: Upgrade\r\nUpgrade: echo\r\nAuthorization: Bearer read-token\r\n');
  eager.send(`${ask}early`);
  await eager.text('panel early');
  mixed.send(get('/api/v1/session') + ask);
  await mixed.untilClosed();
  assert.doesNotMatch(mixed.seen, /101 Switching/);
});

test("Node's own WebSocket client talks through it", async (t) => {
  const { port } = await open(t, [webSocketEcho(READ)]);
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
  t.after(() => delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']);
  const options = { headers: bearer } as unknown as string[];
  const socket = new WebSocket(`wss://127.0.0.1:${port}/socket`, options);
  await once(socket, 'open');
  socket.send('through the door');
  const [message] = (await once(socket, 'message')) as [{ readonly data: unknown }];
  assert.equal(message.data, 'through the door');
  socket.close();
});
