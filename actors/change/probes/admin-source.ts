import { canonicalIp, type Ip } from '../../../core/base/ip.ts';
import type { Change } from '../../../core/change/change.ts';
import { isLoopback } from '../../../core/change/judge-sources.ts';
import type { Fate } from '../../packets/index.ts';
import type { Knock } from './packets.ts';
import { failed, type ProbeDeps, passed, type Seen, unknown } from './port.ts';

type Deps = Pick<ProbeDeps, 'tools' | 'rules' | 'connected' | 'api'>;

/** Knocks that are tried in one change. */
const MOST = 32;

/**
 * The address that ordered the change still gets in under the candidate's rules, by real packets to the ports that it uses:
 * the console's, and whatever else it is connected to, by ssh perhaps. A change that was ordered on this machine itself may
 * well have come through a session from elsewhere: then whoever is connected counts.
 */
export async function probeAdminSource(deps: Deps, change: Change, signal: AbortSignal): Promise<Seen> {
  const ip = canonicalIp(change.word.peer);
  return ip === undefined || isLoopback(ip) ? probeConnected(deps, change, signal) : probeOne(deps, ip, change, signal);
}

async function probeConnected(deps: Deps, change: Change, signal: AbortSignal): Promise<Seen> {
  const connected = await deps.connected();
  if (!connected.ok) return unknown(connected.public);
  const all = distinct(connected.value.filter(({ ip }) => !isLoopback(ip)));
  if (all.length === 0) return passed('ordered on this machine, to which nobody is connected from elsewhere');
  if (all.length > MOST) return unknown(`ordered on this machine, to which ${all.length} addresses are connected`);
  const fates = await fatesOf(deps, all, change, signal);
  if ('result' in fates) return fates;
  const cut = all.filter((_, i) => fates.now[i] === 'dropped' && fates.before[i] !== 'dropped');
  if (cut.length > 0) return failed(`the new rules drop packets from ${named(cut)}, which are connected here`);
  const unsent = all.filter((_, i) => fates.now[i] !== 'passes' && fates.now[i] !== 'dropped');
  if (unsent.length > 0) return unknown(`no packet from ${named(unsent)} could be sent`);
  return passed(`packets from all that are connected get past the new rules as before: ${named(all)}`);
}

interface Fates {
  readonly now: readonly Fate[];
  readonly before: readonly Fate[];
}

async function fatesOf(
  { tools, rules }: Deps,
  knocks: readonly Knock[],
  change: Change,
  signal: AbortSignal,
): Promise<Fates | Seen> {
  const texts = await rules(change, [...new Set(knocks.map(({ ip }) => ip))]);
  if (!texts.ok) return unknown(texts.public);
  const { candidate, confirmed } = texts.value;
  const fates = await tools.sendThrough([candidate, confirmed], knocks, signal);
  if (!fates.ok) return (fates.code === 'refused' ? failed : unknown)(fates.public);
  const [now = [], before = []] = fates.value;
  return { now, before };
}

async function probeOne(deps: Deps, ip: Ip, change: Change, signal: AbortSignal): Promise<Seen> {
  const knocks = await knocksOf(deps, ip);
  const fates = await fatesOf(deps, knocks, change, signal);
  if ('result' in fates) return fates;
  const cut = knocks.filter((_, i) => fates.now[i] === 'dropped');
  if (cut.length > 0) {
    const isNew = knocks.some((_, i) => fates.now[i] === 'dropped' && fates.before[i] !== 'dropped');
    const was = isNew ? 'which got past the old ones' : 'as they did before';
    return failed(`the new rules drop packets from ${named(cut)}, ${was}`);
  }
  const unsent = knocks.filter((_, i) => fates.now[i] !== 'passes');
  if (unsent.length > 0) return unknown(`no packet from ${named(unsent)} could be sent`);
  return passed(`packets from ${named(knocks)} get past the new rules`);
}

/** To the ports that it is connected to; to the console's where it is not, as behind a proxy. */
async function knocksOf({ connected, api }: Deps, ip: Ip): Promise<readonly Knock[]> {
  const sessions = await connected();
  const own = sessions.ok ? sessions.value.filter((one) => one.ip === ip && one.port !== undefined) : [];
  const target = api();
  if (own.length > 0) return distinct(own).slice(0, MOST);
  return [target.ok ? { ip, port: target.value.port } : { ip }];
}

const keyOf = ({ ip, port }: Knock): string => (port === undefined ? ip : `${ip} to port ${port}`);
const distinct = (knocks: readonly Knock[]): readonly Knock[] => [
  ...new Map(knocks.map((knock) => [keyOf(knock), knock])).values(),
];
const named = (knocks: readonly Knock[]): string => knocks.map(keyOf).join(', ');
