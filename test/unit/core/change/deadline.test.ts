import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis, minutes, seconds } from '../../../../core/base/time.ts';
import type { ChangeId, Spans } from '../../../../core/change/change.ts';
import { clampTrial, decideStart, type StartFacts } from '../../../../core/change/deadline.ts';
import type { TrialFacts, VerdictFacts } from '../../../../core/change/texts.ts';

const trial = (over: Partial<TrialFacts> = {}): TrialFacts => ({
  id: '01890a5d-ac96-774b-bcce-b302099a8057' as ChangeId,
  subject: 'settings',
  spans: 'nothing',
  bootId: 'this',
  trial: minutes(5),
  deadline: minutes(15),
  forced: false,
  before: '',
  after: '',
  ...over,
});

const start = (over: Partial<StartFacts>): string => {
  const facts = { trial: trial(), verdict: undefined, bootId: 'this', uptime: minutes(11), failures: 0, ...over };
  const decided = decideStart(facts);
  if (decided.do === 'nothing') return 'nothing';
  return decided.do === 'revert' ? decided.by : `resume until ${decided.trial.deadline} ${decided.trial.spans}`;
};

const verdict = (result: VerdictFacts['result']): VerdictFacts => ({ result, by: 'word', why: '', at: millis(1) });

test('a start without a trial does nothing', () => assert.equal(start({ trial: undefined }), 'nothing'));

for (const spans of ['nothing', 'restart', 'reboot'] as const satisfies readonly Spans[])
  test(`in the boot of the apply a trial that spans ${spans} goes on for what is left`, () => {
    assert.equal(start({ trial: trial({ spans }) }), `resume until ${minutes(15)} ${spans}`);
    assert.equal(
      start({ trial: trial({ spans }), uptime: millis(minutes(15) - 1) }),
      `resume until ${minutes(15)} ${spans}`,
    );
    assert.equal(start({ trial: trial({ spans }), uptime: minutes(15) }), 'deadline');
  });

test('another boot reverts, unless a reboot belongs to the trial, and only one does', () => {
  assert.equal(start({ bootId: 'other', uptime: seconds(20) }), 'reboot');
  assert.equal(start({ trial: trial({ spans: 'restart' }), bootId: 'other', uptime: seconds(20) }), 'reboot');
  const reboot = { trial: trial({ spans: 'reboot' }), bootId: 'other' };
  assert.equal(start({ ...reboot, uptime: seconds(20) }), `resume until ${minutes(5)} restart`);
  assert.equal(start({ ...reboot, uptime: minutes(5) }), 'deadline');
  const resumed = decideStart({ ...reboot, uptime: seconds(20), verdict: undefined, failures: 0 });
  assert.ok(resumed.do === 'resume');
  assert.equal(resumed.trial.bootId, 'other');
  assert.equal(start({ trial: resumed.trial, bootId: 'third', uptime: seconds(20) }), 'reboot');
});

test('an apply that did not end, and three failed starts, revert whatever is left', () => {
  assert.equal(start({ trial: trial({ deadline: millis(0) }) }), 'crash');
  assert.equal(start({ failures: 3 }), `resume until ${minutes(15)} nothing`);
  assert.equal(start({ failures: 4 }), 'failed_starts');
  assert.equal(
    start({ trial: trial({ spans: 'reboot' }), bootId: 'other', uptime: seconds(9), failures: 4 }),
    'failed_starts',
  );
});

test('a revert that had begun goes on; a confirmation that had begun was told to nobody', () => {
  assert.equal(start({ verdict: verdict('reverted') }), 'word');
  assert.equal(start({ verdict: verdict('confirmed') }), `resume until ${minutes(15)} nothing`);
});

test('a deadline further away than a whole trial is not believed', () => {
  const far = start({ trial: trial({ deadline: minutes(900) }) });
  assert.equal(far, `resume until ${minutes(16)} nothing`);
});

test('what a person asks for is brought within one and thirty minutes', () => {
  assert.equal(clampTrial(), minutes(5));
  assert.equal(clampTrial(seconds(1)), minutes(1));
  assert.equal(clampTrial(minutes(31)), minutes(30));
  assert.equal(clampTrial(millis(90_000.4)), 90_000);
  assert.equal(clampTrial(millis(Number.NaN)), minutes(5));
});
