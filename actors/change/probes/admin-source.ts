import { canonicalIp, type Ip } from '../../../core/base/ip.ts';
import type { Change } from '../../../core/change/change.ts';
import { isLoopback } from '../../../core/change/judge-sources.ts';
import type { Fate } from '../../packets/index.ts';
import { sendThrough } from './packets.ts';
import { failed, type ProbeDeps, passed, type Seen, unknown } from './port.ts';

type Deps = Pick<ProbeDeps, 'tools' | 'rules' | 'connected'>;

/** Addresses that are tried in one change. */
const MOST = 32;

/**
 * The address that ordered the change still gets in under the candidate's rules, by real packets. A change that was ordered
 * on this machine itself may well have come through a session from elsewhere, by ssh: then whoever is connected counts.
 */
export async function probeAdminSource(deps: Deps, change: Change, signal: AbortSignal): Promise<Seen> {
  const ip = canonicalIp(change.word.peer);
  return ip === undefined || isLoopback(ip) ? probeConnected(deps, change, signal) : probeOne(deps, ip, change, signal);
}

async function probeConnected(deps: Deps, change: Change, signal: AbortSignal): Promise<Seen> {
  const connected = await deps.connected();
  if (!connected.ok) return unknown(connected.public);
  const all = [...new Set(connected.value)].filter((ip) => !isLoopback(ip));
  if (all.length === 0) return passed('ordered on this machine, to which nobody is connected from elsewhere');
  if (all.length > MOST) return unknown(`ordered on this machine, to which ${all.length} addresses are connected`);
  const fates = await fatesOf(deps, all, change, signal);
  if ('result' in fates) return fates;
  const cut = all.filter((ip) => fates.now(ip) === 'dropped' && fates.before(ip) !== 'dropped');
  if (cut.length > 0) return failed(`the new rules drop packets from ${cut.join(', ')}, which are connected here`);
  const unsent = all.filter((ip) => fates.now(ip) !== 'passes' && fates.now(ip) !== 'dropped');
  if (unsent.length > 0) return unknown(`no packet from ${unsent.join(', ')} could be sent`);
  return passed(`packets from all that are connected get past the new rules as before: ${all.join(', ')}`);
}

interface Fates {
  readonly now: (ip: Ip) => Fate;
  readonly before: (ip: Ip) => Fate;
}

async function fatesOf(
  { tools, rules }: Deps,
  ips: readonly Ip[],
  change: Change,
  signal: AbortSignal,
): Promise<Fates | Seen> {
  const texts = await rules(change, ips);
  if (!texts.ok) return unknown(texts.public);
  const { candidate, confirmed } = texts.value;
  const fates = await sendThrough(tools, [candidate, confirmed], ips, signal);
  if (!fates.ok) return (fates.code === 'refused' ? failed : unknown)(fates.public);
  const [now, before] = fates.value;
  return { now: (ip) => now?.get(ip) ?? 'unsent', before: (ip) => before?.get(ip) ?? 'unsent' };
}

async function probeOne(deps: Deps, ip: Ip, change: Change, signal: AbortSignal): Promise<Seen> {
  const fates = await fatesOf(deps, [ip], change, signal);
  if ('result' in fates) return fates;
  const [now, before] = [fates.now(ip), fates.before(ip)];
  if (now === 'passes') return passed(`packets from ${ip} get past the new rules`);
  if (now !== 'dropped') return unknown(`no packet from ${ip} could be sent`);
  const was = before === 'dropped' ? 'as they did before' : 'which got past the old ones';
  return failed(`the new rules drop packets from ${ip}, ${was}`);
}
