import { hours, type Millis, minutes } from '../../base/time.ts';
import type { Event } from '../../event/event.ts';
import { displayName } from '../display.ts';
import type { SlidingCheck, Stream } from '../sliding/sliding-check.ts';
import { type AgentLists, AgentReader, VERDICT_FIELD } from '../web/agents.ts';
import { ProbeReader } from '../web/probes.ts';
import { BRUTE_FORCE, blocks, reports, WEB } from './grants.ts';
import { atSite, path, shown } from './phrases.ts';

const CLIENT_ERROR = 1;
const KNOWN_BAD = 2;
const TRAVERSAL = 4;
const SQL = 8;
const SHELL = 16;
const WP_LOGIN = 32;
const XMLRPC = 64;
const BAD_AGENT = 128;
const FALSE_BOT = 256;

/**
 * Statuses that well-behaved clients cause as well: a login asked for (401), a connection that idled (408), a limit reached
 * (429), a visitor who went away (nginx's 499).
 */
const INNOCENT: ReadonlySet<number> = new Set([401, 408, 429, 499]);

const isClientError = (status: number): boolean => status >= 400 && status < 500 && !INNOCENT.has(status);

/**
 * Requests by the access log, that is those whose status is known: error logs tell of the same requests again.
 */
function createTraits(lists: AgentLists): (event: Event) => number {
  const probes = new ProbeReader();
  const agents = new AgentReader(lists, (agent) => probes.isShell(agent));
  return (event) => {
    const { http } = event;
    if (http?.status === undefined || http.path === undefined) return 0;
    const probe = probes.read(http.path, http.query, http.status);
    let traits = isClientError(http.status) ? CLIENT_ERROR : 0;
    if (probe.isKnownBad) traits |= KNOWN_BAD;
    if (probe.isTraversal) traits |= TRAVERSAL;
    if (probe.isSql) traits |= SQL;
    if (probe.isShell) traits |= SHELL;
    if (http.method === 'POST') {
      if (http.path.endsWith('/wp-login.php')) traits |= WP_LOGIN;
      if (http.path.endsWith('/xmlrpc.php')) traits |= XMLRPC;
    }
    return http.userAgent === undefined ? traits : traits | agentTraits(agents, http.userAgent, event);
  };
}

function agentTraits(agents: AgentReader, agent: string, { sourceIp, fields }: Event): number {
  const { isBad, bot } = agents.read(agent);
  const traits = isBad ? BAD_AGENT : 0;
  if (bot === undefined || sourceIp === undefined) return traits;
  const verdict = fields?.[VERDICT_FIELD];
  const isGenuine = verdict === 'genuine' || (verdict !== 'false' && agents.isOf(bot, sourceIp));
  return isGenuine ? traits : traits | FALSE_BOT;
}

const BY_SOURCE: Stream = {
  name: 'web_source',
  wants: (category) => category === 'web',
  traits: createTraits,
  key: 'source',
  value: { of: 'text', read: ({ http }) => http?.path },
};

interface Kind<N extends string> {
  readonly name: N;
  readonly counts: number;
  readonly severity: 'warning' | 'high' | 'critical';
  readonly description: string;
  readonly say: SlidingCheck['say'];
}

const web = <N extends string>({ name, counts, severity, description, say }: Kind<N>) =>
  ({
    info: { name, category: WEB, severity, description, response: blocks },
    stream: BY_SOURCE,
    counts,
    subject: 'ip',
    say,
  }) as const;

/** Requests that are attacks by what they ask for. */
const probe = <N extends string>(name: N, counts: number, what: string, description: string) =>
  ({
    ...web({
      name,
      counts,
      severity: 'critical',
      description,
      say: (evidence) =>
        `${what} from ${evidence.subject}${atSite(evidence.event)}: ${evidence.count} requests in ${evidence.spent}, last for ${path(evidence.event)}`,
    }),
    measure: 'events',
    threshold: { noun: 'requests', preset: 3, minimum: 1 },
    window: minutes(10),
  }) as const satisfies SlidingCheck;

const postFlood = <N extends string>(name: N, counts: number, what: string, description: string) =>
  ({
    ...web({
      name,
      counts,
      severity: 'high',
      description,
      say: (evidence) =>
        `${what} from ${evidence.subject}${atSite(evidence.event)}: ${evidence.count} POST requests in ${evidence.spent}`,
    }),
    info: { name, category: BRUTE_FORCE, severity: 'high', description, response: blocks },
    measure: 'events',
    threshold: { noun: 'posts', preset: 20, minimum: 2 },
    window: minutes(5),
  }) as const satisfies SlidingCheck;

const byAgent = <N extends string>(name: N, counts: number, what: string, description: string, why: string) =>
  ({
    ...web({
      name,
      counts,
      severity: 'warning',
      description,
      say: ({ subject, event }) =>
        `${what} from ${subject}${atSite(event)}: user agent ${displayName(event.http?.userAgent ?? '', 80)}`,
    }),
    info: { name, category: WEB, severity: 'warning', description, response: reports(why) },
    measure: 'events',
    window: hours(1) as Millis,
  }) as const satisfies SlidingCheck;

export const WEB_CHECKS = {
  http_scanner_profile: {
    ...web({
      name: 'http_scanner_profile',
      counts: CLIENT_ERROR,
      severity: 'high',
      description: 'One source asks a web server for many paths that are not there or not for it',
      say: ({ subject, event, count, spent, values }) =>
        `Web scan from ${subject}${atSite(event)}: ${count} different paths refused in ${spent} (${shown(values)})`,
    }),
    measure: 'values',
    threshold: { noun: 'paths', preset: 30, minimum: 2 },
    window: minutes(2),
  },
  http_probe: {
    ...web({
      name: 'http_probe',
      counts: KNOWN_BAD,
      severity: 'high',
      description: 'One source asks a web server for paths that only attackers ask for',
      say: ({ subject, event, count, spent, values }) =>
        `Web probe from ${subject}${atSite(event)}: ${count} known bad paths in ${spent} (${shown(values)})`,
    }),
    measure: 'values',
    threshold: { noun: 'paths', preset: 3, minimum: 1 },
    window: minutes(10),
  },
  path_traversal: probe(
    'path_traversal',
    TRAVERSAL,
    'Path traversal',
    'Requests that climb out of the document root or read system files',
  ),
  sqli_probe: probe('sqli_probe', SQL, 'SQL injection', 'Requests with SQL in them'),
  shell_probe: probe('shell_probe', SHELL, 'Command injection', 'Requests with commands in them, or for web shells'),
  wp_login_bruteforce: postFlood(
    'wp_login_bruteforce',
    WP_LOGIN,
    'WordPress login brute force',
    "Many POST requests of one source to WordPress's login page",
  ),
  xmlrpc_abuse: postFlood(
    'xmlrpc_abuse',
    XMLRPC,
    'XML-RPC abuse',
    "Many POST requests of one source to WordPress's XML-RPC, which takes hundreds of passwords at once",
  ),
  http_bad_bot: byAgent(
    'http_bad_bot',
    BAD_AGENT,
    'Attack tool',
    'A request whose user agent is a known scanner or attack tool, or an injected command',
    'a user agent says nothing that is true for certain',
  ),
  http_claimed_bot_unverified: byAgent(
    'http_claimed_bot_unverified',
    FALSE_BOT,
    'False crawler',
    "A request that claims to be a search engine's crawler and does not come from its networks",
    'the published networks of a crawler change',
  ),
} as const satisfies Readonly<Record<string, SlidingCheck>>;
