import { type Ip, parseIp } from '../../../core/base/ip.ts';
import { fail, ok, type Result } from '../../../core/base/result.ts';
import { type Millis, seconds } from '../../../core/base/time.ts';
import type { Connection } from '../../../core/respond/allow.ts';
import {
  addressLines,
  batch,
  type Fate,
  fatesIn,
  type Letter,
  load,
  type PacketTools,
  type RunOptions,
  readTable,
  sameFamily,
  sourceLines,
  targetLines,
  troubleOf,
  type Watched,
  withNamespaces,
  witnesses,
} from '../../packets/index.ts';

/**
 * Who tries to get past the rules: to a TCP port of this host, as whoever connects there, or, without one, no further than
 * to where packets to all ports are judged alike.
 */
export type Knock = Connection;

const COMMAND: Millis = seconds(2);
const SEND: Millis = seconds(5);
const WITNESS = 'witness';
const DISCARD = 9;
/** Of networks for benchmarks, which nobody's sources are in; one of each family for each set of rules. */
const targetsOf = (nth: number): readonly Ip[] => [`198.18.0.${nth + 1}`, `2001:2::${nth + 1}`] as Ip[];
const macOf = (nth: number, end: 'edge' | 'source'): string => `02:00:00:62:0${nth}:0${end === 'edge' ? 1 : 2}`;

/**
 * Sends real packets of these knocks through each of the rule texts. Every text stands in a network namespace made for
 * it, with one witness that counts ahead of the rules and one behind; from another the packets come. This host's own rules
 * and interfaces are not touched.
 * @param texts for `nft -f`, 9 at most; each is loaded into an empty ruleset
 * @returns for each text the fate of each knock, in their order
 */
export async function sendThrough(
  tools: PacketTools,
  texts: readonly string[],
  knocks: readonly Knock[],
  signal: AbortSignal,
): Promise<Result<readonly (readonly Fate[])[], 'unavailable' | 'refused'>> {
  const done = await withNamespaces(tools, texts.length + 1, signal, async ([source = '', ...edges]) => {
    const options = { timeout: COMMAND, signal };
    const sources = [...new Set(knocks.map(({ ip }) => ip))];
    const witness = witnesses({ table: WITNESS, watched: knocks.map(watched) });
    const ready = await Promise.all([
      join(tools, { source, edges, sources }, options),
      ...texts.map((text, i) => load(tools, edges[i] ?? '', `flush ruleset\n${text}\n${witness}`, options)),
    ]);
    const trouble = ready.find((one) => !one.ok);
    if (trouble?.ok === false) return trouble;
    const letters = knocks.flatMap((knock) => texts.flatMap((_, i) => lettersOf(knock, targetsOf(i))));
    const sent = await tools.sendFrom(source, letters, { ...options, timeout: SEND });
    if (sent.kind !== 'ended' || sent.code !== 0) {
      return fail('unavailable', `no packet can be sent: ${troubleOf('the sender', sent)}`);
    }
    const told = await Promise.all(edges.map((edge) => readTable(tools, edge, WITNESS, options)));
    const silent = told.find((one) => !one.ok);
    if (silent?.ok === false) return silent;
    return ok(told.map((one) => fatesIn(one.ok ? one.value : '', knocks.length)));
  });
  return done.ok ? done.value : done;
}

const lettersOf = ({ ip, port }: Knock, targets: readonly Ip[]): readonly Letter[] =>
  targets
    .filter((target) => sameFamily(ip, target))
    .map((target) => ({ protocol: port === undefined ? 'udp' : 'tcp', source: ip, target, port: port ?? DISCARD }));

/** Of numbers and addresses in canonical form only, so nothing in it can be anything else. */
export function watched({ ip, port }: Knock): Watched {
  const parsed = parseIp(ip);
  // Matches nothing: what is no address sends nothing either.
  if (!parsed.ok) return { mark: 'meta l4proto 255', past: 'all' };
  const from = `${parsed.value.family === 4 ? 'ip' : 'ip6'} saddr ${parsed.value.text}`;
  if (port === undefined) return { mark: `${from} meta l4proto udp`, past: 'all' };
  return { mark: `${from} tcp dport ${Number(port)}`, past: 'host' };
}

interface Site {
  readonly source: string;
  readonly edges: readonly string[];
  readonly sources: readonly Ip[];
}

/**
 * A cable from the source to each edge, which has the targets' addresses and a way back, so that it takes the packets for
 * its own. What does not come through where a line was refused is told as unsent.
 */
async function join(
  tools: PacketTools,
  { source, edges, sources }: Site,
  options: RunOptions,
): Promise<Result<void, 'unavailable'>> {
  const far = [
    ...sourceLines(sources),
    ...edges.flatMap((edge, i) => [
      `link add b${i} address ${macOf(i, 'source')} type veth peer name near address ${macOf(i, 'edge')} netns ${edge}`,
      `link set b${i} up`,
      ...targetLines(`b${i}`, targetsOf(i), macOf(i, 'edge')),
    ]),
  ];
  const near = (nth: number): readonly string[] => [
    'link set near up',
    ...addressLines('near', targetsOf(nth)),
    ...targetLines('near', sources, macOf(nth, 'source')),
  ];
  const laid = await batch(tools, source, far, options);
  const raised = await Promise.all(edges.map((edge, i) => batch(tools, edge, near(i), options)));
  const broken = [laid, ...raised].find(({ kind }) => kind !== 'ended');
  return broken === undefined ? ok(undefined) : fail('unavailable', `no cables: ${troubleOf('ip', broken)}`);
}
