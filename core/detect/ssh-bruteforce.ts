import { type Ip, makeCidr, parseIp } from '../base/ip.ts';
import { goDuration, type Millis, millis, plus } from '../base/time.ts';
import { type Event, PROVENANCES, type Provenance } from '../event/event.ts';
import type { SshAction } from '../event/sshd/actions.ts';
import type { CheckInfo, Detector } from './detector.ts';
import { displayList, displayName } from './display.ts';
import type { Finding } from './finding.ts';
import { findingIdOf } from './finding-id.ts';
import { KeyedWindows } from './window.ts';
import type { Sighting } from './window-entry.ts';

export interface SshBruteforceSettings {
  /** Failed logins that make a finding, ≥ 1. */
  readonly threshold: number;
  /** Within how long. */
  readonly window: Millis;
  /** Sources watched at a time, ≥ 1. */
  readonly maxSources: number;
}

export const SSH_BRUTEFORCE: CheckInfo = {
  name: 'ssh_bruteforce',
  category: 'Brute Force',
  severity: 'high',
  description: 'Many failed SSH logins from one source (an IPv4 address or an IPv6 /64) in a short time',
};

const FAILED_LOGINS: ReadonlySet<string> = new Set<SshAction>([
  'ssh_failed_password',
  'ssh_failed_publickey',
  'ssh_failed_keyboard_interactive',
  'ssh_failed_other',
]);
const ABANDONED: SshAction = 'ssh_auth_abandoned';

const USERS_SHOWN = 5;
const NO_FINDINGS: readonly Finding[] = [];

/** What a failure leaves behind: JSON, and small, since a hundred thousand sources may leave some each. */
interface Note {
  /** The address within the /64; null for IPv4, where the source is the address. */
  readonly ip: string | null;
  readonly port: number | null;
  /** The user it was for, as shown. */
  readonly user: string | null;
}

/**
 * Finds sources that try to log in by SSH again and again.
 *
 * **What counts.** Events with a source address only.
 * - `Failed METHOD` for any method but `none` counts one, or as many as the line stands for (`repeats`).
 * - A connection that ends before authentication with a user name given (`ssh_auth_abandoned`) counts one, unless a
 *   failure of the same connection, that is the same address and port, is in the window: servers that take keys only
 *   write no `Failed` line for most attempts, others write both.
 * - `Invalid user` does not count (one of the above follows it), nor do PAM's lines (they double `Failed`).
 *
 * **By whom.** One count for each IPv4 address and each IPv6 /64, since a host can take any address of its /64.
 *
 * **When.** As soon as the window of a source (`KeyedWindows`) holds `threshold`, one finding; a line that stands for
 * several may pass it. The count starts afresh, and nothing counts for this source that happens earlier than one
 * window after the latest failure of the finding. An attack that goes on is found again when it then reaches
 * the threshold.
 *
 * **The finding.** Subject is the address of the completing line, so that it can be blocked; with IPv6 that is the one of
 * the /64 used last. `at` and `last` are the completing line's, `first` and `firstAt` those of the earliest that
 * counted, `count` all that counted, `provenance` the least trustworthy among them.
 */
export function createSshBruteforce(settings: SshBruteforceSettings): Detector {
  const windows = new KeyedWindows<Note>({
    length: settings.window,
    maxKeys: settings.maxSources,
    readNote,
    noteBytes: ({ ip, user }) => 70 + (ip?.length ?? 0) + (user?.length ?? 0),
  });
  return {
    info: SSH_BRUTEFORCE,
    step(event) {
      const { sourceIp } = event;
      if (sourceIp === undefined || !(FAILED_LOGINS.has(event.action) || event.action === ABANDONED))
        return NO_FINDINGS;
      const source = sourceOf(sourceIp);
      const before = windows.at(source, event.at);
      if (before === undefined) return NO_FINDINGS;
      const sighting = sightingOf(event, source === sourceIp ? null : sourceIp);
      if (event.action === ABANDONED && before.some(({ note }) => isSameConnection(note, sighting.note))) {
        return NO_FINDINGS;
      }
      const counted = windows.add(source, sighting);
      if (total(counted) < settings.threshold) return NO_FINDINGS;
      windows.silence(source, plus(latest(counted), settings.window));
      return [findingOf(sourceIp, sighting, counted)];
    },
    snapshot: () => windows.snapshot(),
    restore: (entries) => windows.restore(entries),
    bytes: () => windows.bytes(),
    evict: (bytes) => windows.evict(bytes),
  };
}

const sightingOf = (event: Event, ip: string | null): Sighting<Note> => ({
  at: event.at,
  weight: event.action === ABANDONED ? 1 : (event.repeats ?? 1),
  position: event.position,
  provenance: event.provenance,
  note: { ip, port: event.sourcePort ?? null, user: event.user === undefined ? null : displayName(event.user) },
});

/** What failures are counted by. */
function sourceOf(ip: Ip): string {
  if (!ip.includes(':')) return ip;
  const parsed = parseIp(ip);
  return parsed.ok ? makeCidr(6, parsed.value.bytes, 64).text : ip;
}

const isSameConnection = (a: Note, b: Note): boolean => a.ip === b.ip && a.port === b.port;

const total = (sightings: readonly Sighting<Note>[]): number => sightings.reduce((sum, { weight }) => sum + weight, 0);

const latest = (sightings: readonly Sighting<Note>[]): Millis => sightings.at(-1)?.at ?? millis(0);

function findingOf(ip: Ip, last: Sighting<Note>, counted: readonly Sighting<Note>[]): Finding {
  const first = counted[0] ?? last;
  const count = total(counted);
  const users = new Set(counted.flatMap(({ note }) => note.user ?? []));
  const spent = goDuration(millis(latest(counted) - first.at));
  const named = users.size === 0 ? '' : ` (${users.size === 1 ? 'user' : 'users'} ${displayList(users, USERS_SHOWN)})`;
  const finding = {
    at: last.at,
    check: SSH_BRUTEFORCE.name,
    severity: SSH_BRUTEFORCE.severity,
    subject: { kind: 'ip', value: ip },
    message: `SSH brute force from ${ip}: ${count} failed ${count === 1 ? 'login' : 'logins'} in ${spent}${named}`,
    firstAt: first.at,
    count,
    first: first.position,
    last: last.position,
    provenance: leastTrusted(counted),
  } as const;
  return { id: findingIdOf(finding), ...finding };
}

const leastTrusted = (sightings: readonly Sighting<Note>[]): Provenance =>
  PROVENANCES[Math.max(...sightings.map(({ provenance }) => PROVENANCES.indexOf(provenance)))] ?? 'spoofable';

function readNote(value: unknown): Note | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { ip, port, user } = value as Partial<Record<keyof Note, unknown>>;
  if (!isTextOrNull(ip) || !isTextOrNull(user) || !(port === null || typeof port === 'number')) return undefined;
  return { ip, port, user };
}

const isTextOrNull = (value: unknown): value is string | null => value === null || typeof value === 'string';
