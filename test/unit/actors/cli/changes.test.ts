import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCommand } from '../../../support/cli.ts';

const ID = '019b7000-0000-7000-8000-00000000c001';
const change = {
  id: ID,
  summary: 'firewall.denied_networks\u001b[31m',
  state: 'awaiting',
  by: { actor: 'operator', origin: 'web_ui', peer: '192.0.2.2' },
  proposed_at: '2026-01-01T00:00:00.000Z',
  confirmed_by: 'probes',
  deadline: '2026-01-01T00:05:00.000Z',
  seconds_remaining: 247,
  evidence: [{ probe: 'dns', at: '2026-01-01T00:00:09.000Z', result: 'failed', detail: 'no answer from 192.0.2.53' }],
};
const PENDING = '/api/v1/changes/pending';
const onTrial = { answers: { [PENDING]: { pending: true, change } } };
const nothing = { answers: { [PENDING]: { pending: false } } };

test('a technician sees what is on trial, how long it still has, what the probes say and what to type', async () => {
  for (const argv of [['change'], ['change', 'show']]) {
    const { code, out } = await runCommand(argv, onTrial);
    assert.equal(code, 0);
    assert.match(out, /^ON TRIAL +firewall\.denied_networks\\x1b\[31m\ntime left +4 min 07 s\n/);
    assert.match(out, /proposed by +operator from 192\.0\.2\.2\n/);
    assert.match(out, /dns +FAILED +no answer from 192\.0\.2\.53/);
    assert.match(out, /It is taken back unless its probes pass or somebody says: bartizan change confirm\n$/);
  }
  assert.equal((await runCommand(['change'], nothing)).out, 'nothing is on trial\n');
});

test('confirm and revert mean what is on trial, or the change that is named', async () => {
  for (const [verb, said] of [
    ['confirm', 'is confirmed: it stays'],
    ['revert', 'is taken back'],
  ]) {
    const path = `/api/v1/changes/${ID}/${verb}`;
    const world = { answers: { ...onTrial.answers, [path]: change } };
    const meant = await runCommand(['change', verb ?? ''], world);
    assert.deepEqual(meant.asked, [
      { method: 'GET', path: PENDING },
      { method: 'POST', path },
    ]);
    assert.ok(meant.out.endsWith(`${said}\n`), meant.out);
    const named = await runCommand(['change', verb ?? '', ID], world);
    assert.deepEqual(named.asked, [{ method: 'POST', path }]);
  }
});

test('there is nothing to decide while nothing is on trial', async () => {
  const { code, err, asked } = await runCommand(['change', 'confirm'], nothing);
  assert.deepEqual([code, err, asked.length], [4, 'bartizan: nothing is on trial\n', 1]);
});

test('a refusal is told in the words of the appliance', async () => {
  const answer = { status: 409, body: { error: 'that change was reverted' } };
  const { code, err } = await runCommand(['change', 'confirm', 'a/b'], { answer });
  assert.deepEqual([code, err], [4, 'bartizan: that change was reverted\n']);
});

test('the list tells how each ended, and one is shown with why', async () => {
  const verdict = {
    result: 'reverted',
    by: 'probes_failed',
    why: 'failed 3 times in a row: dns',
    at: '2026-01-01T00:01:00.000Z',
    fresh_connection: { proved: false, why: 'the control socket does not show that the network works' },
  };
  const ended = { ...change, state: 'reverted', verdict };
  const path = `/api/v1/changes/${ID}`;
  const answers = { '/api/v1/changes': { changes: [ended, { ...change, state: 'stuck' }] }, [path]: ended };
  const { out } = await runCommand(['change', 'list'], { answers });
  assert.match(out, /c001 +2026-01-01T00:00:00\.000Z +reverted by probes failed +operator +firewall/);
  assert.match(out, /STUCK/);
  const shown = await runCommand(['change', 'show', ID], { answers });
  assert.match(shown.out, /why +failed 3 times in a row: dns\n/);
  assert.match(shown.out, /connection +the control socket does not show that the network works\n/);
  const json = await runCommand(['change', 'show', ID, '--json'], { answers });
  assert.equal((JSON.parse(json.out) as { id: string }).id, ID);
});

test('any other word is none', async () => {
  const { code, err, asked } = await runCommand(['change', 'undo']);
  assert.deepEqual([code, asked.length], [2, 0]);
  assert.match(err, /"undo" is nothing to do with a change; there are list, show, confirm, revert/);
});

test('answers that make no sense do no harm', async () => {
  for (const body of [null, [], 'x', { pending: true }, { changes: 'x' }])
    for (const argv of [['change'], ['change', 'list'], ['change', 'show', ID]])
      assert.equal((await runCommand(argv, { answer: { status: 200, body } })).code, 0, JSON.stringify([argv, body]));
});

test('the list as JSON is one change a line', async () => {
  const changes = [change, { ...change, id: 'other' }];
  const { out } = await runCommand(['change', 'list', '--json'], { answer: { status: 200, body: { changes } } });
  assert.deepEqual(
    out
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { id: string }).id),
    [ID, 'other'],
  );
});
