import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis } from '../../core/base/time.ts';
import { EVENT_FIELDS } from '../../core/query/event-fields.ts';
import { readQuery } from '../../core/query/json.ts';
import { parseQuery } from '../../core/query/parse.ts';
import { printQuery } from '../../core/query/print.ts';
import type { Query } from '../../core/query/tree.ts';
import { fuzz, linesOf } from '../support/fuzz.ts';
import { eventQuery } from '../support/queries.ts';
import { fc, SEED } from '../support/random.ts';

const reading = { catalogue: EVENT_FIELDS, now: millis(Date.UTC(2026, 10, 22, 12)) };
const queries = fc.sample(eventQuery, { numRuns: 200, seed: SEED });

/** What was read can be written down, and is the same when it is read again. */
function assertSound(query: Query): void {
  const printed = printQuery(query, EVENT_FIELDS);
  const again = parseQuery(printed, reading);
  assert.ok(again.ok, `${printed}: ${again.ok ? '' : again.public}`);
  assert.deepEqual(again.value, query, printed);
}

test('any text is a query that can be written down, or is refused with the place', () => {
  const corpus = linesOf(queries.map((query) => printQuery(query, EVENT_FIELDS).replaceAll('\n', ' ')).join('\n'));
  const decoder = new TextDecoder();
  let read = 0;
  const runs = fuzz('query-text', corpus, (mutator) => {
    const text = decoder.decode(mutator.mutant());
    const parsed = parseQuery(text, reading);
    if (!parsed.ok) return assert.ok(parsed.at >= 0 && parsed.at <= text.length && parsed.public !== '', text);
    read++;
    assertSound(parsed.value);
  });
  assert.ok(read > runs / 20, `only ${read} of ${runs} were queries`);
});

test('any JSON is a query that can be written down, or is refused with the reason', () => {
  const corpus = linesOf(queries.map((query) => JSON.stringify(query)).join('\n'));
  const decoder = new TextDecoder();
  let read = 0;
  const runs = fuzz('query-json', corpus, (mutator) => {
    const json = jsonOf(decoder.decode(mutator.mutant()));
    if (json === undefined) return;
    const parsed = readQuery(json, reading);
    if (!parsed.ok) return assert.notEqual(parsed.public, '');
    read++;
    assertSound(parsed.value);
  });
  // Most mutants are no JSON at all: one in a hundred is a query, so a thousandth says that the mutator broke.
  assert.ok(read > runs / 1000, `only ${read} of ${runs} were queries`);
});

/** Undefined for what is none. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
