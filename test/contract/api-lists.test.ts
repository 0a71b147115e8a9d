import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rfc3339 } from '../../core/base/time.ts';
import { START } from '../support/api/fake-appliance.ts';
import { FakeDesks } from '../support/api/fake-desks.ts';
import { ApiHarness, bearer } from '../support/api/harness.ts';

function bench() {
  const desks = new FakeDesks();
  const api = new ApiHarness({}, desks);
  const get = () => api.ask({ target: '/api/v1/firewall/lists', headers: bearer('admin-token') });
  const post = (action: string, name: string) =>
    api.ask({
      target: `/api/v1/firewall/lists/${action}`,
      method: 'POST',
      headers: bearer('admin-token'),
      body: JSON.stringify({ name }),
    });
  return { desks, get, post };
}

test('lists are told with what is in force, what waits and what was left out', async () => {
  const { lists } = (await bench().get()).json() as { lists: Record<string, unknown>[] };
  const at = rfc3339(START);
  const none = { addresses: 0, networks: 0 };
  assert.deepEqual(lists, [
    {
      ...{ name: 'drop', kind: 'block', mode: 'enforce', origin: 'settings', state: 'held' },
      source: 'https://lists.example.net/drop.txt',
      in_kernel: true,
      entries: { ipv4: { addresses: 3, networks: 900 }, ipv6: none },
      generation: 7,
      ...{ fetched_at: at, checked_at: at, next_refresh: at },
      last_error: 'lists.example.net answers with status 500',
      held: { why: 'it is empty and 903 entries are in force', since: at, entries: { ipv4: none, ipv6: none } },
      left_out: { unreadable: 1, too_wide: 2, protected: 3 },
      packets: 12,
      bytes: 720,
    },
  ]);
});

test('a refresh answers with the list, or says why there are no news', async () => {
  const { desks, post } = bench();
  assert.equal((await post('refresh', 'drop')).status, 200);
  assert.equal((await post('refresh', 'none')).status, 404);
  desks.lists.refusal = 'lists.example.net: nothing came for 30 s';
  const failed = await post('refresh', 'drop');
  assert.deepEqual([failed.status, failed.json()], [503, { error: desks.lists.refusal }]);
});

test('what is held is accepted once', async () => {
  const { post } = bench();
  const accepted = await post('accept', 'drop');
  assert.deepEqual([accepted.status, (accepted.json() as { state: string }).state], [200, 'current']);
  assert.equal((await post('accept', 'drop')).status, 409);
  assert.equal((await post('accept', 'none')).status, 404);
});
