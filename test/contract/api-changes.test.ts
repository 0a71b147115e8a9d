import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fail } from '../../core/base/result.ts';
import { millis, rfc3339 } from '../../core/base/time.ts';
import type { ChangeId } from '../../core/change/change.ts';
import { START } from '../support/api/fake-appliance.ts';
import { FakeDesks } from '../support/api/fake-desks.ts';
import { PREVIEW } from '../support/api/fake-previews.ts';
import { CHANGE_ID, ENDED, ENDED_ID, FakeTrials, TRIED } from '../support/api/fake-trials.ts';
import type { Ask } from '../support/api/harness.ts';
import { ApiHarness, bearer } from '../support/api/harness.ts';
import { eventsIn, StreamClient } from '../support/api/stream-client.ts';

const headers = bearer('admin-token');

/** The harness, and the trials that its tables see. */
function bench() {
  const trials = new FakeTrials();
  const desks = Object.assign(new FakeDesks(), { changes: trials });
  const api = new ApiHarness({}, desks);
  const ask = (target: string, more: Partial<Ask> = {}) =>
    api.ask({ target: `/api/v1/changes${target}`, headers, ...more });
  const post = (target: string, more: Partial<Ask> = {}) => ask(target, { method: 'POST', ...more });
  return { api, desks, trials, ask, post };
}

test('what is on trial is told with its deadline, what is left, and by whose word', async () => {
  const { ask, trials } = bench();
  const answer = (await ask('/pending')).json() as { pending: boolean; change: Record<string, unknown> };
  assert.equal(answer.pending, true);
  const { deadline, seconds_remaining: left, by, evidence } = answer.change;
  assert.deepEqual([deadline, left, by], [rfc3339(millis(START + 240_000)), 240, TRIED.word]);
  assert.equal((evidence as unknown[]).length, 2);
  trials.current = undefined;
  assert.deepEqual((await ask('/pending')).json(), { pending: false });
});

test('the history comes newest first and page by page, without evidence', async () => {
  const { ask, trials } = bench();
  trials.ended = Array.from({ length: 150 }, (_, i) => ({ ...ENDED, id: idOf(149 - i) }));
  const first = (await ask('')).json() as { changes: { id: string; evidence?: unknown }[]; next_before?: string };
  assert.equal(first.changes.length, 100);
  assert.deepEqual([first.changes[0]?.id, first.changes[0]?.evidence], [CHANGE_ID, undefined]);
  const second = (await ask(`?before=${first.next_before}`)).json() as typeof first;
  assert.equal(second.changes.length, 51);
  assert.equal(second.next_before, undefined);
  assert.equal((await ask('?before=x')).status, 400);
});

const idOf = (n: number) => `019b6fff-0000-7000-8000-${String(n).padStart(12, '0')}` as ChangeId;

test('a change is told with its evidence and its verdict, and one that is not known is 404', async () => {
  const { ask } = bench();
  const { verdict, evidence } = (await ask(`/${ENDED_ID}`)).json() as Record<string, Record<string, unknown>>;
  assert.equal(verdict?.['by'], 'deadline');
  assert.equal(evidence?.['length'], 2);
  for (const id of [idOf(1), 'x', '%20']) assert.equal((await ask(`/${id}`)).status, 404, id);
});

test('a confirmation over the control socket says why nothing is known of its connection', async () => {
  const { trials, post } = bench();
  const principal = { kind: 'local', id: 'local', name: 'root', scopes: ['read', 'admin'] } as const;
  const answer = await post(`/${CHANGE_ID}/confirm`, { principal, peer: 'local', headers: {} });
  assert.equal(answer.status, 200);
  const [[, asked]] = trials.asked as [[string, { word: unknown; connection: unknown }]];
  assert.deepEqual(asked.word, { actor: 'root', origin: 'cli', peer: 'local' });
  assert.deepEqual(asked.connection, { unknown: 'the control socket does not show that the network works' });
});

test('confirming and reverting are audited with what they were about', async () => {
  for (const [verb, action] of [
    ['confirm', 'confirm_change'],
    ['revert', 'revert_change'],
  ] as const) {
    const { api, post } = bench();
    assert.equal((await post(`/${CHANGE_ID}/${verb}`)).status, 200);
    const [record] = api.audits;
    assert.deepEqual([record?.action, record?.target], [action, CHANGE_ID]);
    assert.deepEqual(record?.details, { summary: TRIED.summary });
  }
});

test('an old connection is refused, closed, and the client told to come over a new one', async () => {
  const { post, trials } = bench();
  trials.refusal = 'old_connection';
  const answer = await post(`/${CHANGE_ID}/confirm`);
  assert.equal(answer.status, 409);
  assert.deepEqual([answer.headers['connection'], answer.headers['x-retry-over']], ['close', 'new-connection']);
});

test('a word for another change hears how that ended, what is on trial instead, and until when', async () => {
  const { post, trials } = bench();
  for (const verb of ['confirm', 'revert']) {
    const answer = await post(`/${ENDED_ID}/${verb}`);
    const until = rfc3339(millis(START + 240_000));
    assert.equal(answer.status, 409);
    const { error } = answer.json() as { error: string };
    assert.match(error, /^that change was reverted at .*: nobody confirmed it in time; /);
    assert.ok(error.endsWith(`operator from 192.0.2.2 has firewall.denied_networks on trial until ${until}`), error);
  }
  trials.current = undefined;
  const { error } = (await post(`/${idOf(1)}/confirm`)).json() as { error: string };
  assert.equal(error, 'that change is not on trial; nothing is on trial');
});

test('a kernel that refuses is 500 with the reason', async () => {
  const { post, trials } = bench();
  trials.refusal = 'failed';
  assert.equal((await post(`/${CHANGE_ID}/confirm`)).status, 500);
});

test('who may only read sees trials and decides nothing', async () => {
  const { ask, post } = bench();
  const reader = bearer('read-token');
  assert.equal((await ask('/pending', { headers: reader })).status, 200);
  for (const target of [`/${CHANGE_ID}/confirm`, `/${CHANGE_ID}/revert`, '/preview'])
    assert.equal((await post(target, { headers: reader })).status, 401, target);
});

const PROPOSAL = JSON.stringify({ section: 'firewall', changes: { denied_networks: ['192.0.2.0/24'] } });

test('a preview says what would change and whom it would cut, and changes nothing', async () => {
  const { post, desks } = bench();
  const answer = await post('/preview', { body: PROPOSAL });
  const seen = answer.json() as Record<string, Record<string, unknown>>;
  assert.deepEqual(seen['settings'], PREVIEW.settings);
  assert.deepEqual(seen['rules'], { diff: PREVIEW.rules.lines });
  assert.deepEqual(seen['sources']?.['cut'], PREVIEW.sources.cut);
  assert.equal(seen['sessions']?.['cuts_you'], true);
  assert.deepEqual(seen['you'], PREVIEW.you);
  assert.deepEqual(
    desks.previews.asked.map(({ section, peer }) => [section, peer]),
    [['firewall', '198.51.100.1']],
  );
});

test('a preview of what is wrong says which field', async () => {
  const { post, desks } = bench();
  const problems = [{ field: 'firewall.denied_networks', message: 'is no network' }];
  desks.previews.refusal = { ...fail('invalid', 'wrong'), problems };
  const wrong = await post('/preview', { body: PROPOSAL });
  assert.deepEqual([wrong.status, wrong.json()], [422, { errors: problems }]);
  desks.previews.refusal = fail('unknown_section', 'there is no section "x"');
  assert.equal((await post('/preview', { body: PROPOSAL })).status, 404);
});

test('the stream tells what is on trial at once, every change of it, and the time left every few seconds', async () => {
  const { api, trials } = bench();
  const client = new StreamClient();
  const reply = await api.ask({ target: '/api/v1/events/changes', headers, signal: client.signal });
  reply.stream?.start(client);
  const told = () =>
    eventsIn(client.read().received).map(({ event, data }) => [event, data as Record<string, unknown>] as const);
  assert.deepEqual(told()[0]?.[0], 'change');
  assert.equal(told()[0]?.[1]['seconds_remaining'], 240);
  trials.left = millis(235_000);
  api.clock.advance(5000);
  assert.equal(told()[1]?.[1]['seconds_remaining'], 235);
  await trials.revert({ id: CHANGE_ID, word: TRIED.word });
  const { pending, state, why } = told()[2]?.[1] ?? {};
  assert.deepEqual([pending, state, why], [false, 'reverted', 'said so']);
  api.clock.advance(60_000);
  assert.equal(told().length, 3, 'nothing is on trial, so nothing is told');
  client.leave();
  assert.equal(trials.listeners, 0);
});
