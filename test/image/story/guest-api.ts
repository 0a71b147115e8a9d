import { Agent, request } from 'node:https';
import { connect, type TLSSocket } from 'node:tls';
import { waitFor } from '../../support/wait-for.ts';

/** An emulated guest on a busy machine may take long over one. */
const ANSWER_MS = 90_000;

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests read fields of whatever the API answers
  readonly body: any;
}

/** The guest's API through the forwarded port. The certificate is not verified: its fingerprint is what a person compares. */
export class GuestApi {
  readonly #port: number;
  /** A handshake is the dearest part of a question. What changes something has one of its own: it must not be asked twice. */
  readonly #looks = new Agent({ keepAlive: true });
  token: string | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  /**
   * What only looks is asked again: a guest that has little of its machine may not come to the end of a handshake in time.
   * @throws Error when there is no answer, as while the guest boots
   */
  ask(method: string, path: string, body?: unknown, withinMs = ANSWER_MS): Promise<Answer> {
    const once = () => this.#once(method, path, body, withinMs);
    return method === 'GET' ? waitFor(`an answer to ${path}`, once, { withinMs, everyMs: 500 }) : once();
  }

  #once(method: string, path: string, body: unknown, withinMs: number): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const sent = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
      ...(sent === undefined ? {} : { 'content-type': 'application/json', 'if-match': '*' }),
    };
    const agent = method === 'GET' ? this.#looks : false;
    const to = { host: '127.0.0.1', port: this.#port, agent, rejectUnauthorized: false, timeout: withinMs };
    const asked = request({ ...to, method, path, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('error', reject);
      response.on('end', () => {
        try {
          resolve({ status: response.statusCode ?? 0, body: text === '' ? undefined : JSON.parse(text) });
        } catch {
          resolve({ status: response.statusCode ?? 0, body: text });
        }
      });
    });
    asked.on('error', reject).on('timeout', () => asked.destroy(new Error(`no answer within ${withinMs / 1000} s`)));
    asked.end(sent);
    return promise;
  }

  /** @throws Error unless the answer is 2xx, with what it says */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  async tell(method: string, path: string, body?: unknown, withinMs?: number): Promise<any> {
    const answer = await this.ask(method, path, body, withinMs);
    if (answer.status >= 200 && answer.status < 300) return answer.body;
    throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  }

  /** Resolves when it answers at all. */
  async answers(withinMs: number): Promise<void> {
    const probe = async () =>
      (await this.#once('GET', '/api/v1/health', undefined, ANSWER_MS)).status > 0 ? true : undefined;
    await waitFor("the guest's API", probe, { withinMs, everyMs: 250 });
  }

  /** Asks until the answer is as wanted. */
  until<T>(what: string, path: string, wanted: (body: Answer['body']) => T | undefined, withinMs: number): Promise<T> {
    return waitFor(what, async () => wanted(await this.tell('GET', path)), { withinMs, everyMs: 500 });
  }

  /** Whether the certificate that it shows, for whatever name, is one of this authority's. @param authority PEM */
  isSignedBy(authority: string): Promise<boolean> {
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    const to = { host: '127.0.0.1', port: this.#port, ca: authority, rejectUnauthorized: false, timeout: ANSWER_MS };
    const socket = connect({ ...to, checkServerIdentity: () => undefined }, () => {
      resolve(socket.authorized);
      socket.destroy();
    });
    socket.on('error', reject).on('timeout', () => socket.destroy(new Error('no answer')));
    return promise;
  }

  /** SHA-256 of the certificate that it shows, in upper-case hex with colons. */
  fingerprint(): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const to = { host: '127.0.0.1', port: this.#port, agent: false, rejectUnauthorized: false, timeout: ANSWER_MS };
    const asked = request({ ...to, path: '/api/v1/health' }, (response) => {
      resolve((response.socket as TLSSocket).getPeerCertificate().fingerprint256);
      response.resume();
    });
    asked.on('error', reject).on('timeout', () => asked.destroy(new Error('no answer')));
    asked.end();
    return promise;
  }
}
