import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Daemon, stateDir } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { Namespace, notRoot } from '../support/namespaces.ts';
import { waitFor } from '../support/wait-for.ts';

const LISTS = '/api/v1/firewall/lists';

/** Beside the state directory, from which no list is read. */
const folder = mkdtempSync(join(tmpdir(), 'bartizan-lists-'));
after(() => rmSync(folder, { recursive: true }));

test('lists of a file and of a country are in force, follow the file, and outlast a kill and the loss of the file', {
  skip: notRoot,
}, async () => {
  using edge = new Namespace('edge');
  await using daemon = new Daemon(await stateDir());
  const file = join(folder, 'bad.txt');
  const replace = (text: string): void => {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };
  const many = (count: number): string => Array.from({ length: count }, (_, i) => `192.0.2.${i}\n`).join('');
  replace(`198.51.100.1\n203.0.113.0/24 # all of it\n10.0.0.0/8\nnonsense here\n${many(100)}`);
  await daemon.configure(`
webui: { listen: '127.0.0.1:${await freePort()}' }
firewall: { enabled: true, netns: ${edge.name}, country_block: [LI] }
lists: [{ name: bad, source: ${file}, refresh: 1m }]
`);
  await daemon.start('--enforce');
  // biome-ignore lint/suspicious/noExplicitAny: rows as the API answers them
  const rows = async (): Promise<any[]> => (await daemon.call('GET', LISTS)).body.lists;
  const post = (action: string, name: string) => daemon.call('POST', `${LISTS}/${action}`, { name });
  const table = () => edge.run('nft', 'list', 'table', 'inet', 'bartizan');

  assert.equal((await post('refresh', 'bad')).status, 200);
  assert.equal((await post('refresh', 'country_li')).status, 200);
  const [bad, country] = await rows();
  assert.deepEqual(
    [bad.state, bad.in_kernel, bad.generation, bad.entries.ipv4, bad.left_out],
    ['current', true, 1, { addresses: 101, networks: 2 }, { unreadable: 1, too_wide: 0, protected: 1 }],
  );
  assert.ok(country.entries.ipv4.networks > 20 && country.in_kernel);
  assert.match(await table(), /198\.51\.100\.1\b/);
  assert.doesNotMatch(await table(), /10\.0\.0\.0\/8/);

  replace(many(200));
  assert.equal((await post('refresh', 'bad')).body.generation, 2);
  replace('198.51.100.7\n');
  const { body: held } = await post('refresh', 'bad');
  assert.deepEqual([held.state, held.entries.ipv4.addresses], ['held', 200]);
  await waitFor('the finding', async () => {
    const { body } = await daemon.call('GET', '/api/v1/findings');
    return /list_trouble/.test(JSON.stringify(body)) || undefined;
  });
  assert.equal((await post('accept', 'bad')).body.entries.ipv4.addresses, 1);
  assert.equal((await post('accept', 'bad')).status, 409);

  rmSync(file);
  await daemon.kill('SIGKILL');
  const before = (await table()).replace(/packets \d+ bytes \d+/g, '');
  await daemon.start('--enforce');
  await waitFor('the list to be in force again', async () => ((await rows())[0].in_kernel ? true : undefined));
  assert.equal((await table()).replace(/packets \d+ bytes \d+/g, ''), before);
  assert.match(before, /198\.51\.100\.7\b/);
  assert.equal((await post('refresh', 'bad')).status, 503);
  const [stale] = await rows();
  assert.deepEqual([stale.state, stale.entries.ipv4.addresses, stale.generation], ['stale', 1, 3]);
  assert.match(stale.last_error, /ENOENT/);
  const components = (await daemon.call('GET', '/api/v1/components')).body;
  assert.equal(components.find(({ name }: { name: string }) => name === 'lists')?.state, 'degraded');
});

test('a list that is added goes on trial, drops as a candidate, and is gone when it is taken back', {
  skip: notRoot,
}, async () => {
  using edge = new Namespace('edge');
  await using daemon = new Daemon(await stateDir());
  const file = join(folder, 'bad.txt');
  writeFileSync(file, '198.51.100.1\n');
  await daemon.configure(`
webui: { listen: '127.0.0.1:${await freePort()}' }
firewall: { enabled: true, netns: ${edge.name} }
`);
  await daemon.start('--enforce');
  const table = () => edge.run('nft', 'list', 'table', 'inet', 'bartizan');
  const change = (source: string) =>
    daemon.call('POST', '/api/v1/settings/lists', { changes: { '': [{ name: 'bad', source }] } }, { 'if-match': '*' });
  for (const unread of [join(folder, 'none'), daemon.configFile]) {
    const { status, body } = await change(unread);
    assert.equal(status, 422, JSON.stringify(body));
    assert.match(JSON.stringify(body), /the list bad cannot be tried/);
  }
  const changed = await change(file);
  assert.equal(changed.status, 200, JSON.stringify(changed.body));
  const pending = (await daemon.call('GET', '/api/v1/changes/pending')).body;
  assert.equal(pending.pending, true);
  const chain = await table();
  assert.match(chain, /counter name "trial_list_bad4" drop/);
  assert.doesNotMatch(chain, /counter name "list_bad4"/);
  assert.match(chain, /198\.51\.100\.1\b/);
  const reverted = await daemon.call('POST', `/api/v1/changes/${pending.change.id}/revert`, {});
  assert.equal(reverted.status, 200, JSON.stringify(reverted.body));
  await waitFor('the list to be gone', async () => (/bad/.test(await table()) ? undefined : true));
  assert.deepEqual((await daemon.call('GET', LISTS)).body, { lists: [] });
});
