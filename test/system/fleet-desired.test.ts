/** What a fleet desires, at real appliances: tried, heard of and confirmed; taken back where it cuts the link. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { noBroker } from '../support/fleet-site.ts';
import type { Edge } from '../support/link/edge.ts';
import { BROKER_AT, FourSpaces } from '../support/link/four-spaces.ts';
import { namespacesUnavailable } from '../support/network-namespace.ts';
import { waitFor } from '../support/wait-for.ts';

const skip = noBroker || namespacesUnavailable();

/** Desires it of all; resolves with how each stands then, by serial. */
async function desire(
  { site }: FourSpaces,
  denied: readonly string[],
  within: string,
): Promise<ReadonlyMap<unknown, unknown>> {
  const file = join(site.root, 'desired.yaml');
  await writeFile(file, JSON.stringify({ firewall: { denied_networks: denied } }));
  const rows = await site.rows('main', 'desired', 'set', 'all', file, '--trial', '1m', '--within', within);
  return new Map(rows.map(({ serial, standing }) => [serial, standing]));
}

/** The last that was desired of an appliance, once it stands so. */
const stands = ({ site }: FourSpaces, { serial }: Edge, standing: string) =>
  waitFor(
    `${serial} to say ${standing}`,
    async () => {
      const [last] = await site.rows('main', 'desired', 'history', serial);
      return last?.['standing'] === standing ? last : undefined;
    },
    { withinMs: 90_000, everyMs: 250 },
  );

test('what a fleet desires is confirmed where it leaves the link alone, and taken back and told where it cuts it', {
  skip,
  timeout: 240_000,
}, async () => {
  await using spaces = await FourSpaces.running();
  const { east, west, edges } = spaces;

  const first = await desire(spaces, ['192.0.2.0/24'], '30s');
  assert.deepEqual([first.get(east.serial), first.get(west.serial)], ['confirmed', 'confirmed']);
  for (const edge of edges) await edge.enforces('192.0.2.0/24');
  const before = { rules: await east.rules(), config: await east.config() };
  assert.match(before.config, /denied_networks: .*192\.0\.2\.0\/24/s);
  assert.match(before.config, /^# What the fleet does not decide stays as it is\.$/m);

  // The same for both; only one of them reaches the broker there.
  const cutting = await desire(spaces, ['192.0.2.0/24', `${BROKER_AT.east}/32`], '5s');
  assert.notEqual(cutting.get(east.serial), 'confirmed');
  await stands(spaces, west, 'confirmed');
  await west.enforces(BROKER_AT.east);
  await east.enforces(BROKER_AT.east);

  const told = await stands(spaces, east, 'reverted');
  assert.equal(told['text'], 'nobody confirmed it in time');
  assert.deepEqual({ rules: await east.rules(), config: await east.config() }, before);
  const ends = (await east.audit('order_desired')).map(({ details }) => details?.replace(/,.*$/, ''));
  assert.deepEqual(ends.sort(), ['state=confirmed', 'state=reverted']);
  await west.enforces(BROKER_AT.east);

  // It is none the worse for it.
  const last = await desire(spaces, ['198.18.0.0/15'], '30s');
  assert.deepEqual([last.get(east.serial), last.get(west.serial)], ['confirmed', 'confirmed']);
  for (const edge of edges) await edge.enforces('198.18.0.0/15');
});
