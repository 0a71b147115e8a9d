import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { disorderIn, type ExportedLine, exportedBy } from '../support/fleet-exports.ts';
import { FleetSite, noBroker, type Simulated } from '../support/fleet-site.ts';
import { memoryOf } from '../support/memory-of.ts';
import { waitFor } from '../support/wait-for.ts';
import { declareBench, type Figures, Wrong } from './bench.ts';
import { rounded } from './statistics.ts';

/** Descriptors of a broker, and of the process with the appliances, besides their connections. */
const OTHER_FILES = 500;
/** What is waited for, whatever it takes. */
const PATIENCE_S = 300;
const AT_MOST = { withinMs: PATIENCE_S * 1000, everyMs: 500 };
/** Half of the shards change hands. */
const HALF = '20-3f';

/** A fleet of light appliances over TLS with certificates of their own on one mosquitto, a controller, and a second one. */
export const fleet = declareBench({
  name: 'fleet',
  about: 'thousands of light appliances over TLS on one mosquitto: connected, one change confirmed, shards handed over',
  options: {
    appliances: { about: 'how many', value: 5000 },
    findings: { about: 'each sends a minute', value: 1 },
    rate: { about: 'connections opened a second at most', value: 1000 },
  },
  run: async ({ appliances, findings, rate }, say) => {
    if (noBroker !== false) throw new Error(noBroker);
    const files = mostFiles();
    if (files < appliances + OTHER_FILES) throw new Error(`at most ${files} files may be open: ulimit -n`);
    await using site = await FleetSite.make();
    await site.serve('main', '--export');
    await site.serves('main');
    site.simulate('appliances', appliances, '--findings', String(findings), '--rate', String(rate));
    const connected_s = await connected(site, appliances);
    say(`${appliances} connected after ${connected_s} s`);
    const known = await knownOnline(site, appliances);
    say(`the controller knows ${known} of them to be online; it has ${memoryOf(site.pid('main'))} MB`);
    const confirmed_s = await confirmed(site, appliances);
    const controller_mb = memoryOf(site.pid('main'));
    say(`one change confirmed by all after ${confirmed_s} s; the controller had ${controller_mb} MB at the most`);
    const handed = await handOver(site, appliances);
    const { memory_mb } = site.simulated('appliances');
    const others = { broker_mb: memoryOf(site.pid('broker')), appliances_mb: memory_mb };
    return { appliances, connected_s, confirmed_s, controller_mb, ...handed, ...others };
  },
});

/** From the first connection, when all have their certificates, until all are there. The appliances say how they are each second. */
async function connected(site: FleetSite, count: number): Promise<number> {
  await waitFor('all to be connected', () => (site.simulated('appliances').connected === count ? true : undefined), {
    ...AT_MOST,
    withinMs: 2 * AT_MOST.withinMs,
  });
  const states = site
    .output('appliances')
    .split('\n')
    .flatMap((line) => (line.startsWith('{"admitted"') && line.endsWith('}') ? [JSON.parse(line) as Simulated] : []));
  const begun = states.findLast((state) => state.admitted < count)?.elapsed_s ?? 0;
  const done = states.find((state) => state.connected === count)?.elapsed_s ?? Number.NaN;
  return rounded(done - begun);
}

async function knownOnline(site: FleetSite, count: number): Promise<number> {
  return waitFor(
    'the controller to know them',
    async () => ((await site.online('main')) === count ? count : undefined),
    AT_MOST,
  );
}

/** One desired configuration for all: each tries it, connects anew, reports, is confirmed and says so. */
async function confirmed(site: FleetSite, count: number): Promise<number> {
  const file = join(site.root, 'desired.yaml');
  await writeFile(file, 'firewall:\n  mode: enforce\n');
  const start = performance.now();
  const rows = await site.rows('main', 'desired', 'set', 'all', file, '--within', `${PATIENCE_S}s`);
  const took = rounded((performance.now() - start) / 1000);
  const done = rows.filter(({ standing }) => standing === 'confirmed').length;
  if (done !== count) throw new Wrong(`${done} of ${count} have confirmed`, { confirmed: done, confirmed_s: took });
  return took;
}

/** A second controller takes half of the shards, in the midst of the streams. */
async function handOver(site: FleetSite, count: number): Promise<Figures> {
  await site.addController('other');
  await site.serve('other', '--export', '--shards', HALF);
  const start = performance.now();
  const given = await site.run('main', 'shards', 'give', HALF);
  if (given.code !== 0) throw new Error(given.err);
  await site.serves('other', 32, AT_MOST.withinMs);
  const handed_s = rounded((performance.now() - start) / 1000);
  const { sent } = site.simulated('appliances');
  const lines = await waitFor(
    `all of ${sent} findings in both exports, and one of each appliance`,
    async () => {
      const all = await exports(site);
      return all.length >= sent && new Set(all.map(({ serial }) => serial)).size === count ? all : undefined;
    },
    { ...AT_MOST, everyMs: 2000 },
  );
  const figures = { handed_s, findings: lines.length, other_mb: memoryOf(site.pid('other')) };
  const disorder = disorderIn(lines);
  if (disorder !== undefined) throw new Wrong(disorder, figures);
  return figures;
}

async function exports(site: FleetSite): Promise<readonly ExportedLine[]> {
  return [...(await exportedBy(site.state('main'))), ...(await exportedBy(site.state('other')))];
}

function mostFiles(): number {
  return Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]);
}
