import { createReadStream, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { rangeOf } from './ranges.ts';

/** The guest's name for the host's loopback. */
const HOST_AS_SEEN = '10.0.2.2';

/** Serves files with ranges, as a bundle that is streamed needs it; counts what it has sent. */
export class FileServer implements AsyncDisposable {
  readonly #files = new Map<string, string>();
  readonly #server: Server;
  #sent = 0;
  #requests = 0;

  private constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  static async open(): Promise<FileServer> {
    const server = new FileServer();
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  /** @returns the URL at which the guest finds the file */
  offer(file: string, name: string): string {
    this.#files.set(`/${name}`, file);
    return `http://${HOST_AS_SEEN}:${(this.#server.address() as AddressInfo).port}/${name}`;
  }

  get bytesSent(): number {
    return this.#sent;
  }

  get requests(): number {
    return this.#requests;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const file = this.#files.get(request.url ?? '');
    if (file === undefined) return void response.writeHead(404).end();
    this.#requests++;
    const { size } = statSync(file);
    const range = rangeOf(request.headers.range, size);
    if (range === 'unsatisfiable') return void response.writeHead(416, { 'content-range': `bytes */${size}` }).end();
    const { from, to } = range === 'whole' ? { from: 0, to: size - 1 } : range;
    const partial = range === 'whole' ? {} : { 'content-range': `bytes ${from}-${to}/${size}` };
    const headers = { 'accept-ranges': 'bytes', 'content-length': to - from + 1, ...partial };
    response.writeHead(range === 'whole' ? 200 : 206, headers);
    if (request.method === 'HEAD') return void response.end();
    const stream = createReadStream(file, { start: from, end: to });
    stream.on('data', (part) => {
      this.#sent += part.length;
    });
    // A client that goes away in the midst is a power cut, or has seen enough.
    stream.on('error', () => response.destroy());
    response.on('close', () => stream.destroy());
    stream.pipe(response);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
