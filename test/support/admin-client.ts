/**
 * Asks an API over one connection: `node admin-client.js BASE TOKEN JSON`, JSON an array of `{method, path, body}`. Prints
 * an array of `{status, body}`.
 */
import { Agent, request } from 'node:https';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

const [base = '', token = '', orders = '[]'] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });

const ask = ({ method, path, body }: Asked): Promise<{ status: number; body: unknown }> => {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: unknown }>();
  const headers = {
    authorization: `Bearer ${token}`,
    ...(body === undefined ? {} : { 'content-type': 'application/json', 'if-match': '*' }),
  };
  const asked = request(base + path, { method, headers, agent, timeout: 30_000 }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    response.on('end', () =>
      resolve({ status: response.statusCode ?? 0, body: text === '' ? undefined : JSON.parse(text) }),
    );
  });
  asked.on('error', reject).on('timeout', () => asked.destroy(new Error('no answer')));
  asked.end(body === undefined ? undefined : JSON.stringify(body));
  return promise;
};

const answers: unknown[] = [];
for (const order of JSON.parse(orders) as readonly Asked[]) answers.push(await ask(order));
agent.destroy();
console.log(JSON.stringify(answers));
