/** What a controller says where words are wrong, and how it reads what it is told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brokerPlace, connectTrouble } from '../../../../actors/controller/broker-place.ts';
import { askCommand } from '../../../../actors/controller/control-commands.ts';
import { type Controller, storeTrouble } from '../../../../actors/controller/controller.ts';

for (const { what, numbers, says } of [
  { what: undefined, numbers: undefined, says: /^the stream is missing: finding, / },
  { what: 'xyz', numbers: '1-5', says: /^"xyz" is none of the streams: finding, / },
  { what: 'finding', numbers: undefined, says: /^the numbers are missing: FROM-TO$/ },
  { what: 'finding', numbers: '5', says: /^"5" is no FROM-TO/ },
  { what: 'finding', numbers: '5-1', says: /^"5-1": the first is 1 or more, and none comes behind the last$/ },
  { what: 'finding', numbers: '0-1', says: /^"0-1": the first/ },
]) {
  test(`a replay of ${what ?? 'nothing'} ${numbers ?? ''} is refused for what is wrong with it`, async () => {
    const fleet = { meant: () => [{ serial: '4K7Q-M2XW-9TC' }] };
    const json = { verb: 'replay', who: 'all', what, numbers };
    const { status, body } = await askCommand({ fleet } as unknown as Controller, { json });
    assert.equal(status, 422);
    assert.match((body as { readonly error: string }).error, says);
  });
}

for (const { url, gives } of [
  { url: 'mqtts://broker.example:8883', gives: { protocol: 'mqtts', hostname: 'broker.example', port: 8883 } },
  { url: 'mqtt://[2001:db8::1]', gives: { protocol: 'mqtt', hostname: '2001:db8::1' } },
  {
    url: 'wss://[2001:db8::1]:8084/mqtt?a=b',
    gives: { protocol: 'wss', hostname: '[2001:db8::1]', path: '/mqtt?a=b', port: 8084 },
  },
  {
    url: 'mqtt://me:a%40b@h:1',
    gives: { protocol: 'mqtt', hostname: 'h', port: 1, username: 'me', password: 'a@b' },
  },
]) {
  test(`the broker at ${url} is found without a text that the client would read`, () => {
    assert.deepEqual(brokerPlace(url), gives);
  });
}

test('of several addresses that refuse, each is named; of a store its path is named once', () => {
  const causes = ['connect ECONNREFUSED ::1:8883', 'connect ECONNREFUSED 127.0.0.1:8883'].map(
    (text) => new Error(text),
  );
  assert.equal(connectTrouble(new AggregateError(causes)), causes.map(({ message }) => message).join('; '));
  assert.equal(connectTrouble(new Error('one')), 'one');
  assert.equal(storeTrouble('/s/store', '/s/store is in use by process 7'), '/s/store is in use by process 7');
  assert.equal(storeTrouble('/s/store', 'written by a later version'), '/s/store: written by a later version');
});
