import { readFile } from 'node:fs/promises';
import { type RequestOptions, request } from 'node:https';
import { join } from 'node:path';
import { waitFor } from './wait-for.ts';

/** An open event stream. */
export interface EventLine {
  readonly received: unknown[];
  readonly ids: string[];
  [Symbol.dispose](): void;
}

/** Talks HTTPS to a daemon, trusting the certificate authority in its state directory and nothing else. */
export class ApiClient {
  readonly #options: RequestOptions;
  readonly #token: string;

  private constructor(port: number, ca: string, token: string) {
    this.#options = { host: '127.0.0.1', port, ca, agent: false };
    this.#token = token;
  }

  static async open(state: string, port: number, token: string): Promise<ApiClient> {
    const ca = await waitFor('the certificate authority', () => readFile(join(state, 'tls', 'ca.crt'), 'utf8'));
    return new ApiClient(port, ca, token);
  }

  /**
   * The event stream until disposed of: JSON values as they arrive, and their ids. `after`: the last id that was seen.
   */
  async events(after?: string): Promise<EventLine> {
    const received: unknown[] = [];
    const ids: string[] = [];
    const headers = { ...this.#headers(), ...(after === undefined ? {} : { 'last-event-id': after }) };
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const asked = request({ ...this.#options, path: '/api/v1/events', headers }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`events answered ${response.statusCode}`));
      resolve();
      let rest = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          if (line.startsWith('data: ')) received.push(JSON.parse(line.slice(6)));
          if (line.startsWith('id: ')) ids.push(line.slice(4));
        }
      });
      response.on('error', () => {});
    });
    asked.on('error', reject);
    asked.end();
    await promise;
    return { received, ids, [Symbol.dispose]: () => asked.destroy() };
  }

  get(path: string): Promise<{ readonly status: number; readonly text: string }> {
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
    const asked = request({ ...this.#options, path, headers: this.#headers() }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    asked.on('error', reject);
    asked.end();
    return promise;
  }

  #headers(): Record<string, string> {
    return { authorization: `Bearer ${this.#token}` };
  }
}
