import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseIp } from '../../core/base/ip.ts';
import { millis } from '../../core/base/time.ts';
import { isEvent, MAX_AHEAD } from '../../core/event/event.ts';
import { SSH_ACTIONS } from '../../core/event/sshd/actions.ts';
import { createSshdParser } from '../../core/event/sshd.ts';
import { SSHD_MESSAGES } from '../fixtures/sshd-messages.ts';
import { fuzz, linesOf } from '../support/fuzz.ts';

const NOW = millis(Date.UTC(2026, 10, 22, 12));
const syslog = linesOf(readFileSync(new URL('../../../test/fixtures/fuzz/syslog.txt', import.meta.url), 'utf8'));
const messages = SSHD_MESSAGES.flatMap(([message]) => linesOf(`Nov 22 01:02:03 edge sshd[12]: ${message}`));

test('any line gives a sound event or a reason', () => {
  const parser = createSshdParser((utc) => (utc % 7_200_000 < 3_600_000 ? 3_600_000 : 7_200_000));
  const decoder = new TextDecoder();
  let events = 0;
  const runs = fuzz([...syslog, ...messages], (mutator) => {
    const text = decoder.decode(mutator.mutant());
    const parsed = parser({ text, position: { source: 'f', offset: 0 }, receivedAt: NOW, provenance: 'file' });
    if (!isEvent(parsed)) return;
    events++;
    assert.ok(parsed.at >= 0 && parsed.at <= NOW + MAX_AHEAD, text);
    assert.ok(Object.hasOwn(SSH_ACTIONS, parsed.action), text);
    assert.ok(text.includes(parsed.message), text);
    for (const [name, value] of Object.entries(parsed)) {
      assert.ok(value !== undefined && (value !== '' || name === 'message'), `${name} is empty: ${text}`);
    }
    if (parsed.sourceIp !== undefined) {
      const ip = parseIp(parsed.sourceIp);
      assert.ok(ip.ok && ip.value.text === parsed.sourceIp, text);
    }
    if (parsed.sourcePort !== undefined) assert.ok(parsed.sourcePort > 0 && parsed.sourcePort < 65_536, text);
    assert.ok(parsed.repeats === undefined || parsed.repeats >= 2, text);
  });
  assert.ok(events > runs / 10, `only ${events} of ${runs} lines were events`);
});
