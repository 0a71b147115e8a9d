import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { HttpRequest } from '../../../core/api/http.ts';
import { millis } from '../../../core/base/time.ts';
import { tcpClient, tlsClient } from '../../support/raw-client.ts';
import { CERTIFICATES, echo, get, type MakeEngine, openBench, promised, say } from './bench.ts';

const LONG = millis(10_000);

/** Coming up and going down. */
export function listeningCases(name: string, make: MakeEngine): void {
  test(`${name}: a port in use, a foreign address and a bad certificate are told apart`, async (t) => {
    const { listener } = await openBench(t, make);
    const open = async (host: string, port: number, tls = CERTIFICATES.one) => {
      const opened = await make({}).listen({ host, port }, tls, echo);
      return opened.ok ? 'listening' : [opened.code, opened.public];
    };
    assert.deepEqual(await open('127.0.0.1', listener.port), [
      'in_use',
      `cannot listen on 127.0.0.1 port ${listener.port}: another program does already`,
    ]);
    assert.deepEqual(await open('192.0.2.1', 0), [
      'bad_address',
      'cannot listen on 192.0.2.1 port 0: this host has no such address',
    ]);
    assert.match(
      String(await open('127.0.0.1', 0, { key: 'k', cert: 'c' })),
      /^bad_certificate,certificate or key cannot be used: /,
    );
  });

  test(`${name}: a stop lets the request under way finish, ends streams and idle connections`, async (t) => {
    const begun = promised<void>();
    const go = promised<void>();
    const serve = async ({ target }: HttpRequest) => {
      if (target === '/stream')
        return { ...say('', 200, { 'content-type': 'text/event-stream' }), stream: { start: () => {} } };
      if (target === '/slow') {
        begun.keep();
        await go.promise;
      }
      return say('done');
    };
    const { listener, connect } = await openBench(t, make, { serve });
    const { port } = listener;
    const [busy, idle, stream] = [await connect(), await connect(), await connect()];
    idle.send(get('/'));
    await idle.response();
    stream.send(get('/stream'));
    await stream.text('\r\n\r\n');
    busy.send(get('/slow'));
    await begun.promise;
    const stopped = listener.stop(LONG);
    await stream.untilClosed();
    await assert.rejects(tlsClient(port));
    go.keep();
    const { body, headers } = await busy.response();
    assert.deepEqual([body, headers['connection']], ['done', 'close']);
    await Promise.all([stopped, idle.untilClosed(), busy.untilClosed()]);
  });

  test(`${name}: a stop does not wait longer than its grace`, async (t) => {
    const begun = promised<void>();
    const serve = () => {
      begun.keep();
      return new Promise<never>(() => {});
    };
    const { listener, connect } = await openBench(t, make, { serve });
    const client = await connect();
    client.send(get('/'));
    await begun.promise;
    await listener.stop(millis(50));
    await client.untilClosed();
  });

  test(`${name}: a stop is not held up by a connection without a handshake`, async (t) => {
    const { listener } = await openBench(t, make);
    const bare = await tcpClient({ host: '127.0.0.1', port: listener.port });
    await listener.stop(millis(50));
    await bare.untilClosed();
  });

  test(`${name}: the local socket is its owner's alone, and its requests are the given principal's`, {
    skip: !make({}).capabilities.localSocket && 'the engine has no local socket',
  }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'bartizan-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'control.sock');
    const serve = async ({ peer, principal }: HttpRequest) => say(`${peer} ${principal?.name}`);
    const opened = await make({}).listenLocal(path, { kind: 'local', name: 'root', scopes: ['admin'] }, serve);
    assert.ok(opened.ok);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const client = await tcpClient({ path });
    client.send(get('/'));
    assert.equal((await client.response()).body, 'local root');
    await opened.value.stop(millis(0));
    await client.untilClosed();
  });

  test(`${name}: a socket path that cannot be is refused`, async () => {
    const principal = { kind: 'local', name: 'root', scopes: ['admin'] } as const;
    const codeOf = async (path: string) => {
      const opened = await make({}).listenLocal(path, principal, echo);
      return opened.ok ? 'listening' : opened.code;
    };
    assert.equal(await codeOf(`/tmp/${'x'.repeat(200)}`), 'bad_address');
    assert.equal(await codeOf('/nonexistent/control.sock'), 'denied');
  });
}
