import { chmod, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Log } from '../../core/base/ports.ts';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { isMeant, readTarget } from '../../core/controller/targets.ts';
import { type Asked, answer, type Reply, refusal } from './control.ts';
import type { Controller } from './controller.ts';

/** A list of a million entries, or rules. */
const LARGEST_BODY = 64 * 1024 * 1024;

/** The socket over which words of the command line reach a controller that runs. Only root opens it. */
export async function openControlServer(
  path: string,
  controller: Controller,
  log: Log,
): Promise<Result<{ close(): Promise<void> }, 'failed'>> {
  const server = createServer({ requestTimeout: 60_000 }, (request, response) => {
    respond(request, response, controller).catch((cause: unknown) => {
      log('error', 'a question failed', { path: request.url, cause: messageOf(cause) });
      if (!response.headersSent) send(response, { status: 500, body: { error: messageOf(cause) } });
      else response.destroy();
    });
  });
  await rm(path, { force: true });
  const listening = await new Promise<Result<void, 'failed'>>((tell) => {
    server.once('error', (cause) => tell(fail('failed', `${path}: ${messageOf(cause)}`, cause)));
    server.listen(path, () => tell(ok(undefined)));
  });
  if (!listening.ok) return listening;
  await chmod(path, 0o600);
  return ok({
    close: () =>
      new Promise<void>((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  });
}

async function respond(request: IncomingMessage, response: ServerResponse, controller: Controller): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://controller');
  if (url.pathname === '/v1/watch') {
    watch(request, response, controller, url.searchParams);
    return;
  }
  const body = await bodyOf(request);
  if (body === undefined) {
    send(response, { status: 413, body: { error: `at most ${LARGEST_BODY} bytes are taken` } });
    return;
  }
  const asked: Asked = {
    method: request.method ?? 'GET',
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    body,
  };
  send(response, await answer(controller, asked));
}

/** Lines of JSON until whoever watches goes; who reads too slowly misses lines, and is told how many. */
function watch(
  request: IncomingMessage,
  response: ServerResponse,
  controller: Controller,
  query: URLSearchParams,
): void {
  const target = readTarget(query.get('who') ?? 'all');
  if (!target.ok) {
    send(response, refusal(target));
    return;
  }
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  response.flushHeaders();
  let missed = 0;
  const withStreams = query.get('streams') === '1';
  const isMeantBy = (serial: unknown): boolean => {
    if (target.value.kind === 'all') return true;
    if (typeof serial !== 'string') return false;
    return isMeant(target.value, serial, controller.fleet.member(serial)?.record.labels ?? {});
  };
  const end = controller.happenings.listen((told) => {
    if ((told.kind === 'item' && !withStreams) || !isMeantBy(told.serial)) return;
    if (response.writableLength > 4 * 1024 * 1024) {
      missed++;
      return;
    }
    if (missed > 0) response.write(`${JSON.stringify({ at: told.at, kind: 'missed', count: missed })}\n`);
    missed = 0;
    response.write(`${JSON.stringify(told)}\n`);
  });
  request.on('close', end);
  response.on('close', end);
}

async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LARGEST_BODY) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function send(response: ServerResponse, { status, body }: Reply): void {
  if (body instanceof Uint8Array) {
    response.writeHead(status, { 'content-type': 'application/octet-stream', 'content-length': body.length }).end(body);
    return;
  }
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
