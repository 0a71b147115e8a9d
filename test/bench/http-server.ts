/**
 * One server in a process of its own, for the HTTP bench: `api ENGINE [unshared]`, `bytes ENGINE` or `fastify`. Prints its port,
 * serves until its standard input ends.
 */
import { createServer } from 'node:https';
import { systemClock, systemRandom } from '../../actors/clock/index.ts';
import { chooseEngine, loadUws } from '../../actors/http/index.ts';
import type { HttpEnginePort } from '../../actors/http/port.ts';
import { TLS12_CIPHERS } from '../../actors/http/tls.ts';
import { withPemFiles } from '../../actors/http/uws/pem-files.ts';
import { CERTIFICATES } from '../contract/http-engine/bench.ts';
import { apiDispatch, replyOf, STATUS_PATH } from './http-api.ts';

const listening: Record<string, (engine: string, answers: string) => Promise<number>> = {
  api: async (wish, answers) => {
    const engine = engineOf(wish);
    return listen(engine, await apiDispatch(engine.name, { isShared: answers !== 'unshared' }));
  },
  bytes: async (wish) => (wish === 'node' ? bytesByNode() : bytesByUws()),
  fastify: helloByFastify,
};

const engineOf = (wish: string): HttpEnginePort =>
  chooseEngine(wish === 'node' ? 'node' : 'uwebsockets', {
    clock: systemClock,
    random: systemRandom,
    log: () => {},
  }).engine;

async function listen(engine: HttpEnginePort, serve: Parameters<HttpEnginePort['listen']>[2]): Promise<number> {
  const opened = await engine.listen({ host: '127.0.0.1', port: 0 }, CERTIFICATES.one, serve);
  if (!opened.ok) throw new Error(opened.public);
  return opened.value.port;
}

/** The same status, headers and body as the API's, by the engine's plainest means and nothing else. */
async function bytesByUws(): Promise<number> {
  const loaded = loadUws();
  if (!loaded.ok) throw new Error(loaded.public);
  const { uws } = loaded.value;
  const { headers, requestId = '', body } = await replyOf('uWebSockets.js');
  const pairs = Object.entries({ ...headers, 'x-request-id': requestId });
  const app = withPemFiles(CERTIFICATES.one, (key, cert) =>
    uws.SSLApp({
      key_file_name: key,
      cert_file_name: cert,
      ssl_ciphers: TLS12_CIPHERS.join(':'),
      ssl_prefer_low_memory_usage: true,
    }),
  );
  uws._cfg('999999990007');
  app.any(STATUS_PATH, (response) => {
    response.writeStatus('200 OK');
    for (const [name, value] of pairs) response.writeHeader(name, value);
    response.end(body);
  });
  return new Promise((resolve) => {
    app.listen('127.0.0.1', 0, uws.LIBUS_LISTEN_EXCLUSIVE_PORT, (socket) => {
      if (socket !== false) resolve(uws.us_socket_local_port(socket));
    });
  });
}

async function bytesByNode(): Promise<number> {
  const { headers, requestId = '', body } = await replyOf('node:https');
  const fields = { ...headers, 'x-request-id': requestId, 'content-length': String(body.length) };
  const server = createServer(CERTIFICATES.one, (_, response) => response.writeHead(200, fields).end(body));
  return portOf(
    (done) => server.listen(0, '127.0.0.1', done),
    () => server.address(),
  );
}

async function helloByFastify(): Promise<number> {
  const { fastify } = await import('fastify');
  const app = fastify({ https: CERTIFICATES.one });
  app.get(STATUS_PATH, async () => ({ hello: 'world' }));
  await app.listen({ host: '127.0.0.1', port: 0 });
  return portOf(
    (done) => done(),
    () => app.server.address(),
  );
}

async function portOf(start: (done: () => void) => void, address: () => unknown): Promise<number> {
  await new Promise<void>(start);
  return (address() as { readonly port: number }).port;
}

const [kind = '', engine = '', answers = ''] = process.argv.slice(2);
const start = listening[kind];
if (start === undefined) throw new Error(`no such server: ${kind}`);
console.log(await start(engine, answers));
process.stdin.resume().on('end', () => process.exit());
