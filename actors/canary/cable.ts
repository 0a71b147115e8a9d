import type { Ip } from '../../core/base/ip.ts';
import { fail, ok, type Result } from '../../core/base/result.ts';
import { type Millis, seconds } from '../../core/base/time.ts';
import {
  batch,
  type Fate,
  fatesIn,
  load,
  nft,
  type PacketTools,
  type RunOptions,
  readTable,
  removeLeftOvers,
  type Space,
  sourceLines,
  targetLines,
  troubleOf,
  withNamespaces,
  witnesses,
} from '../packets/index.ts';

const COMMAND: Millis = seconds(5);
const SEND: Millis = seconds(10);
/** Of networks for benchmarks: no host has them, and no route leads there on purpose. */
const TARGETS = { 4: '198.18.255.254' as Ip, 6: '2001:2::ffff:fffe' as Ip } as const;
/**
 * To everybody on the cable. The kernel shows such a frame to the rules like any other, but neither forwards nor answers
 * it: even where the witness that ends it is gone, nothing goes on to anybody.
 */
const EVERYBODY = 'ff:ff:ff:ff:ff:ff';
/**
 * A packet is known by its port, which nobody changes ahead of address translation: so one whose source was rewritten on the
 * way is still seen to get through.
 */
const FIRST_PORT = 40_000;
const portOf = (nth: number): number => FIRST_PORT + nth;

/** As often letters are sent that did not come as far as the rules. */
const SENDINGS = 3;

/** Where the rules are that canaries are sent through. */
export interface CanaryPlace {
  readonly tools: PacketTools;
  /** The namespace that is filtered. */
  readonly space: Space;
  /** Name of the witnesses' own table there, family inet. */
  readonly table: string;
}

/**
 * Sends one datagram of each source through the rules as they stand: from a namespace of its own, over a cable that is laid
 * for it, between two witnesses behind which every packet of that cable ends. Nothing of it stays.
 * @returns what became of each, in order; `unavailable` says why nothing could be sent
 */
export async function sendAcross(
  { tools, space, table }: CanaryPlace,
  sources: readonly Ip[],
  signal: AbortSignal,
): Promise<Result<readonly Fate[], 'unavailable'>> {
  const options = { timeout: COMMAND, signal };
  const done = await withNamespaces(tools, 1, signal, async ([far = '']) => {
    // No longer than the name of a device may be, and no other's.
    const near = `bzc${far.slice(-12)}`;
    const witness = witnesses({
      table,
      device: near,
      watched: sources.map((_, i) => ({ mark: `udp dport ${portOf(i)}`, past: 'all' })),
    });
    try {
      const watched = await load(tools, space, `${withoutTable(table)}${witness}`, options);
      if (!watched.ok) return fail('unavailable', watched.public);
      const laid = await lay(tools, { space, near, far, sources }, options);
      return laid.ok ? await send(tools, { space, table, far, sources }, options) : laid;
    } finally {
      await batch(tools, space, [`link del ${near}`], { timeout: COMMAND });
      await nft(tools, space, ['-f', '-'], { timeout: COMMAND, input: withoutTable(table) });
    }
  });
  return done.ok ? done.value : done;
}

/** Whether this process may do what a round needs, as far as that can be told without sending anything. */
export const isAllowed = ({ tools }: CanaryPlace, signal: AbortSignal): Promise<Result<void, 'unavailable'>> =>
  withNamespaces(tools, 1, signal, async () => undefined);

/** Ends what a process that was killed has left: its namespaces, with their cables, and the witnesses. */
export async function removeCable({ tools, space, table }: CanaryPlace): Promise<void> {
  await removeLeftOvers(tools);
  await nft(tools, space, ['-f', '-'], { timeout: COMMAND, input: withoutTable(table) });
}

/** Works whether or not there is one. */
const withoutTable = (table: string): string => `table inet ${table}\ndelete table inet ${table}\n`;

interface Cable {
  readonly space: Space;
  readonly near: string;
  readonly far: string;
  readonly sources: readonly Ip[];
}

/** The near end has no address and asks nobody for anything. */
async function lay(
  tools: PacketTools,
  { space, near, far, sources }: Cable,
  options: RunOptions,
): Promise<Result<void, 'unavailable'>> {
  const here = [
    `link add ${near} type veth peer name far netns ${far}`,
    `link set ${near} addrgenmode none arp off`,
    `link set ${near} up`,
  ];
  const there = [...sourceLines(sources), 'link set far up', ...targetLines('far', Object.values(TARGETS), EVERYBODY)];
  for (const [where, lines] of [[space, here] as const, [far, there] as const]) {
    const ran = await batch(tools, where, lines, options);
    if (ran.kind !== 'ended') return fail('unavailable', `no cable: ${troubleOf('ip', ran)}`);
    if (where === space && ran.code !== 0) return fail('unavailable', `no cable: ${troubleOf('ip', ran)}`);
  }
  return ok(undefined);
}

interface Sending {
  readonly space: Space;
  readonly table: string;
  readonly far: string;
  readonly sources: readonly Ip[];
}

/** What did not come as far as the rules is sent again: the cable may not have been up to its end. */
async function send(
  tools: PacketTools,
  { space, table, far, sources }: Sending,
  options: RunOptions,
): Promise<Result<readonly Fate[], 'unavailable'>> {
  const letters = sources.map((source, i) => ({
    protocol: 'udp' as const,
    source,
    target: TARGETS[source.includes(':') ? 6 : 4],
    port: portOf(i),
  }));
  let fates: readonly Fate[] = letters.map(() => 'unsent');
  for (let sending = 0; sending < SENDINGS && fates.includes('unsent'); sending++) {
    const late = letters.filter((_, i) => fates[i] === 'unsent');
    const sent = await tools.sendFrom(far, late, { ...options, timeout: SEND });
    if (sent.kind !== 'ended' || sent.code !== 0) {
      return fail('unavailable', `no packet can be sent: ${troubleOf('the sender', sent)}`);
    }
    const told = await readTable(tools, space, table, options);
    if (!told.ok) return told;
    fates = fatesIn(told.value, letters.length);
  }
  return ok(fates);
}
