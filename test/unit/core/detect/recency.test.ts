import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecencyMap } from '../../../../core/detect/recency.ts';
import { fc } from '../../../support/random.ts';

test('behaves as a list that writes move to the end', () => {
  const step = fc.tuple(fc.constantFrom('set', 'delete', 'get'), fc.constantFrom('a', 'b', 'c', 'd'));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const map = new RecencyMap<number>();
      let model: [string, number][] = [];
      steps.forEach(([what, key], i) => {
        const at = model.findIndex(([other]) => other === key);
        if (what === 'get') assert.equal(map.get(key), model[at]?.[1]);
        else {
          model = model.filter(([other]) => other !== key);
          if (what === 'set') {
            map.set(key, i);
            model.push([key, i]);
          } else assert.equal(map.delete(key), at >= 0);
        }
        assert.equal(map.size, model.length);
        assert.equal(map.oldest()?.key, model[0]?.[0]);
        assert.equal(map.oldest()?.value, model[0]?.[1]);
      });
    }),
  );
});
