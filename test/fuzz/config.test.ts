import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeConfig, parseConfig } from '../../core/config/read.ts';
import { FUZZ_BUDGET_MS } from '../support/fuzz-budget.ts';
import { fc } from '../support/random.ts';
import { editProperty } from '../unit/core/config/edit-property.ts';
import { AROUND, loaded } from '../unit/core/config/surroundings.ts';

const budget = { interruptAfterTimeLimit: FUZZ_BUDGET_MS, numRuns: 1_000_000, markInterruptAsFailure: false };

const PIECES = [
  ...['hostname', 'webui', 'tokens', 'listen', 'infra_ips', 'firewall', 'enabled', 'watchers', 'files', 'path', 'log'],
  ...[':', ': ', '- ', '\n', '\n  ', '\n    ', '\t', '[', ']', '{', '}', ',', '? ', '|\n', '>-\n', '#', ' # ', '---\n'],
  ...['...\n', '&a ', '*a', '!!str ', '!x ', '%YAML 1.1\n', '<<: ', '"', "'", '\\', '~', 'true', '0x1', '1e9', '.inf'],
  ...['\ufeff', '\r\n', '\u2028', '__proto__', 'constructor', '192.0.2.1', '24h'],
];

test('any text is a config or a list of problems, each with its place', () => {
  const text = fc.array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 4 })), { maxLength: 40 });
  fc.assert(
    fc.property(text, (pieces) => {
      const read = parseConfig(pieces.join(''), 'x.yaml', AROUND);
      if (read.ok) return assert.equal(typeof read.value.config.log.level, 'string');
      assert.ok(read.problems.length > 0);
      for (const { line, column, message } of read.problems) assert.ok(line >= 1 && column >= 1 && message !== '');
      assert.doesNotMatch(read.public.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u);
    }),
    budget,
  );
});

test('any bytes are text or a problem', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const decoded = decodeConfig(bytes, 'x.yaml');
      if (decoded.ok) assert.deepEqual(Buffer.from(decoded.value), Buffer.from(bytes));
      else assert.match(decoded.public, /^x\.yaml:\d+:1: /);
    }),
    budget,
  );
});

test('any valid change to a config reads back equal and touches its own lines only', () => {
  assert.ok(loaded('').config);
  fc.assert(editProperty, budget);
});
