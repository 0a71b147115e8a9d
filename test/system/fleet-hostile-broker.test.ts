/** A broker in wrong hands, between a real controller and real appliances: it makes them wait, and that is all. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemRandom } from '../../actors/clock/index.ts';
import { contentType, decodeReported, decodeResult, encodeReported, seal } from '../../actors/link-wire/index.ts';
import { uuidv7 } from '../../core/base/ids.ts';
import { hours, millis, plus, seconds } from '../../core/base/time.ts';
import type { Order, OrderBody } from '../../core/link/order.ts';
import { parseTopic } from '../../core/link/topics.ts';
import { noBroker } from '../support/fleet-site.ts';
import type { Edge } from '../support/link/edge.ts';
import { FourSpaces } from '../support/link/four-spaces.ts';
import { HostileBroker, type Told } from '../support/link/hostile-broker.ts';
import { setOf, testKey } from '../support/link-orders.ts';
import { namespacesUnavailable } from '../support/network-namespace.ts';
import { SEED } from '../support/random.ts';
import { waitFor } from '../support/wait-for.ts';

const skip = noBroker || namespacesUnavailable();
const TENANT = 'acme';
const VICTIM = '203.0.113.66';
const broker = testKey(`broker ${randomUUID()}`);
const addresses = Array.from({ length: 12 }, (_, i) => `198.51.100.${i + 1}`);
const LISTED = '11.7.7.7';

/** What a broker would have an appliance do, signed with a key of its own. */
function orders(serial: string, generation: number): readonly Order[] {
  const now = millis(Date.now());
  const content = { sections: [{ name: 'firewall', values: { denied_networks: [`${VICTIM}/32`] } }], rules: [] };
  const bodies: readonly OrderBody[] = [
    { kind: 'command', command: { kind: 'block', target: VICTIM, reason: '', lasts: 'forever' } },
    { kind: 'command', command: { kind: 'restart', reason: '' } },
    { kind: 'desired', desired: { parent: undefined, ...content, trial: seconds(60) } },
    { kind: 'keys', keys: setOf(broker) },
  ];
  return bodies.map((body) => {
    const head = { id: uuidv7(now, systemRandom), tenant: TENANT, appliance: serial, issuedAt: now };
    return { ...head, notAfter: plus(now, hours(1)), generation: body.kind === 'command' ? 0 : generation, ...body };
  });
}

/** Orders of its own in the place of each, and appliances that seem to be far ahead of what they were told. */
function forge({ topic, payload, isRetained }: Told): readonly Told[] {
  const parsed = parseTopic(topic);
  if (parsed === undefined || !('serial' in parsed)) return [];
  const say = (bytes: Uint8Array, name: 'Envelope' | 'Reported'): Told => ({
    ...{ topic, isRetained, payload: Buffer.from(bytes) },
    contentType: contentType(name),
  });
  if (parsed.kind === 'reported') {
    const told = decodeReported(payload);
    if (!told.ok) return [];
    const desired = { ...told.value.desired, generation: Number.MAX_SAFE_INTEGER };
    return [say(encodeReported({ ...told.value, desired }), 'Reported')];
  }
  if (parsed.kind !== 'cmd' && parsed.kind !== 'desired' && parsed.kind !== 'keys') return [];
  return orders(parsed.serial, 1000).flatMap((order) => {
    const sealed = seal(order, [broker]);
    return sealed.ok ? [say(sealed.value.bytes, 'Envelope')] : [];
  });
}

async function hostileBroker(spaces: FourSpaces): Promise<HostileBroker> {
  const { site } = spaces;
  const path = join(site.root, 'hostile.sock');
  const file = (name: string) => readFile(join(site.state('main'), name), 'utf8');
  const files = ['broker/broker.key', 'broker/broker.crt', 'ca/root.crt', 'ca/issuing.crt'];
  const [key = '', cert = '', root = '', issuing = ''] = await Promise.all(files.map(file));
  const opened = await HostileBroker.open({ path, tls: { key, cert, ca: root + issuing }, seed: SEED, forge });
  await spaces.door('0.0.0.0:8883', path);
  return opened;
}

/** What was said of each command, by its id. */
type Commands = Map<string, string>;

/**
 * Orders of all kinds, as fast as they can be said. While a connection is cut the controller says so and orders nothing, which is
 * tried again; a result that the broker made up is none of that.
 */
async function order({ site }: FourSpaces): Promise<Commands> {
  const commands: Commands = new Map();
  const say = (...words: readonly string[]) =>
    waitFor(words.join(' '), async () => {
      const { code, out, err } = await site.run('main', ...words);
      if (code !== 0) throw new Error(`exit ${code}: ${out}${err}`);
      return true;
    });
  const desire = async (network: string) => {
    const file = join(site.root, 'desired.yaml');
    await writeFile(file, JSON.stringify({ firewall: { denied_networks: [network] } }));
    await say('desired', 'set', 'all', file, '--within', '0', '--trial', '2m');
  };
  const command = (...words: readonly string[]) =>
    waitFor(words.join(' '), async () => {
      const rows = await site.rows('main', 'cmd', ...words, '--within', '0');
      for (const { id, serial } of rows) commands.set(String(id), `${serial} ${words.join(' ')}`);
      return rows.length === 2 ? true : undefined;
    });
  await desire('192.0.2.0/25');
  for (const [i, address] of addresses.entries()) {
    await command('block', 'all', address, '--for', '0');
    if (i % 3 === 0) await command('unblock', 'all', address);
  }
  await desire('192.0.2.128/25');
  const list = join(site.root, 'list');
  await writeFile(list, `${LISTED}\n`);
  await say('lists', 'publish', 'bad-guys', list);
  await command('block', 'all', '198.51.100.200', '--for', '0');
  return commands;
}

/** Everything that was ordered, and nothing else. @returns what is not so */
async function amiss(edge: Edge): Promise<readonly string[]> {
  const rules = await edge.rules();
  const has = (text: string): boolean => new RegExp(`(?<![\\d.])${text.replaceAll('.', '\\.')}(?![\\d.])`).test(rules);
  const wanted = [...addresses.filter((_, i) => i % 3 !== 0), '198.51.100.200', LISTED, '192.0.2.128/25'];
  const unwanted = [...addresses.filter((_, i) => i % 3 === 0), VICTIM, '192.0.2.0/25'];
  return [
    ...wanted.filter((text) => !has(text)).map((text) => `${edge.serial} has no ${text}`),
    ...unwanted.filter(has).map((text) => `${edge.serial} has ${text} still`),
  ];
}

interface Site {
  readonly spaces: FourSpaces;
  readonly edges: readonly Edge[];
  readonly hostile: HostileBroker;
}

/** What both sides know of what was ordered. */
async function tellAll({ edges, hostile, spaces: { site } }: Site, commands: Commands): Promise<string> {
  const results = hostile.seen.flatMap(({ topic, payload }) => {
    const read = parseTopic(topic)?.kind === 'result' ? decodeResult(payload) : undefined;
    return read?.ok ? [read.value] : [];
  });
  const lines = [...commands].map(([id, words]) => {
    const states = results.filter((one) => one.id === id).map(({ state, code, text }) => `${state} ${code} ${text}`);
    return `${words}: ${states.join(', then ') || 'no result'}`;
  });
  for (const edge of edges) {
    for (const one of await edge.audit((action) => action.startsWith('order_') || action === 'refuse_order')) {
      lines.push(`${edge.serial} ${JSON.stringify(one)}`);
    }
    lines.push(`${edge.serial} stands: ${JSON.stringify(await site.rows('main', 'desired', 'diff', edge.serial))}`);
    lines.push(`issued: ${JSON.stringify(await site.rows('main', 'desired', 'history', edge.serial))}`);
  }
  lines.push(site.output('main'));
  return lines.join('\n');
}

/** Looks at both, so that it is known of each how it is when one is not as it should be. */
async function areAsOrdered(site: Site, commands: Commands): Promise<void> {
  let wrong: readonly string[] = [];
  try {
    await waitFor(
      'both to be as ordered',
      async () => {
        wrong = (await Promise.all(site.edges.map(amiss))).flat();
        return wrong.length === 0 ? true : undefined;
      },
      // Longer than the appliance itself waits for what was kept back from it.
      { withinMs: 170_000, everyMs: 250 },
    );
  } catch {
    assert.fail(`${wrong.join('\n')}\n${await tellAll(site, commands)}`);
  }
}

/** Waits until the controller has heard that what it desired last is in effect. */
function isKnown({ site }: FourSpaces, edge: Edge): Promise<boolean> {
  return waitFor(
    'the controller to know it',
    async () => {
      const [last] = await site.rows('main', 'desired', 'history', edge.serial);
      if (last?.['standing'] === 'confirmed' && last['in_effect'] === true) return true;
      throw new Error(JSON.stringify(last));
    },
    { withinMs: 30_000, everyMs: 250 },
  );
}

test('a broker that injects, reorders, repeats, drops and rolls back changes nothing but when things are done', {
  skip,
  timeout: 320_000,
}, async (t) => {
  await using spaces = await FourSpaces.make();
  const { site, edges } = spaces;
  const hostile = await hostileBroker(spaces);
  t.after(() => hostile.close());
  await spaces.bringUp();
  hostile.turn();
  const commands = await order(spaces);
  await waitFor(
    'mischief of every kind',
    () => {
      const { held, repeated, dropped, altered, astray, invented, rolledBack, cut } = hostile.counters;
      const few = Math.min(held, repeated, altered, astray, invented, rolledBack);
      return few >= 20 && dropped >= 5 && cut > 0 ? true : undefined;
    },
    { withinMs: 60_000 },
  );
  for (const edge of edges) assert.ok(!(await edge.rules()).includes(VICTIM));
  hostile.relent();
  t.diagnostic(JSON.stringify(hostile.counters));

  await areAsOrdered({ spaces, edges, hostile }, commands);
  for (const edge of edges) {
    await isKnown(spaces, edge).catch(async (cause: unknown) => {
      throw new Error(await tellAll({ spaces, edges, hostile }, commands), { cause });
    });
    const config = await edge.config();
    assert.match(config, /192\.0\.2\.128\/25/);
    assert.doesNotMatch(config, /203\.0\.113|192\.0\.2\.0\/25/);
    assert.ok((await edge.audit((action) => action === 'refuse_order')).length > 0);
  }
  const done = await site.rows('main', 'cmd', 'scan', 'all', 'firewall');
  assert.deepEqual(
    done.map(({ state }) => state),
    ['done', 'done'],
    JSON.stringify(done),
  );
});
