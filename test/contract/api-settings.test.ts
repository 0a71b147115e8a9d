import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lexer } from 'yaml';
import { minutes } from '../../core/base/time.ts';
import { sameValue } from '../../core/config/change.ts';
import { SETTINGS_SECTIONS, sectionOf } from '../../core/config/sections.ts';
import { view } from '../../core/config/setting.ts';
import { FakeDesks } from '../support/api/fake-desks.ts';
import { ApiHarness, bearer } from '../support/api/harness.ts';
import { fc } from '../support/random.ts';
import { rightFields, valueIn, wrongValue } from '../support/setting-values.ts';
import { SettingsBench } from '../support/settings-bench.ts';
import { BASES } from '../unit/core/config/edit-property.ts';

const headers = bearer('admin-token');
const SECRET = 'secret-secret-secret';

function harness(text = '') {
  const desks = new FakeDesks();
  const bench = new SettingsBench(text, desks.bench.clock);
  const api = new ApiHarness({}, Object.assign(desks, { bench, settings: bench.settings, changes: bench.changes }));
  const post = (path: string, body: unknown, ifMatch: string | undefined = bench.etag) =>
    api.ask({
      method: 'POST',
      target: `/api/v1/settings/${path}`,
      headers: { ...headers, ...(ifMatch === '' ? {} : { 'if-match': ifMatch }) },
      body: JSON.stringify(body),
    });
  const get = (path: string) => api.ask({ target: `/api/v1/settings${path}`, headers });
  return { api, bench, post, get };
}

// biome-ignore lint/suspicious/noExplicitAny: tests read fields of whatever the API answers
type Any = any;

test('the list names every section, its group and its fields', async () => {
  const { groups, sections } = (await harness().get('')).json() as Any;
  assert.deepEqual(groups, ['Alerting', 'Detection', 'Firewall', 'Integrations', 'Operations']);
  assert.deepEqual(
    sections.map((one: Any) => one.id),
    SETTINGS_SECTIONS.map(({ id }) => id),
  );
  const infra = sections.find((one: Any) => one.id === 'infra_ips');
  assert.equal(infra.fields[0].yaml_path, '');
});

test('a section: values without secrets, the etag in body and header alike, unquoted', async () => {
  const { get, bench } = harness(`webui:\n  metrics_token: ${SECRET}\ninfra_ips: [192.0.2.1]\n`);
  const answer = await get('/webui');
  const body = answer.json() as Any;
  assert.equal(body.values.metrics_token, '***REDACTED***');
  assert.deepEqual([body.etag, answer.headers['etag']], [bench.etag, bench.etag]);
  assert.deepEqual([body.pending_restart, body.pending_fields, body.pending_sections], [false, [], []]);
  assert.deepEqual(((await get('/infra_ips')).json() as Any).values, { infra_ips: ['192.0.2.1'] });
  assert.equal((await get('/nonsense')).status, 404);
  assert.equal((await get('/restart')).status, 405);
});

for (const [form, of] of [
  ['unquoted', (etag: string) => etag],
  ['quoted', (etag: string) => `"${etag}"`],
  ['weak', (etag: string) => `W/"${etag}"`],
  ['one of several', (etag: string) => `"x", "${etag}"`],
  ['*', () => '*'],
] as const) {
  test(`a write takes an If-Match that is ${form}`, async () => {
    const { post, bench } = harness('# ours\n');
    const answer = await post('log', { changes: { level: 'debug' } }, of(bench.etag));
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.json(), {
      applied: ['log.level'],
      requires_restart: ['log.level'],
      pending_restart: true,
      pending_sections: [{ id: 'log', title: "Bartizan's own log" }],
      warnings: [],
      new_etag: bench.etag,
    });
    assert.equal(bench.file.disk, '# ours\nlog:\n  level: debug\n');
  });
}

for (const { name, section = 'log', body, ifMatch, status } of [
  { name: 'without If-Match', body: { changes: {} }, ifMatch: '', status: 400 },
  { name: 'for another state', body: { changes: { level: 'debug' } }, ifMatch: 'x', status: 412 },
  { name: 'of an unknown section', section: 'nonsense', body: { changes: {} }, status: 404 },
  { name: 'of an unknown field', body: { changes: { levle: 'debug' } }, status: 422 },
  { name: 'with a wrong value', body: { changes: { level: 'loud' } }, status: 422 },
  { name: 'without changes', body: {}, status: 400 },
  { name: 'with an unknown key', body: { changes: {}, force: true }, status: 400 },
  { name: 'of a setting that is changed by hand', section: 'state_dir', body: { changes: { '': '/x' } }, status: 404 },
  { name: 'larger than 256 KiB', body: { changes: { level: 'x'.repeat(256 * 1024) } }, status: 413 },
]) {
  test(`a write ${name} is ${status} and touches nothing`, async () => {
    const { post, bench } = harness('# ours\n');
    const answer = await post(section, body, ifMatch);
    assert.equal(answer.status, status, answer.text);
    if (status === 422) assert.deepEqual((answer.json() as Any).errors.length, 1);
    assert.equal(bench.file.disk, '# ours\n');
  });
}

test('a list of 5000 networks fits a body of more than 64 KiB', async () => {
  const { post } = harness();
  const list = Array.from({ length: 5000 }, (_, i) => `203.0.${i >> 8}.${i & 255}`);
  assert.equal((await post('infra_ips', { changes: { '': list } })).status, 200);
});

test('a write after a hand edit is 412 until the edit is taken over', async () => {
  const { post, get, bench } = harness('# ours\n');
  bench.file.disk = '# theirs\nauto_response: { dry_run: true }\n';
  const shown = (await get('/log')).json() as Any;
  assert.equal(shown.edited_on_disk, true);
  for (const tag of ['*', shown.etag]) {
    assert.equal((await post('log', { changes: { level: 'debug' } }, tag)).status, 412);
  }
  const taken = (await post('reload', {})).json() as Any;
  assert.deepEqual([taken.applied, taken.pending_restart], [['auto_response.dry_run'], false]);
  assert.equal((await post('log', { changes: { level: 'debug' } })).status, 200);
});

test('a secret is never in an answer, a log or the audit', async () => {
  const { post, api } = harness();
  const tokens = [{ name: 'panel', token: SECRET, scope: 'read' }];
  const answers = [
    await post('webui', { changes: { metrics_token: SECRET, tokens } }),
    await post('webui', { changes: { metrics_token: [SECRET], tokens: [{ ...tokens[0], scope: 'all' }] } }),
  ];
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 409],
  );
  const said = JSON.stringify([answers.map(({ text }) => text), api.audits, api.logs]);
  assert.doesNotMatch(said, new RegExp(SECRET));
  assert.deepEqual(api.audits[0]?.details, { applied: 'webui.tokens webui.metrics_token' });
});

test('what can cut is on trial, forced with a reason that is audited it is not', async () => {
  const { post, bench, api } = harness();
  const { change } = (await post('infra_ips', { changes: { '': ['192.0.2.1'] } })).json() as Any;
  const { expires_at: expires, ...rest } = change;
  assert.deepEqual(rest, {
    id: bench.changes.pending()?.change.id,
    state: 'awaiting',
    confirmed_by: 'probes',
    restarts: false,
  });
  assert.equal(Date.parse(expires) - bench.clock.now(), minutes(5));
  assert.equal((await post('infra_ips', { changes: { '': [] } })).status, 409);
  assert.equal((await post('firewall/revert', {})).status, 200);
  const forced = await post('infra_ips', { changes: { '': ['192.0.2.1'] }, force_reason: 'on site' });
  const { id: _, ...ended } = (forced.json() as Any).change;
  assert.deepEqual(ended, { state: 'confirmed', expires_at: '', confirmed_by: 'probes', restarts: false });
  assert.deepEqual(api.audits.at(-1)?.details, { applied: 'infra_ips', force_reason: 'on site' });
});

test('restart: 202 with the token of this run, and the end of it a quarter of a second later', async () => {
  const { post, bench, api } = harness();
  const answer = await post('restart', {});
  const { started_at_token: token, status } = answer.json() as Any;
  const now = (await api.ask({ target: '/api/v1/status', headers })).json() as Any;
  assert.deepEqual([answer.status, status, token], [202, 'restart issued', now.started_at_token]);
  bench.clock.advance(250);
  assert.equal(bench.restarts, 1);
});

test('tentative-apply, rollback, confirm: as CSM shapes them', async () => {
  const { post, get, bench, api } = harness();
  const idle = { pending: false, applied_at: '0001-01-01T00:00:00Z', expires_at: '0001-01-01T00:00:00Z' };
  assert.deepEqual((await get('/firewall/rollback')).json(), idle);
  assert.equal((await post('firewall/confirm', {})).status, 409);
  assert.equal((await post('firewall/revert', {})).status, 409);
  const before = bench.etag;
  const changes = { denied_networks: ['203.0.113.0/24'] };
  const { rollback, ...issued } = (await post('firewall/tentative-apply', { changes })).json() as Any;
  assert.deepEqual(issued, {
    status: 'tentative-apply issued',
    warnings: [],
    new_etag: bench.etag,
    applied: ['firewall.denied_networks'],
    requires_restart: true,
  });
  const { change_id: id, ...pending } = rollback;
  assert.deepEqual(pending, {
    pending: true,
    applied_at: new Date(bench.clock.now()).toISOString(),
    expires_at: new Date(bench.clock.now() + minutes(5)).toISOString(),
    seconds_remaining: 300,
    applied_by: '198.51.100.1',
    prev_hash: `sha256:${before}`,
    new_hash: `sha256:${bench.etag}`,
  });
  assert.equal(id, bench.changes.pending()?.change.id);
  const { automation } = (await api.ask({ target: '/api/v1/status', headers })).json() as Any;
  assert.equal(automation.firewall_rollback_pending, true);
  assert.equal((await post('firewall/tentative-apply', { changes })).status, 409);
  assert.deepEqual((await post('firewall/confirm', {})).json(), { status: 'confirmed' });
  assert.deepEqual((await get('/firewall/rollback')).json(), idle);
  assert.deepEqual(bench.firewall.confirmed.denied, ['203.0.113.0/24']);
});

for (const { asked, minutes: length } of [
  { asked: undefined, minutes: 5 },
  { asked: 0, minutes: 5 },
  { asked: -3, minutes: 1 },
  { asked: 1, minutes: 1 },
  { asked: 90, minutes: 30 },
]) {
  test(`a timeout_min of ${asked} is ${length} minutes`, async () => {
    const { post } = harness();
    const body = { changes: { on_stop: 'remove' }, ...(asked === undefined ? {} : { timeout_min: asked }) };
    const { rollback } = (await post('firewall/tentative-apply', body)).json() as Any;
    assert.equal(rollback.seconds_remaining, length * 60);
  });
}

for (const { name, body, ifMatch, status } of [
  { name: 'without If-Match', body: { changes: { on_stop: 'remove' } }, ifMatch: '', status: 400 },
  { name: 'for another state', body: { changes: { on_stop: 'remove' } }, ifMatch: 'x', status: 412 },
  { name: 'with a wrong value', body: { changes: { on_stop: 'maybe' } }, status: 422 },
  { name: 'that changes nothing', body: { changes: { on_stop: 'keep' } }, status: 422 },
]) {
  test(`a tentative-apply ${name} is ${status}`, async () => {
    const { post, bench } = harness();
    assert.equal((await post('firewall/tentative-apply', body, ifMatch)).status, status);
    assert.deepEqual([bench.file.disk, bench.changes.pending()], ['', undefined]);
  });
}

test('a confirmation over a connection from before the trial is refused, and that connection ended', async () => {
  const { post, bench, api } = harness();
  await post('firewall/tentative-apply', { changes: { on_stop: 'remove' } });
  const confirm = (connectionOpenedAt: number) =>
    api.ask({ method: 'POST', target: '/api/v1/settings/firewall/confirm', headers, connectionOpenedAt });
  const old = await confirm(bench.clock.now());
  assert.deepEqual([old.status, old.headers['connection']], [409, 'close']);
  assert.equal((await confirm(bench.clock.now() + 1)).status, 200);
});

const comments = (text: string): readonly string[] =>
  [...new Lexer().lex(text)].filter((token) => token.startsWith('#')).map((comment) => comment.trim());
const keysInOrder = (text: string, known: ReadonlySet<string>): readonly string[] =>
  [...text.matchAll(/^([a-z_]+):/gm)].map(([, key = '']) => key).filter((key) => known.has(key));

const PLAIN = ['', '# nothing yet\n', BASES['first start'], BASES['by hand']];

/** A field as it is read back: a list entry has its defaults filled in. */
const holds = (wanted: unknown, found: unknown): boolean => {
  if (Array.isArray(wanted) && Array.isArray(found)) {
    return wanted.length === found.length && wanted.every((one, i) => holds(one, found[i]));
  }
  if (typeof wanted !== 'object' || wanted === null) return sameValue(wanted, found);
  return Object.entries(wanted).every(([key, one]) => holds(one, (found as Record<string, unknown>)[key]));
};

for (const section of SETTINGS_SECTIONS)
  test(`any right change of ${section.id} is what a new start reads; comments and order stay`, async () => {
    const anyText = fc.constantFrom(...PLAIN);
    const property = fc.asyncProperty(anyText, rightFields(section), async (text, changes) => {
      const { post, bench } = harness(text);
      const answer = await post(section.id, { changes, force_reason: 'a test' });
      assert.equal(answer.status, 200, answer.text);
      for (const field of section.fields.filter(({ key }) => key in changes)) {
        assert.ok(holds(changes[field.key], valueIn(bench.file.disk, field)), field.placed.path);
      }
      const isPlain = Object.values(changes).every((value) => !Array.isArray(value));
      if (isPlain) assert.deepEqual(comments(bench.file.disk), comments(text));
      const known = new Set(keysInOrder(text, new Set(SETTINGS_SECTIONS.map(({ id }) => id))));
      assert.deepEqual(keysInOrder(bench.file.disk, known), keysInOrder(text, known));
    });
    await fc.assert(property, { numRuns: 12 });
  });

for (const section of SETTINGS_SECTIONS)
  test(`any wrong change of ${section.id} is 422, names the field, and the file stays byte for byte`, async () => {
    const wrong = fc.constantFrom(...section.fields).chain((field) => fc.tuple(fc.constant(field), wrongValue(field)));
    const property = fc.asyncProperty(
      fc.constantFrom(...PLAIN),
      wrong,
      rightFields(section),
      async (text, [field, value], others) => {
        const { post, bench } = harness(text);
        const answer = await post(section.id, { changes: { ...others, [field.key]: value }, force_reason: 'a test' });
        assert.equal(answer.status, 422, `${field.placed.path} ${JSON.stringify(value)} ${answer.text}`);
        const { errors } = answer.json() as Any;
        assert.ok(
          errors.some((one: Any) => one.field.startsWith(field.placed.path)),
          answer.text,
        );
        assert.equal(bench.file.disk, text);
      },
    );
    await fc.assert(property, { numRuns: 15 });
  });

test('an optional setting is taken out by null, and its lines with it', async () => {
  const text = 'webui:\n  # which\n  metrics_token: 0123456789abcdef # here\n  access_log: true\n';
  const { post, bench } = harness(text);
  assert.equal((await post('webui', { changes: { metrics_token: null }, force_reason: 'a test' })).status, 200);
  assert.equal(bench.file.disk, 'webui:\n  # which\n  access_log: true\n');
  const flow = harness('webui: { access_log: true, metrics_token: 0123456789abcdef }\n');
  await flow.post('webui', { changes: { metrics_token: null }, force_reason: 'a test' });
  assert.equal(flow.bench.file.disk, 'webui: { access_log: true }\n');
});

test('every optional setting is offered with null', () => {
  const webui = sectionOf('webui');
  const nullable = webui?.fields.filter(({ placed }) => placed.setting.optional).map(({ key }) => key);
  assert.deepEqual(nullable, ['metrics_token', 'auth_token', 'tls_cert', 'tls_key']);
  assert.ok(webui?.fields.every(({ placed }) => view(placed.setting.schema).description));
});
