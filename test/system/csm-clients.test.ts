import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Daemon, stateDir } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { Namespace, notRoot } from '../support/namespaces.ts';
import { ROOT } from '../support/root.ts';
import { sharedFile } from '../support/shared.ts';

const run = promisify(execFile);
const TOKEN = 'a-token-of-thirty-characters-or-so';

const missing = (() => {
  try {
    execFileSync('curl', ['--version'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'there is no curl on this machine';
  }
})();

let daemon: Daemon;
let port: number;

before(async () => {
  daemon = new Daemon(await stateDir());
  port = await freePort();
  await daemon.configure(`
hostname: edge01
webui:
  listen: 127.0.0.1:${port}
  tokens: [{ name: operator, token: ${TOKEN}, scope: admin }]
`);
  await daemon.start();
});
after(() => daemon[Symbol.asyncDispose]());

/** Runs the text in a shell as it stands, but for host and token. */
async function shell(text: string, to = { daemon, port }): Promise<string> {
  const { state } = to.daemon;
  const script = text.replaceAll('YOUR_TOKEN', TOKEN).replaceAll('https://server:9443', `https://127.0.0.1:${to.port}`);
  const env = { ...process.env, CURL_CA_BUNDLE: join(state, 'tls/ca.crt') };
  const { stdout } = await run('sh', ['-euc', script], { cwd: state, env, timeout: 30_000 });
  return stdout;
}

/** The values of a JSON text that holds one after the other, each on lines of its own. */
const valuesIn = (text: string): Record<string, unknown>[] =>
  text
    .split(/(?<=^\}\n)/m)
    .filter((part) => part.trim() !== '')
    .map((part) => JSON.parse(part) as Record<string, unknown>);

const seed = sharedFile('seeds/csm.txt');
const seedLines = (seed ?? '').split('\n').filter((line) => line.startsWith('curl '));

test('the curl lines of CSM’s documentation run as they stand', {
  skip: missing || (seed === undefined && 'no seeds/csm.txt beside the checkout'),
}, async () => {
  assert.equal(seedLines.length, 2);
  for (const line of seedLines) {
    const [status] = valuesIn(await shell(line));
    assert.deepEqual([status?.['hostname'], status?.['status']], ['edge01', 'degraded'], line);
  }
});

test('the lines of our own page do too: bearer, cookie, login and CSRF', { skip: missing }, async () => {
  const page = readFileSync(join(ROOT, 'docs/surfaces/csm.md'), 'utf8');
  const block = /```sh\n(.*?)```/s.exec(page)?.[1] ?? '';
  for (const line of seedLines) assert.ok(block.includes(line), line);
  const answers = valuesIn(await shell(block));
  assert.deepEqual(
    answers.map(({ hostname, status, error }) => hostname ?? error ?? status),
    ['edge01', 'edge01', 'temp_allowed', 'Invalid CSRF token', 'removed'],
  );
  const { body: audit } = await daemon.call('GET', '/api/v1/audit');
  assert.deepEqual(
    audit.map(({ action, target, actor_kind }: Record<string, string>) => `${action} ${target} ${actor_kind}`),
    ['remove_allow 192.0.2.7 token', 'allow_ip 192.0.2.7 session', 'login operator anonymous'],
  );
});

test('answers are compressed for who asks, and told unchanged to who has them', { skip: missing }, async () => {
  const url = `https://server:9443/api/v1/openapi.json`;
  const ask = `curl -s -D- -H "Authorization: Bearer YOUR_TOKEN" ${url}`;
  const [head = '', body = ''] = (await shell(`${ask} --compressed -H "Accept-Encoding: br, gzip"`)).split('\r\n\r\n');
  assert.match(head, /content-encoding: (?:br|gzip)/i);
  assert.equal((JSON.parse(body) as { openapi: string }).openapi, '3.1.1');
  const etag = /etag: (\S+)/i.exec(head)?.[1] ?? '';
  assert.match(await shell(`${ask} -H 'If-None-Match: ${etag}'`), /^HTTP\/1\.1 304 /);
});

test('metrics are for the scraper, in its format', { skip: missing }, async () => {
  const text = await shell('curl -s -H "Authorization: Bearer YOUR_TOKEN" https://server:9443/metrics');
  for (const name of ['bartizan_build_info', 'bartizan_http_requests_total', 'process_open_fds'])
    assert.match(text, new RegExp(`^# TYPE ${name} (?:gauge|counter)$`, 'm'));
  const answered = /bartizan_http_requests_total\{code="2xx"\} (\d+)/.exec(text)?.[1];
  assert.ok(Number(answered) > 0);
});

test('blocks are lifted in bulk and put back, flushed, unbanned and denied as CSM’s clients ask for it', {
  skip: missing || notRoot,
}, async () => {
  using edge = new Namespace('edge');
  await using enforcing = new Daemon(await stateDir());
  const own = { daemon: enforcing, port: await freePort() };
  await enforcing.configure(`
hostname: edge02
webui:
  listen: 127.0.0.1:${own.port}
  tokens: [{ name: operator, token: ${TOKEN}, scope: admin }]
firewall: { enabled: true, netns: ${edge.name} }
`);
  await enforcing.start();
  const ask = async (method: string, path: string, body?: object): Promise<Record<string, unknown>> => {
    const data = body === undefined ? '' : ` -d '${JSON.stringify(body)}'`;
    const url = `https://server:9443/api/v1/${path}`;
    const line = `curl -s -X ${method} -H "Authorization: Bearer YOUR_TOKEN"${data} ${url}`;
    return JSON.parse(await shell(line, own)) as Record<string, unknown>;
  };
  const held = async (set: string) => {
    const text = await edge.run('nft', 'list', 'set', 'inet', 'bartizan', set);
    return ['198.51.100.7', '198.51.100.8', '203.0.113.0/24'].filter((key) => text.includes(key));
  };
  const ips = ['198.51.100.7', '198.51.100.8'];
  for (const ip of ips) await ask('POST', 'block-ip', { ip, reason: 'curl', duration: '2h' });
  const bulk = await ask('POST', 'unblock-bulk', { ips });
  assert.deepEqual([bulk['status'], bulk['succeeded'], await held('blocked4')], ['completed', 2, []]);
  const pending = await ask('GET', 'undo/pending');
  assert.deepEqual([pending['id'], pending['inverse']], [bulk['undo_token'], 'firewall_bulk_reblock']);
  const undone = await ask('POST', 'undo/run', { id: pending['id'] });
  assert.deepEqual([undone['status'], undone['count'], await held('blocked4')], ['ok', 2, ips]);
  const { expires_in: left } = ((await ask('GET', 'blocked-ips')) as unknown as Record<string, string>[])[0] ?? {};
  assert.match(left ?? '', /^1h59m$/);

  const denied = await ask('POST', 'firewall/deny-subnet', { cidr: '203.0.113.9/24', duration: '' });
  assert.deepEqual([denied['status'], await held('blocked_nets4')], ['blocked', ['203.0.113.0/24']]);
  const unbanned = await ask('POST', 'firewall/unban', { ip: '203.0.113.77' });
  assert.deepEqual([unbanned['success'], unbanned['subnet_removed']], [true, '203.0.113.0/24']);
  assert.deepEqual(await ask('POST', 'firewall/cphulk-clear', { ip: ips[0] }), { status: 'flushed', ip: ips[0] });
  assert.equal((await ask('POST', 'firewall/flush'))['status'], 'flushed');
  assert.deepEqual([await held('blocked4'), await held('blocked_nets4')], [[], []]);
  assert.equal((await ask('POST', 'undo/run', { id: '' }))['count'], 2);
  assert.equal((await ask('POST', 'undo/run', { id: bulk['undo_token'] }))['error'], 'Undo window expired');
  assert.deepEqual(await held('blocked4'), ips);
  const actions = ((await ask('GET', 'audit')) as unknown as { action: string }[]).map(({ action }) => action);
  for (const action of ['undo_firewall_bulk_unblock', 'undo_firewall_flush', 'flush', 'unban'])
    assert.ok(actions.includes(action), action);
});
