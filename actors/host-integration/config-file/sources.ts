import { isHostSet } from '../../../core/config/host-setting.ts';
import type { Surroundings } from '../../../core/config/setting.ts';
import { type Config, deprecations, type WatchedFile } from '../../../core/config/settings.ts';
import { isAppliance } from '../../host/index.ts';
import { machineName, readability } from './effects.ts';

const JOURNALS = ['/run/log/journal', '/var/log/journal'] as const;
/** Where Debian and where Red Hat keep the authentication log. */
const AUTH_LOGS = ['/var/log/auth.log', '/var/log/secure'] as const;

/** The logs of this host that a first config watches: the authentication log, where there is one. */
export async function hostLogs(
  candidates: readonly string[] = AUTH_LOGS,
): Promise<readonly Pick<WatchedFile, 'path' | 'parser'>[]> {
  for (const path of candidates) {
    if ((await readability(path)) !== 'missing') return [{ path, parser: 'syslog' }];
  }
  return [];
}

/** Whether this host keeps a systemd journal, in memory or on disk. */
export async function hasJournal(candidates: readonly string[] = JOURNALS): Promise<boolean> {
  for (const path of candidates) if ((await readability(path)) !== 'missing') return true;
  return false;
}

/** What a start should say about a config that is right: what is deprecated in it, and what is amiss with its sources. */
export const configNotes = async (config: Config, configPath: string): Promise<readonly string[]> => [
  ...deprecations(config),
  ...(isHostSet(config.host) && !isAppliance() ? [NO_APPLIANCE] : []),
  ...(await sourceNotes(config, configPath)),
];

const NO_APPLIANCE =
  'what stands under host has no effect: it is for the appliance image, and this machine is set up with its own tools';

/** That there is no source, or which is not there or not readable. */
async function sourceNotes({ watchers }: Config, configPath: string): Promise<readonly string[]> {
  if (watchers.files.length === 0 && !watchers.journal && watchers.syslog.length === 0) {
    return [
      `no source: ${configPath} names nothing under watchers, so nothing is watched. A first start names ` +
        `${AUTH_LOGS.join(' or ')} and the systemd journal, where there is one.`,
    ];
  }
  const notes: string[] = [];
  for (const { path } of watchers.files) {
    const state = /[*?[]/.test(path) ? 'readable' : await readability(path);
    if (state === 'missing') notes.push(`${path} is not there yet; it is waited for`);
    if (state === 'denied') notes.push(`${path} may not be read by this user`);
  }
  return notes;
}

/** What of this machine a config is read by. */
export const surroundings = (rest: Pick<Surroundings, 'stateDir' | 'parsers'>): Surroundings => ({
  ...rest,
  hostname: machineName(),
  isAppliance: isAppliance(),
});
