import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFile, readFile, rename } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { exitCode } from '../../core/cli/exit-codes.ts';
import { Daemon, stateDir } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { ROOT } from '../support/root.ts';
import { waitFor } from '../support/wait-for.ts';

const ADMIN = 'admin-token-of-the-config';

interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** A daemon with an admin token in its config and the lines of `webui` given; `ask` talks HTTPS to it. */
async function appliance(...webui: readonly string[]) {
  const daemon = new Daemon(await stateDir());
  const port = await freePort();
  const lines = [
    `listen: "127.0.0.1:${port}"`,
    `tokens: [{ name: operator, token: ${ADMIN}, scope: admin }]`,
    ...webui,
  ];
  await daemon.configure(`webui:\n${lines.map((line) => `  ${line}\n`).join('')}`);
  const ask = ({ method = 'GET', path, headers = {}, body }: Asked) => {
    const sent = body === undefined ? '' : JSON.stringify(body);
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    const { promise, resolve, reject } = Promise.withResolvers<{
      readonly status: number;
      readonly headers: Readonly<Record<string, unknown>>;
      // biome-ignore lint/suspicious/noExplicitAny: tests read fields of whatever the API answers
      readonly body: any;
    }>();
    const options = { host: '127.0.0.1', port, path, method, agent: false, rejectUnauthorized: false };
    const asked = request({ ...options, headers: { ...headers, ...type } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: parsed(text) }),
      );
    });
    asked.on('error', reject);
    asked.end(sent);
    return promise;
  };
  const commonName = async (): Promise<unknown> => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const { subject } = socket.getPeerCertificate();
    socket.destroy();
    return subject.CN;
  };
  return { daemon, ask, commonName };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test('a made token signs in, survives a restart, and dies with its session when it is revoked', async () => {
  const { daemon, ask } = await appliance();
  await using _ = daemon;
  await daemon.start();
  const admin = { headers: bearer(ADMIN) };
  const made = await ask({
    ...admin,
    method: 'POST',
    path: '/api/v1/tokens',
    body: { name: 'panel', scopes: ['read'], expires_in: '90d' },
  });
  assert.equal(made.status, 200);
  const entered = await ask({ method: 'POST', path: '/login', body: { token: made.body.token } });
  assert.match(entered.body.csrf_token, /^[0-9a-f]{64}$/);
  const cookie = String(entered.headers['set-cookie']).split(';')[0] ?? '';
  const page = await ask({ path: '/', headers: { cookie } });
  assert.ok(String(page.body).includes(`<meta name="csrf-token" content="${entered.body.csrf_token}">`));

  await daemon.stop();
  await daemon.start();
  const status = async () => {
    const [token, session] = await Promise.all([
      ask({ path: '/api/v1/status', headers: bearer(made.body.token) }),
      ask({ path: '/api/v1/status', headers: { cookie } }),
    ]);
    return [token.status, session.status];
  };
  assert.deepEqual(await status(), [200, 200]);
  const [session] = (await ask({ ...admin, path: '/api/v1/sessions' })).body;
  assert.deepEqual([session.name, session.peer, session.current], ['panel', '127.0.0.1', false]);

  const revoked = await ask({ ...admin, method: 'DELETE', path: `/api/v1/tokens/${made.body.id}` });
  assert.deepEqual(revoked.body, { status: 'revoked', id: made.body.id, name: 'panel' });
  assert.deepEqual(await status(), [401, 401]);
  const [configured, ...others] = (await ask({ ...admin, path: '/api/v1/tokens' })).body;
  assert.deepEqual([configured.name, configured.source, others], ['operator', 'config', []]);
  const refused = await ask({ ...admin, method: 'DELETE', path: `/api/v1/tokens/${configured.id}` });
  assert.equal(refused.status, 409);
  assert.match(refused.body.error, /stands in the config file/);

  await daemon.stop();
  await daemon.start();
  assert.deepEqual(await status(), [401, 401]);
});

test('guessing at the login is slowed down, the admin with a token is not', async () => {
  const { daemon, ask } = await appliance();
  await using _ = daemon;
  await daemon.start();
  const guess = () => ask({ method: 'POST', path: '/login', body: { token: 'a-guess-at-the-token' } });
  for (let i = 0; i < 5; i++) assert.equal((await guess()).status, 401);
  const late = await guess();
  assert.deepEqual([late.status, late.headers['retry-after']], [429, '1']);
  assert.equal((await ask({ path: '/api/v1/status', headers: bearer(ADMIN) })).status, 200);
});

test("an operator's certificate is served, and its renewal taken up while running", async () => {
  const { daemon, commonName } = await appliance('tls_cert: STATE/edge.crt', 'tls_key: STATE/edge.key');
  await using _ = daemon;
  const place = async (name: string) => {
    for (const [kind, file] of [
      ['cert', 'edge.crt'],
      ['key', 'edge.key'],
    ] as const) {
      await copyFile(join(ROOT, 'test/fixtures/tls', `${name}.${kind}.pem`), join(daemon.state, `${file}.new`));
      await rename(join(daemon.state, `${file}.new`), join(daemon.state, file));
    }
  };
  await daemon.configure((await readFile(daemon.configFile, 'utf8')).replaceAll('STATE', daemon.state));
  await place('one');
  await daemon.start();
  assert.equal(await commonName(), 'test-one');
  await place('two');
  await waitFor('the new certificate', async () => ((await commonName()) === 'test-two' ? true : undefined));
});

test('a certificate without its key refuses the start and names both settings', async () => {
  const { daemon } = await appliance('tls_cert: /etc/ssl/edge.crt');
  await using _ = daemon;
  assert.equal(await daemon.launch(), exitCode('config'));
  assert.match(daemon.output, /webui\.tls_cert and webui\.tls_key belong together; webui\.tls_key is missing/);
});
