/** Two controllers that share the shards of one fleet. */
import assert from 'node:assert/strict';
import { appendFile, copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { exportedBy } from '../support/fleet-exports.ts';
import { FleetSite, noBroker } from '../support/fleet-site.ts';
import { notRoot } from '../support/namespaces.ts';
import { waitFor } from '../support/wait-for.ts';

const skip = noBroker || notRoot;
const within = { withinMs: 90_000, everyMs: 500 };

/** `main` has the lower half of the shards and confirms nothing; `other` has the upper half, and would take the lower one, too. */
async function running(): Promise<FleetSite> {
  const site = await FleetSite.make();
  await appendFile(join(site.state('main'), 'controller.yaml'), 'confirm: false\n');
  await site.serve('main', '--export', '--shards', '00-1f');
  await site.addController('other');
  const settings = join(site.state('other'), 'controller.yaml');
  await writeFile(settings, (await readFile(settings, 'utf8')).replace(/^confirm: false$/m, 'confirm: true'));
  await site.serve('other', '--export', '--shards', '00-3f');
  await site.serves('main', 32);
  await site.serves('other', 32);
  return site;
}

const standings = async (site: FleetSite, name: string) =>
  new Map(
    (await site.rows(name, 'list')).map((row) => [
      String(row['serial']),
      (row['desired'] as { standing?: string } | null)?.standing,
    ]),
  );

test('each orders where it serves, and confirms what the one before it has ordered', {
  skip,
  timeout: 300_000,
}, async () => {
  await using site = await running();
  const token = (await site.run('main', 'enroll', '--uses', '12')).out.trim();
  site.simulate('appliances', 12, '--token', token);
  const sharesOf = async (name: string) =>
    (await site.rows(name, 'list')).filter(({ online }) => online === true).map(({ serial }) => String(serial));
  const shares = await waitFor('all to be online at either', async () => {
    const [mine, others] = [await sharesOf('main'), await sharesOf('other')];
    return mine.length + others.length === 12 ? { mine, others } : undefined;
  });
  assert.ok(shares.mine.length > 0 && shares.others.length > 0, 'the serials are in both halves');

  const file = join(site.root, 'desired.yaml');
  await writeFile(file, 'thresholds:\n  ssh: 7\n');
  const set = await site.rows('main', 'desired', 'set', 'all', file, '--trial', '10m', '--within', '2s');
  const refused = set.filter(({ standing }) => standing === 'not_issued');
  assert.deepEqual(refused.map(({ serial }) => serial).sort(), shares.others.toSorted());
  for (const { text } of refused)
    assert.match(String(text), /^the controller "other" serves its shard [23].: order it there$/);
  const scanned = await site.run('main', 'cmd', 'scan', 'all', '--json');
  assert.equal(scanned.code, 4);
  const states = scanned.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, string>);
  for (const { serial = '', state } of states)
    assert.equal(state, shares.mine.includes(serial) ? 'done' : 'none', serial);

  // On trial as the shards change hands: `main`, which has ordered it, is not there to confirm it.
  const before = await standings(site, 'main');
  for (const serial of shares.mine) assert.equal(before.get(serial), 'on_trial');
  assert.equal((await site.run('main', 'shards', 'give', '00-1f')).code, 0);
  await waitFor(
    'the other one to confirm what was on trial',
    async () => {
      const now = await standings(site, 'other');
      return shares.mine.every((serial) => now.get(serial) === 'confirmed') ? true : undefined;
    },
    within,
  );

  // Who may order by the first may by the other, where the key is.
  await copyFile(join(site.state('main'), 'keys/ops.key'), join(site.state('other'), 'keys/ops.key'));
  const [serial = ''] = shares.others;
  const [row] = await site.rows('other', 'desired', 'set', serial, file);
  assert.equal(row?.['standing'], 'confirmed', JSON.stringify(row));
});

test('a controller that is killed and started again keeps its shards, and its leases go on', {
  skip,
  timeout: 300_000,
}, async () => {
  await using site = await running();
  const token = (await site.run('main', 'enroll', '--uses', '6')).out.trim();
  site.simulate('appliances', 6, '--token', token, '--findings', '600', '--rate', '20');
  await waitFor('findings', async () => ((await exportedBy(site.state('main'))).length > 20 ? true : undefined));
  await site.stop('main', 'SIGKILL');
  const leases = async () =>
    (await site.rows('other', 'shards')).filter(({ holder }) => holder === 'main').map(({ until }) => String(until));
  const left = await leases();
  assert.equal(left.length, 32);
  await site.serve('main', '--export', '--shards', '00-1f');
  await site.serves('main', 32);
  const last = left.toSorted().at(-1) ?? '';
  await waitFor(
    'the other one to hear all leases of the new run',
    async () => {
      const now = await leases();
      return now.length === 32 && now.every((until) => until > last) ? true : undefined;
    },
    within,
  );
  const [main, other] = [await exportedBy(site.state('main')), await exportedBy(site.state('other'))];
  const at = new Set(main.map(({ serial }) => serial));
  assert.equal(
    other.some(({ serial }) => at.has(serial)),
    false,
    'each is taken by one of them',
  );
});
