import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ip } from '../../core/base/ip.ts';
import { createDetectors } from '../../core/detect/checks.ts';
import { DETECTOR_MEMORY, Pipeline } from '../../core/detect/pipeline.ts';
import { heldBytes } from '../support/collect-garbage.ts';
import { ip, sshEvent } from '../support/events.ts';

const SOURCES = 1_000_000;
const USERS = ['root', 'admin', 'test', 'oracle'];
const SLOW = ip('203.0.113.7');
/** The slow attacker comes back after so many others. */
const EVERY = 90_000;

const addressOf = (i: number): Ip =>
  `${11 + (i >> 20)}.${(i >> 12) & 255}.${(i >> 4) & 255}.${(i & 15) * 16 + 1}` as Ip;

test('a million sources at once stay within the memory, and do not hide a slow attacker among them', {
  timeout: 60_000,
}, () => {
  const before = heldBytes();
  const pipeline = new Pipeline(new Map(), createDetectors());
  const slow: string[] = [];
  for (let i = 0; i < SOURCES; i++) {
    const about = { sourcePort: i & 65_535, user: USERS[i & 3] ?? '', host: 'edge' };
    pipeline.judge(sshEvent(i / 2000, i * 90, { ...about, sourceIp: addressOf(i) }));
    if (i % EVERY !== 0) continue;
    slow.push(
      ...pipeline.judge(sshEvent(i / 2000, i * 90 + 1, { ...about, sourceIp: SLOW })).map(({ check }) => check),
    );
  }
  const really = heldBytes() - before;
  assert.ok(pipeline.bytes() <= DETECTOR_MEMORY);
  assert.ok(pipeline.bytes() > DETECTOR_MEMORY * 0.9, 'the memory was never full');
  assert.ok(really > DETECTOR_MEMORY / 4 && really <= DETECTOR_MEMORY, `${really} bytes are really held`);
  assert.deepEqual([...new Set(slow)].sort(), ['ssh_bruteforce', 'ssh_slow_bruteforce']);
});

test('so do the names that they try, however long', { timeout: 60_000 }, () => {
  const before = heldBytes();
  const pipeline = new Pipeline(new Map(), createDetectors());
  for (let i = 0; i < SOURCES / 4; i++) {
    const user = `user-${i}-${'x'.repeat(i % 2 === 0 ? i % 300 : 5000)}`;
    pipeline.judge(sshEvent(i / 2000, i, { sourceIp: addressOf(i), user, host: 'edge', userUnknown: true }));
  }
  const really = heldBytes() - before;
  assert.ok(pipeline.bytes() <= DETECTOR_MEMORY && pipeline.bytes() > DETECTOR_MEMORY * 0.9);
  assert.ok(really > DETECTOR_MEMORY / 4 && really <= DETECTOR_MEMORY, `${really} bytes are really held`);
});
