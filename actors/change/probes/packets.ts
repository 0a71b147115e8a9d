import { type Ip, parseIp } from '../../../core/base/ip.ts';
import { fail, ok, type Result } from '../../../core/base/result.ts';
import { type Millis, seconds } from '../../../core/base/time.ts';
import type { Connection } from '../../../core/respond/allow.ts';
import { troubleOf } from './gateway.ts';
import { withNamespaces } from './namespaces.ts';
import type { Ran, RunOptions, Tools } from './port.ts';

/**
 * Who tries to get past the rules: to a TCP port of this host, as whoever connects there, or, without one, no further than
 * to where packets to all ports are judged alike.
 */
export type Knock = Connection;

/** A knock as one set of rules treats its packets. `unsent`: none came as far as the rules. */
export type Fate = 'passes' | 'dropped' | 'unsent';

const COMMAND: Millis = seconds(2);
const SEND: Millis = seconds(5);
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
  tools: Tools,
  texts: readonly string[],
  knocks: readonly Knock[],
  signal: AbortSignal,
): Promise<Result<readonly (readonly Fate[])[], 'unavailable' | 'refused'>> {
  const done = await withNamespaces(tools, texts.length + 1, signal, async ([source = '', ...edges]) => {
    const options = { timeout: COMMAND, signal };
    const sources = [...new Set(knocks.map(({ ip }) => ip))];
    const ready = await Promise.all([
      join(tools, { source, edges, sources }, options),
      ...texts.map((text, i) => load(tools, edges[i] ?? '', `flush ruleset\n${text}\n${witnesses(knocks)}`, options)),
    ]);
    const trouble = ready.find((one) => !one.ok);
    if (trouble?.ok === false) return trouble;
    const targets = texts.flatMap((_, i) => targetsOf(i));
    const sent = await tools.sendFrom(source, knocks, targets, { ...options, timeout: SEND });
    if (sent.kind !== 'ended' || sent.code !== 0) {
      return fail('unavailable', `no packet can be sent: ${troubleOf('the sender', sent)}`);
    }
    const told = await Promise.all(edges.map((edge) => readWitnesses(tools, edge, options)));
    const silent = told.find((one) => !one.ok);
    if (silent?.ok === false) return silent;
    return ok(told.map((one) => fatesIn(one.ok ? one.value : '', knocks)));
  });
  return done.ok ? done.value : done;
}

interface Site {
  readonly source: string;
  readonly edges: readonly string[];
  readonly sources: readonly Ip[];
}

const familyOf = (ip: Ip): 4 | 6 => (ip.includes(':') ? 6 : 4);
const alone = (ip: Ip): string => `${ip}/${familyOf(ip) === 4 ? 32 : 128}`;
const ready = (ip: Ip): string => (familyOf(ip) === 6 ? ' nodad' : '');

/**
 * A cable from the source to each edge, which has the targets' addresses and a way back, so that it takes the packets for
 * its own; nobody has to ask for anybody's hardware address. A kernel without IPv6 refuses some of the lines; what then
 * does not come through is told as unsent.
 */
async function join(
  tools: Tools,
  { source, edges, sources }: Site,
  options: RunOptions,
): Promise<Result<void, 'unavailable'>> {
  const far = [
    'link set lo up',
    ...sources.map((ip) => `addr add ${alone(ip)} dev lo${ready(ip)}`),
    ...edges.flatMap((edge, i) => [
      `link add b${i} address ${macOf(i, 'source')} type veth peer name near address ${macOf(i, 'edge')} netns ${edge}`,
      `link set b${i} up`,
      ...targetsOf(i).flatMap((ip) => [
        `neigh add ${ip} lladdr ${macOf(i, 'edge')} dev b${i} nud permanent`,
        `route add ${alone(ip)} dev b${i}`,
      ]),
    ]),
  ];
  const batch = (name: string, lines: readonly string[]): Promise<Ran> =>
    tools.run('ip', ['-force', '-n', name, '-batch', '-'], { ...options, input: `${lines.join('\n')}\n` });
  const laid = await batch(source, far);
  const near = (nth: number): readonly string[] => [
    'link set near up',
    ...targetsOf(nth).map((ip) => `addr add ${alone(ip)} dev near${ready(ip)}`),
    ...sources.flatMap((ip) => [
      `neigh add ${ip} lladdr ${macOf(nth, 'source')} dev near nud permanent`,
      `route add ${alone(ip)} dev near`,
    ]),
  ];
  const raised = await Promise.all(edges.map((edge, i) => batch(edge, near(i))));
  const broken = [laid, ...raised].find(({ kind }) => kind !== 'ended');
  return broken === undefined ? ok(undefined) : fail('unavailable', `no cables: ${troubleOf('ip', broken)}`);
}

async function load(
  tools: Tools,
  edge: string,
  input: string,
  options: RunOptions,
): Promise<Result<void, 'unavailable' | 'refused'>> {
  const ran = await tools.run('ip', ['netns', 'exec', edge, 'nft', '-f', '-'], { ...options, input });
  if (ran.kind !== 'ended') return fail('unavailable', `the rules cannot be loaded: ${troubleOf('nft', ran)}`);
  return ran.code === 0 ? ok(undefined) : fail('refused', `the rules are refused: ${troubleOf('nft', ran)}`);
}

async function readWitnesses(tools: Tools, edge: string, options: RunOptions): Promise<Result<string, 'unavailable'>> {
  const words = ['netns', 'exec', edge, 'nft', '-j', 'list', 'table', 'inet', WITNESS];
  const ran = await tools.run('ip', words, options);
  if (ran.kind === 'ended' && ran.code === 0) return ok(ran.out);
  return fail('unavailable', `the witnesses cannot be read: ${troubleOf('nft', ran)}`);
}

const WITNESS = 'witness';

/** Far ahead of the rules; right behind those that all packets meet; right behind those of packets to this host. */
const PLACES = [
  { chain: 'ahead', hook: 'prerouting', priority: -400, sees: () => true },
  { chain: 'behind', hook: 'prerouting', priority: -189, sees: ({ port }: Knock) => port === undefined },
  { chain: 'inside', hook: 'input', priority: -4, sees: ({ port }: Knock) => port !== undefined },
] as const;

/** Of numbers and addresses in canonical form only, so nothing in it can be anything else. */
export const witnesses = (knocks: readonly Knock[]): string =>
  [
    `table inet ${WITNESS} {`,
    ...PLACES.flatMap(({ chain, hook, priority, sees }) => [
      `  chain ${chain} {`,
      `    type filter hook ${hook} priority ${priority}; policy accept;`,
      ...knocks.flatMap((knock, i) =>
        sees(knock) && parseIp(knock.ip).ok ? [`    ${matchOf(knock)} counter comment "${i}"`] : [],
      ),
      '  }',
    ]),
    '}',
    '',
  ].join('\n');

const matchOf = ({ ip, port }: Knock): string =>
  `${familyOf(ip) === 4 ? 'ip' : 'ip6'} saddr ${ip}${port === undefined ? ' meta l4proto udp' : ` tcp dport ${Number(port)}`}`;

interface ListedRule {
  readonly chain?: string;
  readonly comment?: string;
  readonly expr?: readonly { readonly counter?: { readonly packets?: number } }[];
}

/** What the witnesses have seen, as `nft -j` tells it. What it does not tell was not seen. */
export function fatesIn(text: string, knocks: readonly Knock[]): readonly Fate[] {
  const seen = new Set(
    rulesIn(text).flatMap(({ chain, comment, expr = [] }) =>
      expr.some(({ counter }) => (counter?.packets ?? 0) > 0) ? [`${chain} ${comment}`] : [],
    ),
  );
  return knocks.map((_, i) => {
    if (!seen.has(`ahead ${i}`)) return 'unsent';
    return seen.has(`behind ${i}`) || seen.has(`inside ${i}`) ? 'passes' : 'dropped';
  });
}

function rulesIn(text: string): readonly ListedRule[] {
  try {
    const { nftables } = JSON.parse(text) as { readonly nftables?: readonly { readonly rule?: ListedRule }[] };
    return Array.isArray(nftables) ? nftables.flatMap((one: { readonly rule?: ListedRule }) => one?.rule ?? []) : [];
  } catch {
    return [];
  }
}
