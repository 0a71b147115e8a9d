import type { Change } from './change.ts';

export const PROBE_NAMES = ['gateway', 'dns', 'admin-source', 'api', 'credential', 'disk', 'store'] as const;
export type ProbeName = (typeof PROBE_NAMES)[number];

/** Of what judges packets. */
const OF_PACKETS: readonly ProbeName[] = ['gateway', 'dns', 'admin-source', 'api'];

/** What counts for the settings below a word, besides what counts for every change. */
const BY_PART: Readonly<Record<string, readonly ProbeName[]>> = {
  firewall: OF_PACKETS,
  infra_ips: OF_PACKETS,
  lists: OF_PACKETS,
  host: ['gateway', 'dns', 'api'],
  webui: ['api', 'credential'],
};

const ALWAYS: readonly ProbeName[] = ['disk', 'store'];

/**
 * Which probes count for a change. All of them have to pass for it to be confirmed by probes, and what cannot be found out
 * confirms nothing; so whether the author's credential is still good is left out where the change was ordered on the machine
 * itself.
 */
export function probesOf({ parts, word }: Pick<Change, 'parts' | 'word'>): readonly ProbeName[] {
  const wanted = new Set([...parts.flatMap((part) => BY_PART[part.split('.', 1)[0] ?? ''] ?? []), ...ALWAYS]);
  if (word.origin === 'cli') wanted.delete('credential');
  return PROBE_NAMES.filter((name) => wanted.has(name));
}
