import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type TestContext, test } from 'node:test';
import { Server } from 'socket.io';
import { io as connect, type Socket } from 'socket.io-client';
import { WebSocket, WebSocketServer } from 'ws';
import { type AttachPoint, chooseEngine } from '../../actors/http/index.ts';
import type { Principal } from '../../core/api/auth.ts';
import { realClock } from '../support/real-clock.ts';
import { until } from '../support/until.ts';
import { bearer, cookie, open, READ } from './attach/bench.ts';

/** `ws`, greeting with who asks and sending back what comes. */
function webSockets(): AttachPoint {
  const server = new WebSocketServer({ noServer: true });
  return {
    path: READ,
    take: ({ incoming, socket, head, principal }) =>
      server.handleUpgrade(incoming, socket, head, (peer) => {
        peer.on('message', (text, isBinary) => peer.send(text, { binary: isBinary }));
        peer.send(principal.name);
      }),
  };
}

/** Socket.IO, doing the same by events. Its engine hangs on a server that never listens. */
function socketIo(t: TestContext): AttachPoint {
  const server = new Server({ path: READ.path, serveClient: false });
  const principals = new WeakMap<IncomingMessage, Principal>();
  server.attach(createServer());
  server.on('connection', (socket) => {
    socket.emit('who', principals.get(socket.request)?.name);
    socket.on('say', (text: string) => socket.emit('said', text));
  });
  t.after(() => server.close());
  return {
    path: READ,
    take({ incoming, socket, head, principal }) {
      principals.set(incoming, principal);
      server.engine.handleUpgrade(incoming, socket, head);
    },
    answer({ incoming, response, principal }) {
      principals.set(incoming, principal);
      server.engine.handleRequest(incoming, response);
    },
  };
}

type Headers = Readonly<Record<string, string>>;

const served = (wish: 'uwebsockets' | 'node') => ({
  chosen: chooseEngine(wish, { clock: realClock, random: { bytes: (count) => new Uint8Array(count) }, log() {} }),
});

for (const wish of ['uwebsockets', 'node'] as const)
  test(`${wish}: what is attached is served, and by what is said`, async (t) => {
    const { service } = await open(t, [webSockets()], served(wish));
    assert.equal(service.engine, 'node:https');
    const reason = wish === 'node' ? undefined : /^uWebSockets\.js.* cannot hand over .* \/socket$/;
    if (reason === undefined) assert.equal(service.engineReason, undefined);
    else assert.match(service.engineReason ?? '', reason);
    assert.equal(service.component().message, service.engineReason);
  });

const callers = (own: string): readonly (readonly [name: string, headers: Headers])[] => [
  ['panel', bearer],
  ['operator', { ...cookie, origin: own }],
];

const strangers: readonly (readonly [status: number, headers: Headers])[] = [
  [401, {}],
  [401, { authorization: 'Bearer guess' }],
  [403, { ...bearer, origin: 'https://evil.example' }],
  [403, { ...cookie, origin: 'https://evil.example' }],
];

function webSocket(t: TestContext, port: number, headers: Headers): WebSocket {
  const socket = new WebSocket(`wss://127.0.0.1:${port}/socket`, { headers, rejectUnauthorized: false });
  // Taking one away that is not open yet counts as an error.
  t.after(() => socket.on('error', () => {}).terminate());
  return socket;
}

test('a real WebSocket goes through: by bearer, by cookie, with long messages', async (t) => {
  const { port, own } = await open(t, [webSockets()], served('uwebsockets'));
  for (const [name, headers] of callers(own)) {
    const socket = webSocket(t, port, headers);
    assert.equal(String((await once(socket, 'message'))[0]), name);
    const long = Buffer.alloc(300_000, 7);
    socket.send(long);
    assert.ok(long.equals((await once(socket, 'message'))[0] as Buffer));
  }
});

test('a real WebSocket is refused without a credential, with a wrong one, from a foreign Origin', async (t) => {
  const { port } = await open(t, [webSockets()], served('uwebsockets'));
  for (const [status, headers] of strangers) {
    const socket = webSocket(t, port, headers);
    const [, incoming] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
    assert.equal(incoming.statusCode, status);
  }
});

test('a real WebSocket is cut at once when its credential is revoked, others are not', async (t) => {
  const { port, own, identity } = await open(t, [webSockets()], served('uwebsockets'));
  const [doomed, other] = callers(own).map(([, headers]) => webSocket(t, port, headers));
  assert.ok(doomed && other);
  await Promise.all([once(doomed, 'message'), once(other, 'message')]);
  identity.end('panel');
  await once(doomed, 'close');
  other.send('still here');
  assert.equal(String((await once(other, 'message'))[0]), 'still here');
});

const TRANSPORTS = [['polling'], ['websocket'], ['polling', 'websocket']];

function socketIoClient(t: TestContext, port: number, transports: readonly string[], headers: Headers): Socket {
  const socket = connect(`https://127.0.0.1:${port}`, {
    path: READ.path,
    transports: [...transports],
    extraHeaders: headers,
    rejectUnauthorized: false,
    reconnection: false,
    forceNew: true,
  });
  t.after(() => socket.disconnect());
  return socket;
}

/** Rejects with what the client says of a failure. */
const event = (socket: Socket, name: string): Promise<unknown> =>
  new Promise((resolve, reject) => {
    socket.once(name, resolve);
    socket.once('connect_error', reject);
  });

for (const transports of TRANSPORTS) {
  const by = transports.join(' then ');

  test(`a real Socket.IO client goes through by ${by}: by bearer, by cookie`, async (t) => {
    const { port, own, seen } = await open(t, [socketIo(t)], served('uwebsockets'));
    for (const [name, headers] of callers(own)) {
      const socket = socketIoClient(t, port, transports, headers);
      assert.equal(await event(socket, 'who'), name);
      const wanted = transports.at(-1);
      await until('the transport is the last one offered', () => socket.io.engine.transport.name === wanted);
      socket.emit('say', 'x'.repeat(100_000));
      assert.equal(await event(socket, 'said'), 'x'.repeat(100_000));
    }
    const statuses = new Set(seen.map(({ status }) => status));
    assert.deepEqual(
      [statuses.has(200), statuses.has(101)],
      ['polling', 'websocket'].map((one) => transports.includes(one)),
    );
  });

  test(`a real Socket.IO client is refused by ${by} without a credential, with a wrong one, from a foreign Origin`, async (t) => {
    const { port, seen } = await open(t, [socketIo(t)], served('uwebsockets'));
    for (const [status, headers] of strangers) {
      seen.length = 0;
      await assert.rejects(event(socketIoClient(t, port, transports, headers), 'who'));
      assert.deepEqual([...new Set(seen.map((access) => access.status))], [status]);
    }
  });

  test(`a real Socket.IO client is cut at once by ${by} when its credential is revoked, others are not`, async (t) => {
    const { port, own, identity } = await open(t, [socketIo(t)], served('uwebsockets'));
    const [doomed, other] = callers(own).map(([, headers]) => socketIoClient(t, port, transports, headers));
    assert.ok(doomed && other);
    await Promise.all([event(doomed, 'who'), event(other, 'who')]);
    for (const { io } of [doomed, other])
      await until('the transport is the last one offered', () => io.engine.transport.name === transports.at(-1));
    identity.revoked.add('read-token');
    identity.end('panel');
    await event(doomed, 'disconnect');
    other.emit('say', 'still here');
    assert.equal(await event(other, 'said'), 'still here');
  });
}
