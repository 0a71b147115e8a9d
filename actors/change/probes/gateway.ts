import { type Millis, millis } from '../../../core/base/time.ts';
import { troubleOf } from '../../packets/index.ts';
import { failed, passed, type Seen, type Tools, unknown } from './port.ts';

const COMMAND: Millis = millis(2000);
const PATH = /^[0-9a-f.:]+$/i;

interface Gateway {
  readonly address: string;
  readonly device: string;
}

/** The kernel knows the hardware address, by ARP or neighbour discovery, and that it was there just now. */
const IS_THERE = new Set(['REACHABLE', 'PERMANENT', 'NOARP']);
const IS_GONE = new Set(['FAILED', 'INCOMPLETE']);
/** How ping ends where nobody answered; otherwise it could not ask. */
const SILENT = 1;
/** The kernel takes 5 s before it doubts what it knew, and 3 s to find out. */
const LOOKS = 20;
const BETWEEN_LOOKS: Millis = millis(500);

/**
 * The default gateways answer: a ping, or where they keep silent to that, ARP or neighbour discovery. Each of them has to:
 * one that is lost takes half the world along.
 */
export async function probeGateway(tools: Tools, signal: AbortSignal): Promise<Seen> {
  const routes = await Promise.all(
    ['-4', '-6'].map((family) =>
      tools.run('ip', ['-j', family, 'route', 'show', 'default'], { timeout: COMMAND, signal }),
    ),
  );
  const broken = routes.find((ran) => ran.kind !== 'ended' || ran.code !== 0);
  if (broken !== undefined) return unknown(`the routes cannot be read: ${troubleOf('ip', broken)}`);
  const all = routes.flatMap((ran) => gatewaysIn(ran.kind === 'ended' ? ran.out : ''));
  if (all.length === 0) return unknown('there is no default route with a gateway');
  const seen = await Promise.all(distinct(all).map((gateway) => lookAt(tools, gateway, signal)));
  const detail = seen.map((one) => one.detail).join('; ');
  if (seen.some(({ result }) => result === 'failed')) return failed(detail);
  return seen.some(({ result }) => result === 'unknown') ? unknown(detail) : passed(detail);
}

/** What `ip -j route` says; of a route over several gateways each. */
export function gatewaysIn(text: string): readonly Gateway[] {
  return recordsIn(text).flatMap((route): readonly Gateway[] => {
    const hops = Array.isArray(route['nexthops']) ? (route['nexthops'] as unknown[]).map(recordOf) : [route];
    return hops.flatMap((hop): Gateway[] => {
      const via = recordOf(hop['via'])['host'];
      const [address, device] = [hop['gateway'] ?? via, hop['dev'] ?? route['dev']];
      return typeof address === 'string' && typeof device === 'string' && PATH.test(address)
        ? [{ address, device }]
        : [];
    });
  });
}

const distinct = (all: readonly Gateway[]): readonly Gateway[] => [
  ...new Map(all.map((one) => [`${one.address} ${one.device}`, one])).values(),
];

async function lookAt(tools: Tools, { address, device }: Gateway, signal: AbortSignal): Promise<Seen> {
  const where = `gateway ${address} (${device})`;
  const ping = await tools.run('ping', ['-n', '-q', '-c', '1', '-W', '1', '-I', device, address], {
    timeout: COMMAND,
    signal,
  });
  if (ping.kind === 'ended' && ping.code === 0) return passed(`${where} answers ping`);
  const silent = ping.kind === 'ended' && ping.code === SILENT ? 'not ping' : troubleOf('ping', ping);
  const by = address.includes(':') ? 'neighbour discovery' : 'ARP';
  await tools.nudge(address, device);
  for (let look = 0; look < LOOKS && !signal.aborted; look++) {
    if (look > 0) await tools.pause(BETWEEN_LOOKS, signal);
    const near = await tools.run('ip', ['-j', 'neigh', 'show', 'to', address, 'dev', device], {
      timeout: COMMAND,
      signal,
    });
    if (near.kind !== 'ended' || near.code !== 0) {
      return unknown(`${where}: its neighbour entry cannot be read: ${troubleOf('ip', near)}`);
    }
    const states = statesIn(near.out);
    if (states.some((state) => IS_THERE.has(state))) return passed(`${where} answers ${by}, ${silent}`);
    // What has just been asked for is incomplete until it is answered.
    if (look > 1 && states.length > 0 && states.every((state) => IS_GONE.has(state))) {
      return failed(`${where} does not answer ${by}, ${silent}`);
    }
  }
  return unknown(`${where}: the kernel does not find out whether it is there, ${silent}`);
}

const statesIn = (text: string): readonly string[] =>
  recordsIn(text).flatMap(({ state }) => (Array.isArray(state) ? (state as unknown[]).map(String) : []));

type Fields = Readonly<Record<string, unknown>>;

const recordOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});

/** A list of objects as JSON; nothing where the text is something else. */
export function recordsIn(text: string): readonly Fields[] {
  try {
    const value = JSON.parse(text || '[]') as unknown;
    return Array.isArray(value) ? value.map(recordOf) : [];
  } catch {
    return [];
  }
}
