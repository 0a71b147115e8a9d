import { type Cidr, contains, type Ip, parseCidr, parseIp } from '../base/ip.ts';
import { closedBy, type HostFeatures } from '../respond/host-features.ts';
import type { CutSession, CutSource, JudgedBy } from './preview.ts';
import type { TcpSession } from './tcp-sessions.ts';

/** What packets are judged by. Networks as the settings have them; what is no network is in none of them. */
export interface Rules {
  readonly infra: readonly string[];
  readonly allowed: readonly string[];
  readonly denied: readonly string[];
  readonly isBlocked: (ip: Ip) => boolean;
  /** What bulk lists say of an address. */
  readonly listed?: (ip: Ip) => 'allow' | 'block' | undefined;
  /** TCP ports that addresses are let in to, as `ADDRESS PORT`. */
  readonly allowedPorts?: ReadonlySet<string>;
  /** Of these, what closes ports; rates depend on what somebody does. */
  readonly features?: HostFeatures;
}

export interface Judgement {
  readonly passes: boolean;
  readonly by: JudgedBy;
}

/** @param port of this host, to which it connects; nothing is said of ports where it is not known */
export type Judge = (ip: Ip, port?: number) => Judgement;

/** How these rules judge a source, in the order of the kernel's: infra, allowed, blocked, denied, closed ports; lists count as what they do. */
export function judgeBy({ infra, allowed, denied, isBlocked, listed, allowedPorts, features }: Rules): Judge {
  const lists = { infra: networkTest(infra), allowed: networkTest(allowed), denied: networkTest(denied) };
  return (ip, port) => {
    if (lists.infra(ip)) return { passes: true, by: 'infra' };
    if (lists.allowed(ip) || allowedPorts?.has(`${ip} ${port}`)) return { passes: true, by: 'allowed' };
    const said = listed?.(ip);
    if (said === 'allow') return { passes: true, by: 'allowed' };
    if (isBlocked(ip)) return { passes: false, by: 'blocked' };
    if (said === 'block' || lists.denied(ip)) return { passes: false, by: 'denied' };
    const closed = port === undefined ? undefined : closedBy(features, port);
    if (closed !== undefined) return { passes: false, by: closed };
    return { passes: true, by: 'nothing' };
  };
}

/** Networks by length, so that a list of thousands is asked as often as it has different lengths. */
function networkTest(texts: readonly string[]): (ip: Ip) => boolean {
  const byLength = new Map<string, { readonly any: Cidr; readonly keys: Set<string> }>();
  for (const text of texts) {
    const net = parseCidr(text);
    if (!net.ok) continue;
    const name = `${net.value.family}/${net.value.prefix}`;
    const group = byLength.get(name) ?? { any: net.value, keys: new Set<string>() };
    group.keys.add(net.value.text);
    byLength.set(name, group);
  }
  const groups = [...byLength.values()];
  return (ip) =>
    groups.some(({ any: { family, prefix }, keys }) => {
      const net = parseCidr(`${ip}/${prefix}`);
      return net.ok && net.value.family === family && keys.has(net.value.text);
    });
}

/** Loopback is let in ahead of all rules. */
const LOOPBACK: readonly Cidr[] = ['127.0.0.0/8', '::1/128'].flatMap((text) => {
  const net = parseCidr(text);
  return net.ok ? [net.value] : [];
});

export function isLoopback(ip: Ip): boolean {
  const parsed = parseIp(ip);
  return parsed.ok && LOOPBACK.some((net) => contains(net, parsed.value));
}

/** Named at most. */
export const MOST_CUT = 100;

/** Sources that get in now and would not any more, those with the most events first. */
export function cutSources(
  sources: readonly { readonly ip: Ip; readonly events: number }[],
  before: Judge,
  after: Judge,
): { readonly cut: readonly CutSource[]; readonly more: boolean } {
  const all = sources.flatMap(({ ip, events }): CutSource[] => {
    const { passes, by } = after(ip);
    return passes || isLoopback(ip) || !before(ip).passes ? [] : [{ ip, events, by }];
  });
  const sorted = all.sort((a, b) => b.events - a.events || (a.ip < b.ip ? -1 : 1));
  return { cut: sorted.slice(0, MOST_CUT), more: sorted.length > MOST_CUT };
}

/** Connections that are let in now and would be cut, or could not be made again; those of who asks first. */
export function cutSessions(
  sessions: readonly TcpSession[],
  { before, after, asking }: { readonly before: Judge; readonly after: Judge; readonly asking?: Ip | undefined },
): { readonly cut: readonly CutSession[]; readonly more: boolean; readonly cutsYou: boolean } {
  const all = sessions.flatMap(({ remote: ip, remotePort: port, localPort, outgoing }): CutSession[] => {
    const to = outgoing === true ? undefined : localPort;
    const { passes, by } = after(ip, to);
    return passes || isLoopback(ip) || !before(ip, to).passes
      ? []
      : [{ ip, port, localPort, yours: ip === asking, by }];
  });
  const sorted = all.sort((a, b) => Number(b.yours) - Number(a.yours) || a.localPort - b.localPort);
  return { cut: sorted.slice(0, MOST_CUT), more: sorted.length > MOST_CUT, cutsYou: all.some(({ yours }) => yours) };
}
