import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { ConnectionOptions } from 'node:tls';
import type {
  EngineCapabilities,
  EngineLimits,
  HttpEnginePort,
  Listener,
  TlsMaterial,
} from '../../../actors/http/port.ts';
import type { Refused } from '../../../actors/http/refusal.ts';
import type { Dispatch, HttpReply } from '../../../core/api/http.ts';
import { millis } from '../../../core/base/time.ts';
import { type RawClient, tlsClient } from '../../support/raw-client.ts';
import { ROOT } from '../../support/root.ts';

export type MakeEngine = (limits: Partial<EngineLimits>) => HttpEnginePort;

const pem = (file: string): string => readFileSync(join(ROOT, 'test/fixtures/tls', file), 'utf8');

/** Two unlike certificates. */
export const CERTIFICATES: Readonly<Record<'one' | 'two', TlsMaterial>> = {
  one: { key: pem('one.key.pem'), cert: pem('one.cert.pem') },
  two: { key: pem('two.key.pem'), cert: pem('two.cert.pem') },
};

export const say = (body: string, status = 200, headers: Readonly<Record<string, string>> = {}): HttpReply => ({
  status,
  headers: { 'content-type': 'text/plain', ...headers },
  body,
});

/** Answers with what it was asked; a body is read up to 64 KiB. */
export const echo: Dispatch = async (request) => {
  if (request.method === 'GET' || request.method === 'HEAD') return say(`${request.method} ${request.target}`);
  const body = await request.body(65_536);
  if (!body.ok) return say(body.code, { too_large: 413, late: 408, aborted: 400 }[body.code]);
  return say(`${request.method} ${body.value.length} ${new TextDecoder().decode(body.value.subarray(0, 64))}`);
};

export interface Bench {
  readonly listener: Listener;
  readonly capabilities: EngineCapabilities;
  /** Method and target of every request that reached the dispatch. */
  readonly served: readonly string[];
  /** What the engine refused, in the order of the ids it was given: `refused-0`, … */
  readonly refusals: readonly Refused[];
  readonly connect: (options?: ConnectionOptions) => Promise<RawClient>;
}

/** A listener on a free port of loopback that goes away with the test, and its clients with it. */
export async function openBench(
  t: TestContext,
  make: MakeEngine,
  { serve = echo, limits = {} }: { readonly serve?: Dispatch; readonly limits?: Partial<EngineLimits> } = {},
): Promise<Bench> {
  const engine = make({ sweep: millis(50), linger: millis(100), ...limits });
  const served: string[] = [];
  const refusals: Refused[] = [];
  const onRefused = (refused: Refused) => `refused-${refusals.push(refused) - 1}`;
  const opened = await engine.listen(
    { host: '127.0.0.1', port: 0 },
    CERTIFICATES.one,
    (request) => {
      served.push(`${request.method} ${request.target}`);
      return serve(request);
    },
    { onRefused },
  );
  if (!opened.ok) throw new Error(opened.public);
  const listener = opened.value;
  const clients: RawClient[] = [];
  t.after(async () => {
    for (const client of clients) client.destroy();
    await listener.stop(millis(0));
  });
  return {
    listener,
    capabilities: engine.capabilities,
    served,
    refusals,
    connect: async (options) => {
      const client = await tlsClient(listener.port, options);
      clients.push(client);
      return client;
    },
  };
}

/** A promise and the hand that keeps it. */
export function promised<V>(): { readonly promise: Promise<V>; readonly keep: (value: V) => void } {
  const { promise, resolve } = Promise.withResolvers<V>();
  return { promise, keep: resolve };
}

export const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;

export const post = (length: number | 'chunked', more = ''): string =>
  `POST /p HTTP/1.1\r\nHost: x\r\n${length === 'chunked' ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`}\r\n${more}\r\n`;

/**
 * The client is refused before its message is a request, and the connection ends. In words with just this status where
 * the engine can, else with any status of refusal or none.
 */
export async function refused(
  client: RawClient,
  { wordedRefusals }: EngineCapabilities,
  status: number,
): Promise<void> {
  if (wordedRefusals) {
    const reply = await client.response();
    assert.equal(reply.status, status);
    assert.equal(typeof (JSON.parse(reply.body) as { error: unknown }).error, 'string');
    assert.match(reply.headers['x-request-id'] ?? '', /^refused-/);
  }
  await client.untilClosed();
  if (!wordedRefusals) assert.match(client.seen, /^(HTTP\/1\.1 [45]|$)/);
}

export const next = (path = '/next'): string => get(path);

/** Requests after which an engine goes different ways about the connection; the last says that it must end. */
export const ASKING = [
  ['kept', get('/'), false],
  ['close', get('/', 'Connection: close\r\n'), true],
  ['keep-alive, close', get('/', 'Connection: keep-alive, close\r\n'), true],
  ['TE, close', get('/', 'TE: trailers\r\nConnection: TE, close\r\n'), true],
  ['a value that reads like the name', get('/', 'X-A: connection\r\nAbcde: 1\r\nConnection: TE, close\r\n'), true],
  ['a body in chunks', `${get('/', 'Transfer-Encoding: chunked\r\n')}3\r\nabc\r\n0\r\n\r\n`, false],
  ['an unread body', get('/', 'Content-Length: 1000\r\n'), false],
  ['a long unread body', `${get('/', `Content-Length: 1048576\r\n`)}${'x'.repeat(65_536)}`, true],
] as const;
