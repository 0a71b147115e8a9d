import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contains, parseCidr, parseIp } from '../../../../../core/base/ip.ts';
import { SOURCE_GROUPS, SourceKeys, TextKeys } from '../../../../../core/detect/trail/keys.ts';
import { Texts } from '../../../../../core/detect/trail/texts.ts';
import { ip } from '../../../../support/events.ts';
import { fc } from '../../../../support/random.ts';

const v4 = fc.ipV4().map(ip);
const v6 = fc
  .ipV6()
  .map((text) => parseIp(text))
  .filter((parsed) => parsed.ok)
  .map((parsed) => (parsed.ok ? parsed.value.text : ip('::1')));

for (const groups of [SOURCE_GROUPS, { v4: 24, v6: 56 }, { v4: 8, v6: 16 }, { v4: 32, v6: 32 }])
  test(`addresses of one /${groups.v4} or /${groups.v6} have one key, written as their network`, () => {
    const keys = new SourceKeys(groups);
    fc.assert(
      fc.property(fc.oneof(v4, v6), fc.oneof(v4, v6), (a, b) => {
        assert.ok(keys.look(a));
        const [high, low] = [keys.high, keys.low];
        const text = keys.text(high, low);
        const net = parseCidr(text);
        const [one, other] = [parseIp(a), parseIp(b)];
        assert.ok(net.ok && one.ok && other.ok && contains(net.value, one.value));
        assert.equal(net.value.prefix, one.value.family === 4 ? groups.v4 : groups.v6);
        assert.equal(keys.nameOf(a), text);
        keys.look(b);
        assert.equal(keys.high === high && keys.low === low, contains(net.value, other.value));
        assert.ok(keys.read(text));
        assert.deepEqual([keys.high, keys.low], [high, low]);
      }),
      { numRuns: 100 },
    );
  });

test('what is no network of that length is not read', () => {
  const keys = new SourceKeys(SOURCE_GROUPS);
  for (const text of ['', ' clock', '203.0.113.0/24', '2001:db8::/56', 'x', '=a']) assert.equal(keys.read(text), false);
});

test('names are keys as they are, held while there is a row', () => {
  const texts = new Texts();
  const keys = new TextKeys(texts);
  for (const name of ['root', '', ' ', '=', 'ü@h']) {
    keys.hold(name);
    const low = keys.low;
    keys.look(name);
    assert.equal(keys.low, low);
    const text = keys.text(0, low);
    assert.ok(keys.read(text));
    assert.equal(keys.low, low);
    keys.release(0, low);
    keys.release(0, low);
  }
  assert.equal(texts.bytes, 0);
  assert.equal(keys.read('root'), false);
});
