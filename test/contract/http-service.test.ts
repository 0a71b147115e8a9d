import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { chooseEngine, type HttpOptions, httpServices } from '../../actors/http/index.ts';
import type { Access } from '../../core/api/access.ts';
import { HttpMeter } from '../../core/api/metrics/http-meter.ts';
import { FINDING } from '../support/api/fake-appliance.ts';
import { FakeBlobs } from '../support/api/fake-blobs.ts';
import { FakeDesks } from '../support/api/fake-desks.ts';
import { CSRF, FakeIdentity } from '../support/api/fake-identity.ts';
import { type RawClient, tcpClient, tlsClient } from '../support/raw-client.ts';
import { realClock } from '../support/real-clock.ts';
import { ROOT } from '../support/root.ts';
import { CERTIFICATES, get } from './http-engine/bench.ts';

const ADMIN = 'Authorization: Bearer admin-token\r\n';

const random = { bytes: (count: number) => randomBytes(count) };
const engine = (wish: 'uwebsockets' | 'node') => chooseEngine(wish, { clock: realClock, random, log: () => {} });

/** A service over fakes in a folder of its own, not yet started. */
function fixture(t: TestContext, change: Partial<HttpOptions> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'bartizan-'));
  const desks = new FakeDesks();
  const { appliance } = desks;
  const options: HttpOptions = {
    clock: realClock,
    random,
    log: () => {},
    desks,
    meter: new HttpMeter(),
    identity: new FakeIdentity(),
    blobs: new FakeBlobs(),
    audit: () => Promise.resolve(),
    listen: { host: '127.0.0.1', port: 0 },
    names: () => ['127.0.0.1'],
    tls: () => Promise.resolve(CERTIFICATES.one),
    socketPath: join(folder, 'control.sock'),
    consoleFolder: join(folder, 'console'),
    ...change,
  };
  const { https, local } = httpServices(options);
  // Both doors as one, in the order the daemon opens them.
  const service = {
    ...https,
    get port() {
      return https.port;
    },
    start: async (crash: (cause: unknown) => void) => {
      await local.start(crash);
      await https.start(crash);
    },
    stop: async () => {
      await https.stop();
      await local.stop();
    },
  };
  const clients: RawClient[] = [];
  t.after(async () => {
    for (const client of clients) client.destroy();
    await service.stop();
    rmSync(folder, { recursive: true });
  });
  const connect = async (where?: { path: string }) => {
    const client = where ? await tcpClient(where) : await tlsClient(service.port ?? 0);
    clients.push(client);
    return client;
  };
  return { folder, desks, appliance, options, https, local, service, connect };
}

const never = () => assert.fail('the service crashed');

for (const wish of ['uwebsockets', 'node'] as const)
  test(`${wish}: API, console and events over HTTPS; the same API for root on the socket`, async (t) => {
    const { folder, appliance, options, service, connect } = fixture(t, { chosen: engine(wish) });
    mkdirSync(join(folder, 'console/js'), { recursive: true });
    writeFileSync(join(folder, 'console/index.html'), '<p>console</p>');
    writeFileSync(join(folder, 'console/js/main.js'), '1');
    await service.start(never);

    const client = await connect();
    client.send(get('/') + get('/js/main.js') + get('/api/v1/status', ADMIN) + get('/api/v1/status'));
    assert.equal((await client.response()).body, '<p>console</p>');
    assert.equal((await client.response()).body, '1');
    const status = await client.response();
    assert.deepEqual(
      [status.status, (JSON.parse(status.body) as { hostname: string }).hostname],
      [200, 'edge.example.net'],
    );
    assert.equal((await client.response()).status, 401);

    client.send(get('/api/v1/events', ADMIN));
    await client.text('content-type: text/event-stream');
    await client.text('\r\n\r\n');
    appliance.emit(FINDING, 7);
    await client.text('id: e0-7\ndata: {"severity":2,');

    const local = await connect({ path: options.socketPath });
    for (const upgrade of ['', 'Connection: Upgrade\r\nUpgrade: websocket\r\n', '']) {
      local.send(get('/api/v1/session', upgrade));
      assert.match((await local.response()).body, /"name": "root"/);
    }

    assert.deepEqual(service.component().counters, { requests: 8, refused: 1, failed: 0 });
    assert.equal(service.component().state, 'ok');
  });

test('the console of whoever is signed in carries the CSRF token, in the page that is really served', async (t) => {
  const { service, connect } = fixture(t, { consoleFolder: join(ROOT, 'core/console/browser') });
  await service.start(never);
  const client = await connect();
  client.send(get('/'));
  const plain = await client.response();
  assert.doesNotMatch(plain.body, /csrf-token/);
  const etag = `If-None-Match: ${plain.headers['etag']}\r\n`;
  client.send(get('/', `Cookie: csm_auth=session-cookie\r\n${etag}`));
  const mine = await client.response();
  assert.match(mine.body, new RegExp(`<meta name="csrf-token" content="${CSRF}">`));
  assert.equal(mine.headers['cache-control'], 'no-store');
  client.send(get('/', etag));
  assert.equal((await client.response()).status, 304);
});

for (const wish of ['uwebsockets', 'node'] as const) {
  test(`${wish}: a table goes out whole, or fails before its beginning, or is cut off behind it`, async (t) => {
    const { desks, service, connect } = fixture(t, { chosen: engine(wish) });
    await service.start(never);
    const client = await connect();
    desks.rows = Array.from({ length: 3000 }, (_, i) => ({ finding: FINDING, serial: 3000 - i }));
    client.send(get('/api/v1/history/csv', ADMIN));
    const table = await client.response();
    assert.deepEqual([table.status, table.body.split('\r\n').length], [200, 3002]);
    desks.breaksAfter = 100;
    client.send(get('/api/v1/history/csv', ADMIN));
    const broken = await client.response();
    assert.equal(broken.status, 500);
    assert.match(broken.body, /"error": "Internal error \(request [0-9a-f-]{36}\)"/);
    desks.breaksAfter = 2000;
    client.send(get('/api/v1/history/csv', ADMIN));
    await assert.rejects(client.response(), /closed while waiting/);
  });

  test(`${wish}: a small table is tagged and compressed, a large one is understood by a strict client`, async (t) => {
    const { desks, service, connect } = fixture(t, { chosen: engine(wish) });
    await service.start(never);
    desks.rows = Array.from({ length: 20 }, (_, i) => ({ finding: FINDING, serial: 20 - i }));
    const client = await connect();
    client.send(get('/api/v1/history/csv', `${ADMIN}Accept-Encoding: gzip\r\n`));
    const { headers } = await client.response();
    assert.deepEqual([headers['content-encoding'], headers['etag']?.slice(0, 3)], ['gzip', 'W/"']);
    desks.rows = Array.from({ length: 3000 }, (_, i) => ({ finding: FINDING, serial: 3000 - i }));
    for (const connection of ['close', 'keep-alive', 'keep-alive, close']) {
      const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
        const about = { authorization: 'Bearer admin-token', connection };
        const options = { port: service.port, path: '/api/v1/history/csv', rejectUnauthorized: false, headers: about };
        request({ host: '127.0.0.1', ...options }, resolve)
          .on('error', reject)
          .end();
      });
      assert.equal((await text(incoming)).split('\r\n').length, 3002);
    }
  });
}

for (const wish of ['uwebsockets', 'node'] as const)
  test(`${wish}: what the engine refuses by itself is counted and logged, under the id that the client gets`, async (t) => {
    const seen: Access[] = [];
    const { service, connect, options } = fixture(t, { chosen: engine(wish), access: (access) => seen.push(access) });
    await service.start(never);
    for (const where of [undefined, { path: options.socketPath }]) {
      const client = await connect(where);
      client.send(get('/api/v1/status?secret', 'Expect: 200-ok\r\n'));
      const { status, headers } = await client.response();
      assert.equal(status, 417);
      const { requestId, ...rest } = seen.pop() ?? assert.fail('not logged');
      const peer = where === undefined ? '127.0.0.1' : 'local';
      assert.deepEqual(rest, { method: 'GET', path: '/api/v1/status', status, peer, actor: '', took: 0 });
      assert.equal(headers['x-request-id'], requestId);
    }
    assert.equal(options.meter.read().byClass['4xx'], 2);
    assert.deepEqual(service.component().counters, { requests: 2, refused: 2, failed: 0 });
  });

test('its own pages may write, others not', async (t) => {
  const { service, connect } = fixture(t);
  await service.start(never);
  const body = '{"ip":"192.0.2.7"}';
  const ask = async (origin: string) => {
    const client = await connect();
    client.send(
      `POST /api/v1/block-ip HTTP/1.1\r\nHost: x\r\n${ADMIN}Origin: ${origin}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    return (await client.response()).status;
  };
  assert.deepEqual(
    [await ask(`https://127.0.0.1:${service.port}`), await ask('https://127.0.0.1'), await ask('null')],
    [200, 403, 403],
  );
});

for (const wish of ['uwebsockets', 'node'] as const)
  test(`${wish}: stop and start alternate; a new certificate comes in between or while it runs`, async (t) => {
    const { service, connect } = fixture(t, { chosen: engine(wish) });
    assert.equal(service.reload(CERTIFICATES.two).ok, false);
    for (let i = 0; i < 2; i++) {
      await service.start(never);
      const client = await connect();
      assert.ok(service.reload(CERTIFICATES.two).ok);
      client.send(get('/api/v1/session'));
      assert.equal((await client.response()).status, 200);
      await service.stop();
      await client.untilClosed();
      assert.deepEqual([service.port, service.component().state], [undefined, 'off']);
    }
    await service.stop();
  });

test('a socket file left behind by a killed process makes way, a living one does not', async (t) => {
  const first = fixture(t);
  await first.service.start(never);
  const second = fixture(t, { socketPath: first.options.socketPath });
  await assert.rejects(second.service.start(never), /a running Bartizan answers there/);
  await second.service.stop();

  const blocked = fixture(t);
  writeFileSync(blocked.options.socketPath, 'no socket');
  await assert.rejects(blocked.service.start(never), /or it is no socket/);

  const stale = fixture(t);
  linkSync(first.options.socketPath, stale.options.socketPath);
  await first.service.stop();
  await stale.service.start(never);
});

test('a port in use stops the start with one clear sentence', async (t) => {
  const squatter = createServer();
  await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve));
  t.after(() => squatter.close());
  const { port } = squatter.address() as { port: number };
  const { options, service, connect } = fixture(t, { listen: { host: '127.0.0.1', port } });
  await assert.rejects(service.start(never), {
    message: `cannot listen on 127.0.0.1 port ${port}: another program does already`,
  });
  assert.match(service.component().message ?? '', /another program/);
  const root = await connect({ path: options.socketPath });
  root.send(get('/api/v1/session'));
  assert.match((await root.response()).body, /"name": "root"/);
});

test('what is no console folder is not read into memory', async (t) => {
  const { folder, service } = fixture(t);
  mkdirSync(join(folder, 'console'));
  for (let i = 0; i < 501; i++) writeFileSync(join(folder, `console/${i}`), '');
  await assert.rejects(service.start(never), /holds more than a console/);
});
