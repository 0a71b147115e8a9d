import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { millis } from '../../core/base/time.ts';
import { MAX_AHEAD } from '../../core/event/event.ts';
import { parseSyslog } from '../../core/event/syslog.ts';
import { UTC } from '../../core/event/syslog-time.ts';
import { fuzz, linesOf } from '../support/fuzz.ts';

const corpus = linesOf(readFileSync(new URL('../../../test/fixtures/fuzz/syslog.txt', import.meta.url), 'utf8'));

test('any line gives a message of its own text, at a possible time, or a reason', () => {
  const decoder = new TextDecoder();
  let read = 0;
  const runs = fuzz('syslog', corpus, (mutator) => {
    const now = millis(mutator.below(2 ** 42));
    const text = decoder.decode(mutator.mutant());
    const parsed = parseSyslog(text, now, UTC);
    if ('unparsed' in parsed) return;
    read++;
    assert.ok(Number.isFinite(parsed.at) && parsed.at >= 0 && parsed.at <= now + MAX_AHEAD, text);
    assert.ok(text.endsWith(parsed.message), text);
    assert.ok(text.includes(parsed.host ?? '') && text.includes(parsed.program ?? ''), text);
  });
  assert.ok(read > runs / 10, `only ${read} of ${runs} lines were read`);
});
