import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type AttachPoint, type HttpOptions, httpServices } from '../../../actors/http/index.ts';
import type { Access } from '../../../core/api/access.ts';
import { HttpMeter } from '../../../core/api/metrics/http-meter.ts';
import { CSM } from '../../../core/api/surface.ts';
import { parseCidr } from '../../../core/base/ip.ts';
import { FakeBlobs } from '../../support/api/fake-blobs.ts';
import { FakeDesks } from '../../support/api/fake-desks.ts';
import { FakeIdentity } from '../../support/api/fake-identity.ts';
import { type RawClient, tlsClient } from '../../support/raw-client.ts';
import { realClock } from '../../support/real-clock.ts';
import { CERTIFICATES } from '../http-engine/bench.ts';

export const READ = { path: '/socket', surface: CSM, scope: 'read' } as const;
export const bearer = { authorization: 'Bearer read-token' };
export const cookie = { cookie: 'csm_auth=session-cookie' };

const PROXY = (() => {
  const net = parseCidr('127.0.0.1/32');
  return net.ok ? net.value : assert.fail();
})();

/** An HTTPS service with these attach points that goes away with the test, and its clients with it. */
export async function open(t: TestContext, points: readonly AttachPoint[], change: Partial<HttpOptions> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'bartizan-'));
  const identity = new FakeIdentity();
  const meter = new HttpMeter();
  const seen: Access[] = [];
  const { https: service } = httpServices({
    clock: realClock,
    random: { bytes: (count) => randomBytes(count) },
    log: () => {},
    desks: new FakeDesks(),
    meter,
    access: (access) => seen.push(access),
    trustedProxies: [PROXY],
    identity,
    blobs: new FakeBlobs(),
    audit: () => Promise.resolve(),
    listen: { host: '127.0.0.1', port: 0 },
    names: () => ['127.0.0.1'],
    tls: () => Promise.resolve(CERTIFICATES.one),
    socketPath: join(folder, 'control.sock'),
    consoleFolder: join(folder, 'console'),
    attachPoints: points,
    ...change,
  });
  await service.start(() => assert.fail('the service crashed'));
  const clients: RawClient[] = [];
  t.after(async () => {
    for (const client of clients) client.destroy();
    await service.stop();
    rmSync(folder, { recursive: true });
  });
  const port = service.port ?? 0;
  const upgrade = async (path: string, headers: Readonly<Record<string, string>>, method = 'GET') => {
    const client = await tlsClient(port);
    clients.push(client);
    const lines = Object.entries({ host: 'x', connection: 'Upgrade', upgrade: 'echo', ...headers });
    client.send(`${method} ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`);
    return client;
  };
  return { identity, service, meter, seen, port, own: `https://127.0.0.1:${port}`, upgrade };
}
