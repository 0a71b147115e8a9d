import { createHash, X509Certificate } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Authority } from './certificates.ts';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** An HTTPS server under the name `lists.test`, which answers by path; what is not told is 404. */
export class ListServer {
  readonly authority = new Authority('lists');
  readonly answers = new Map<string, Answer>();
  readonly asked: { readonly path: string; readonly headers: IncomingMessage['headers'] }[] = [];
  /** SHA-256 of its public key. */
  readonly pin: string;
  readonly #server: Server;

  private constructor() {
    const { key, cert } = this.authority.issue({ commonName: 'lists.test', names: ['lists.test'], usage: 'server' });
    const spki = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' });
    this.pin = createHash('sha256').update(spki).digest('hex');
    this.#server = createServer({ key, cert }, (request, response) => {
      const path = request.url ?? '';
      this.asked.push({ path, headers: request.headers });
      const answer = this.answers.get(path);
      if (answer === undefined) response.writeHead(404).end();
      else answer(request, response);
    });
  }

  static async open(): Promise<ListServer> {
    const server = new ListServer();
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  url(path: string): string {
    return `https://lists.test:${(this.#server.address() as AddressInfo).port}${path}`;
  }

  /** Answers with this text. */
  text(path: string, text: string | Uint8Array, headers: Readonly<Record<string, string>> = {}): void {
    this.answers.set(path, (_, response) => void response.writeHead(200, headers).end(text));
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
