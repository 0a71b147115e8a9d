import { type Ip, parseIp } from '../../../core/base/ip.ts';
import { fail, ok, type Result } from '../../../core/base/result.ts';
import { type Millis, seconds } from '../../../core/base/time.ts';
import {
  batch,
  type Fate,
  fatesIn,
  load,
  type PacketTools,
  type RunOptions,
  readTable,
  sameFamily,
  sourceLines,
  targetLines,
  troubleOf,
  withNamespaces,
  witnesses,
} from '../../packets/index.ts';

const COMMAND: Millis = seconds(2);
const SEND: Millis = seconds(5);
const WITNESS = 'witness';
const DISCARD = 9;
/** Of networks for benchmarks, which nobody's sources are in; one of each family for each set of rules. */
const targetsOf = (nth: number): readonly Ip[] => [`198.18.0.${nth + 1}`, `2001:2::${nth + 1}`] as Ip[];
const macOf = (nth: number, end: 'edge' | 'source'): string => `02:00:00:62:0${nth}:0${end === 'edge' ? 1 : 2}`;

/**
 * Sends real packets from these sources through each of the rule texts. Every text stands in a network namespace made for
 * it, with one witness that counts ahead of the rules and one behind; from another the packets come. This host's own rules
 * and interfaces are not touched.
 * @param texts for `nft -f`, 9 at most; each is loaded into an empty ruleset
 */
export async function sendThrough(
  tools: PacketTools,
  texts: readonly string[],
  sources: readonly Ip[],
  signal: AbortSignal,
): Promise<Result<readonly ReadonlyMap<Ip, Fate>[], 'unavailable' | 'refused'>> {
  const done = await withNamespaces(tools, texts.length + 1, signal, async ([source = '', ...edges]) => {
    const options = { timeout: COMMAND, signal };
    const witness = witnesses({ table: WITNESS, marks: sources.map(markOf) });
    const ready = await Promise.all([
      join(tools, { source, edges, sources }, options),
      ...texts.map((text, i) => load(tools, edges[i] ?? '', `flush ruleset\n${text}\n${witness}`, options)),
    ]);
    const trouble = ready.find((one) => !one.ok);
    if (trouble?.ok === false) return trouble;
    const targets = texts.flatMap((_, i) => targetsOf(i));
    const letters = sources.flatMap((from) =>
      targets.filter((to) => sameFamily(from, to)).map((target) => ({ source: from, target, port: DISCARD })),
    );
    const sent = await tools.sendFrom(source, letters, { ...options, timeout: SEND });
    if (sent.kind !== 'ended' || sent.code !== 0) {
      return fail('unavailable', `no packet can be sent: ${troubleOf('the sender', sent)}`);
    }
    const told = await Promise.all(edges.map((edge) => readTable(tools, edge, WITNESS, options)));
    const silent = told.find((one) => !one.ok);
    if (silent?.ok === false) return silent;
    return ok(told.map((one) => fatesOf(one.ok ? one.value : '', sources)));
  });
  return done.ok ? done.value : done;
}

function fatesOf(text: string, sources: readonly Ip[]): ReadonlyMap<Ip, Fate> {
  const fates = fatesIn(text, sources.length);
  return new Map(sources.map((ip, i) => [ip, fates[i] ?? 'unsent']));
}

/** Of an address in canonical form only, so nothing in it can be anything else. */
function markOf(ip: Ip): string {
  const parsed = parseIp(ip);
  if (!parsed.ok) throw new Error('a source is no address');
  return `${parsed.value.family === 4 ? 'ip' : 'ip6'} saddr ${parsed.value.text}`;
}

interface Site {
  readonly source: string;
  readonly edges: readonly string[];
  readonly sources: readonly Ip[];
}

/** A cable from the source to each edge. What does not come through where a line was refused is told as unsent. */
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
  const laid = await batch(tools, source, far, options);
  const raised = await Promise.all(edges.map((edge) => batch(tools, edge, ['link set near up'], options)));
  const broken = [laid, ...raised].find(({ kind }) => kind !== 'ended');
  return broken === undefined ? ok(undefined) : fail('unavailable', `no cables: ${troubleOf('ip', broken)}`);
}
