import { canonicalIp } from '../../../core/base/ip.ts';
import type { Change } from '../../../core/change/change.ts';
import { isLoopback } from '../../../core/change/judge-sources.ts';
import { type Fate, sendThrough } from './packets.ts';
import { failed, type ProbeDeps, passed, type Seen, unknown } from './port.ts';

type Deps = Pick<ProbeDeps, 'tools' | 'rules'>;

/** The address that ordered the change still gets in under the candidate's rules, by real packets. */
export async function probeAdminSource({ tools, rules }: Deps, change: Change, signal: AbortSignal): Promise<Seen> {
  const ip = canonicalIp(change.word.peer);
  if (ip === undefined) return unknown('the change was ordered on this machine: there is no address to try');
  if (isLoopback(ip)) return passed(`${ip} is loopback, which is always let in`);
  const texts = await rules(change, [ip]);
  if (!texts.ok) return unknown(texts.public);
  const { candidate, confirmed } = texts.value;
  const fates = await sendThrough(tools, [candidate, confirmed], [ip], signal);
  if (!fates.ok) return (fates.code === 'refused' ? failed : unknown)(fates.public);
  const [now, before] = fates.value.map((one): Fate => one.get(ip) ?? 'unsent');
  if (now === 'passes') return passed(`packets from ${ip} get past the new rules`);
  if (now !== 'dropped') return unknown(`no packet from ${ip} could be sent`);
  const was = before === 'dropped' ? 'as they did before' : 'which got past the old ones';
  return failed(`the new rules drop packets from ${ip}, ${was}`);
}
