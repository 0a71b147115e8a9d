import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';

/** Longest wait for anything a peer is expected to do. */
const PATIENCE_MS = 10_000;

export interface RawResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A connection on which a test writes bytes as it likes and reads what comes. */
export class RawClient {
  readonly socket: Socket;
  #seen = '';
  #waiting: (() => void) | undefined;
  #closed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#seen += chunk.toString('latin1');
      this.#waiting?.();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#closed = true;
      this.#waiting?.();
    });
  }

  /** Everything received and not yet taken. */
  get seen(): string {
    return this.#seen;
  }

  get closed(): boolean {
    return this.#closed;
  }

  send(text: string | Uint8Array): void {
    if (!this.#closed) this.socket.write(text);
  }

  /** Waits until `take` finds what it wants in the bytes seen; what it took is gone. @throws when the peer closes first */
  async until<V>(
    what: string,
    take: (seen: string) => { readonly value: V; readonly used: number } | undefined,
  ): Promise<V> {
    for (;;) {
      const found = take(this.#seen);
      if (found !== undefined) {
        this.#seen = this.#seen.slice(found.used);
        return found.value;
      }
      if (this.#closed)
        throw new Error(`closed while waiting for ${what}; seen: ${JSON.stringify(this.#seen.slice(0, 300))}`);
      await this.#change(what);
    }
  }

  /** The next whole response. `bodyless`: the answer to a HEAD. */
  response(bodyless = false): Promise<RawResponse> {
    return this.until('a response', (seen) => parseResponse(seen, bodyless, this.#closed));
  }

  text(wanted: string): Promise<void> {
    return this.until(JSON.stringify(wanted), (seen) => {
      const at = seen.indexOf(wanted);
      return at < 0 ? undefined : { value: undefined, used: at + wanted.length };
    });
  }

  async untilClosed(): Promise<void> {
    while (!this.#closed) await this.#change('the connection to close');
  }

  destroy(): void {
    this.socket.destroy();
  }

  #change(what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`waited too long for ${what}`)), PATIENCE_MS);
      this.#waiting = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

export async function tlsClient(port: number, options: ConnectionOptions = {}): Promise<RawClient> {
  const socket = connectTls({
    host: '127.0.0.1',
    port,
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
    ...options,
  });
  const client = new RawClient(socket);
  await once(socket, 'secureConnect');
  return client;
}

export async function tcpClient(
  where: { readonly port: number; readonly host: string } | { readonly path: string },
): Promise<RawClient> {
  const socket = connectTcp(where);
  const client = new RawClient(socket);
  await once(socket, 'connect');
  return client;
}

function parseResponse(seen: string, bodyless: boolean, ended: boolean) {
  const end = seen.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [start = '', ...lines] = seen.slice(0, end).split('\r\n');
  const status = Number(start.split(' ')[1]);
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const from = end + 4;
  if (bodyless || status === 204 || status === 304 || status === 100)
    return { value: { status, headers, body: '' }, used: from };
  if (headers['transfer-encoding'] === 'chunked') {
    const chunked = parseChunks(seen, from);
    return chunked && { value: { status, headers, body: chunked.body }, used: chunked.end };
  }
  const length = headers['content-length'];
  if (length === undefined && !ended) return undefined;
  const to = length === undefined ? seen.length : from + Number(length);
  return seen.length < to ? undefined : { value: { status, headers, body: seen.slice(from, to) }, used: to };
}

/** A body in chunks from `at` on, once all of it is there. */
function parseChunks(seen: string, at: number): { readonly body: string; readonly end: number } | undefined {
  let body = '';
  for (let from = at; ; ) {
    const line = /^([0-9a-f]+)\r\n/i.exec(seen.slice(from, from + 20));
    if (line === null) return undefined;
    const start = from + line[0].length;
    const size = Number.parseInt(line[1] ?? '', 16);
    if (seen.length < start + size + 2) return undefined;
    if (size === 0) return { body, end: start + 2 };
    body += seen.slice(start, start + size);
    from = start + size + 2;
  }
}
