import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis } from '../../core/base/time.ts';
import type { Change, ChangeId } from '../../core/change/change.ts';
import { decodeChange, encodeChange, ended } from '../../core/change/record.ts';
import {
  decodeAttributes,
  decodePath,
  decodeTrial,
  decodeVerdict,
  encodeAttributes,
  encodePath,
  encodeTrial,
  encodeVerdict,
  type TrialFacts,
} from '../../core/change/texts.ts';
import { fuzz } from '../support/fuzz.ts';

const FACTS: TrialFacts = {
  id: '01890a5d-ac96-774b-bcce-b302099a8057' as ChangeId,
  subject: 'settings',
  spans: 'reboot',
  bootId: '4f4b8e62-8b5c-4c40-8b3c-0d7ea25f9f1a',
  trial: millis(300_000),
  deadline: millis(1_234_567),
  forced: true,
  before: `sha256:${'0'.repeat(64)}`,
  after: `sha256:${'f'.repeat(64)}`,
};

const CHANGE: Change = {
  ...FACTS,
  summary: 'firewall.denied_networks',
  parts: ['firewall.denied_networks'],
  word: { actor: 'ops', origin: 'web_ui', peer: '192.0.2.9' },
  confirmedBy: 'probes',
  state: 'awaiting',
  proposedAt: millis(1),
  evidence: [{ probe: 'gateway', at: millis(2), result: 'passed', detail: 'ping', took: millis(3) }],
  verdict: { result: 'reverted', by: 'deadline', why: 'nobody confirmed it', at: millis(9) },
};

const VERDICT = { result: 'reverted', by: 'deadline', why: 'nobody confirmed it', at: millis(9) } as const;

const CORPUS = [encodeTrial(FACTS), encodeVerdict(VERDICT), '640 0 4\n', '/etc/x\n', encodeChange(CHANGE)].map((text) =>
  Buffer.from(text),
);

test('whatever lies in the files of a trial is read or refused, and what was read is written the same', () => {
  const runs = fuzz('change', CORPUS, (mutator) => {
    const text = Buffer.from(mutator.mutant()).toString('utf8');
    const trial = decodeTrial(text);
    if (trial.ok) assert.deepEqual(decodeTrial(encodeTrial(trial.value)), trial);
    const verdict = decodeVerdict(text);
    if (verdict.ok) assert.equal(decodeVerdict(encodeVerdict(verdict.value)).ok, true);
    const attributes = decodeAttributes(text);
    if (attributes.ok) assert.deepEqual(decodeAttributes(encodeAttributes(attributes.value)), attributes);
    const path = decodePath(text);
    if (path.ok) assert.equal(encodePath(path.value), text);
    const change = ended(decodeChange(text, FACTS), VERDICT);
    assert.equal(change.id, FACTS.id);
    assert.equal(change.state, 'reverted');
    assert.equal(typeof change.word.actor + typeof change.summary, 'stringstring');
  });
  assert.ok(runs > 1000, `${runs} runs`);
});
