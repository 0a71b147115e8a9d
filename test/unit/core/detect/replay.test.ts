import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis } from '../../../../core/base/time.ts';
import { createDetectors } from '../../../../core/detect/checks.ts';
import { Pipeline } from '../../../../core/detect/pipeline.ts';
import { type ReplayItem, replay } from '../../../../core/detect/replay.ts';
import { fingerprintOf } from '../../../../core/event/framing.ts';
import { createParsers } from '../../../../core/event/parsers.ts';
import { UTC } from '../../../../core/event/syslog-time.ts';
import { authLogChunks } from '../../../support/auth-log.ts';

function run(chunks: Iterable<Uint8Array>): { items: ReplayItem[]; pipeline: Pipeline } {
  const pipeline = new Pipeline(createParsers({ zone: UTC }), createDetectors());
  const settings = {
    pipeline,
    parser: 'sshd',
    receivedAt: millis(Date.UTC(2026, 10, 22)),
    provenance: 'file',
  } as const;
  return { items: [...replay(chunks, settings)], pipeline };
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test('every line has its item, findings come right behind the event that completes them', () => {
  const { items, pipeline } = run(authLogChunks(3000, 1));
  const { lines, events, findings } = pipeline.counters;
  assert.equal(lines, 3000);
  assert.equal(items.length, 3000 + findings);
  assert.equal(items.filter(({ kind }) => kind === 'event').length, events);
  assert.ok(findings > 20);
  let event: ReplayItem | undefined;
  for (const item of items) {
    if (item.kind === 'finding') assert.ok(event?.kind === 'event' && event.event.position === item.finding.last);
    else event = item;
  }
});

test('how the log is cut makes no difference', () => {
  const whole = run(authLogChunks(400, 2, 1 << 20)).items;
  assert.deepEqual(run(authLogChunks(400, 2, 1)).items, whole);
  const tiny = Array.from(bytes('Nov 21 01:02:03 h sshd[1]: x\nlast'), (byte) => Uint8Array.of(byte));
  assert.deepEqual(run(tiny).items, [
    { kind: 'unparsed', reason: 'unknown-message', offset: 0 },
    { kind: 'unparsed', reason: 'no-header', offset: 29 },
  ]);
});

test('positions are those of the file: fingerprint of its first line, offset in bytes', () => {
  const line = 'Nov 21 01:02:03 h sshd[1]: Received signal 15; terminating.';
  const { items } = run([bytes(`${line}\n${line}`)]);
  assert.deepEqual(
    items.map((item) => item.kind === 'event' && item.event.position),
    [0, line.length + 1].map((offset) => ({ source: fingerprintOf(bytes(line)), offset })),
  );
});

test('an empty log and one without any newline are read', () => {
  assert.deepEqual(run([]).items, []);
  assert.deepEqual(run([bytes('x')]).items, [{ kind: 'unparsed', reason: 'no-header', offset: 0 }]);
});
