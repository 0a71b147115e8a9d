import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_TEXT, Texts } from '../../../../../core/detect/trail/texts.ts';
import { fc } from '../../../../support/random.ts';

test('a text is there as long as somebody holds it, under one number', () => {
  const steps = fc.array(fc.tuple(fc.constantFrom('hold', 'release'), fc.constantFrom('a', 'b', 'ü', 'x'.repeat(99))), {
    maxLength: 200,
    size: 'max',
  });
  fc.assert(
    fc.property(steps, (drawn) => {
      const texts = new Texts();
      const held = new Map<string, { id: number; count: number }>();
      for (const [what, text] of drawn) {
        const one = held.get(text);
        if (what === 'hold') {
          const id = texts.hold(text);
          assert.ok(id > NO_TEXT && (one === undefined || one.id === id));
          held.set(text, { id, count: (one?.count ?? 0) + 1 });
        } else if (one !== undefined) {
          texts.release(one.id);
          if (one.count === 1) held.delete(text);
          else held.set(text, { id: one.id, count: one.count - 1 });
        }
        for (const [name, { id }] of held) assert.deepEqual([texts.of(id), texts.find(name)], [name, id]);
      }
      assert.equal(new Set([...held.values()].map(({ id }) => id)).size, held.size);
      for (const { id, count } of held.values()) for (let i = 0; i < count; i++) texts.release(id);
      assert.equal(texts.bytes, 0);
    }),
    { numRuns: 30 },
  );
});

test('what nobody holds is not there', () => {
  const texts = new Texts();
  assert.equal(texts.find('a'), NO_TEXT);
  assert.throws(() => texts.of(1), RangeError);
  texts.release(NO_TEXT);
});
