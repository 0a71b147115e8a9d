import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis } from '../../../../core/base/time.ts';
import { Pipeline } from '../../../../core/detect/pipeline.ts';
import { replay } from '../../../../core/detect/replay.ts';
import type { Recall } from '../../../../core/event/document.ts';
import { createParsers } from '../../../../core/event/parsers.ts';
import { UTC } from '../../../../core/event/syslog-time.ts';
import { golden } from '../../../support/golden.ts';
import { RECALL_FILE } from '../../../support/recall.ts';
import { sharedFile } from '../../../support/shared.ts';

/** Real logs are not part of the product: they lie beside its checkout. What came of them is kept and documented. */
const LOGS: readonly (readonly [log: string, parser: string])[] = [
  ['OpenSSH_2k.log', 'sshd'],
  ['Linux_2k.log', 'syslog'],
  ['Apache_2k.log', 'apache-error'],
];

const sorted = (counts: Record<string, number>): Record<string, number> =>
  Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));

function recallOf(log: string, parser: string, text: string): Recall {
  const pipeline = new Pipeline(createParsers({ zone: UTC }), []);
  const [events, unparsed]: [Record<string, number>, Record<string, number>] = [{}, {}];
  const settings = { pipeline, parser, receivedAt: millis(Date.UTC(2026, 10, 22)), provenance: 'file' } as const;
  for (const item of replay([new TextEncoder().encode(text)], settings)) {
    if (item.kind === 'finding') continue;
    const [counts, what] =
      item.kind === 'unparsed'
        ? [unparsed, item.reason]
        : [events, item.event.action + (item.event.sourceIp === undefined ? '' : '+ip')];
    counts[what] = (counts[what] ?? 0) + 1;
  }
  return { log, parser, events: sorted(events), unparsed: sorted(unparsed) };
}

test('every line of the real logs is an event or counted with its reason', (t) => {
  const recalls: Recall[] = [];
  for (const [log, parser] of LOGS) {
    const text = sharedFile(`data/logs/${log}`);
    if (text === undefined) {
      t.skip(`${log} is not on this machine; what it gave is kept in ${RECALL_FILE}`);
      return;
    }
    const recall = recallOf(log, parser, text);
    const counted = [...Object.values(recall.events), ...Object.values(recall.unparsed)].reduce((a, b) => a + b, 0);
    assert.equal(counted, text.split('\n').filter((line) => line !== '').length);
    recalls.push(recall);
  }
  golden(RECALL_FILE, `${JSON.stringify(recalls, null, 2)}\n`);
});
