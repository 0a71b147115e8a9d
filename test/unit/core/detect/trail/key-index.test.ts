import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyIndex } from '../../../../../core/detect/trail/key-index.ts';
import { fc } from '../../../../support/random.ts';

test('finds what was added and not removed, whatever the keys and the salt', () => {
  const step = fc.tuple(fc.boolean(), fc.integer({ min: -2, max: 2 }), fc.integer({ min: 0, max: 300 }));
  fc.assert(
    fc.property(fc.integer(), fc.array(step, { maxLength: 800, size: 'max' }), (salt, steps) => {
      const keys = { high: new Int32Array(2000), low: new Int32Array(2000) };
      const index = new KeyIndex(keys, salt);
      const rows = new Map<string, number>();
      let next = 0;
      for (const [isAdded, high, low] of steps) {
        const name = `${high} ${low}`;
        const row = rows.get(name);
        assert.equal(index.find(high, low), row ?? -1);
        if (isAdded && row === undefined) {
          keys.high[next] = high;
          keys.low[next] = low;
          index.add(next);
          rows.set(name, next++);
        } else if (!isAdded && row !== undefined) {
          index.remove(row);
          rows.delete(name);
        }
        assert.equal(index.size, rows.size);
      }
      for (const row of rows.values()) assert.equal(index.find(keys.high[row] ?? 0, keys.low[row] ?? 0), row);
    }),
    { numRuns: 20 },
  );
});
