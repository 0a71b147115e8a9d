import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ROOT } from './root.ts';

/** Of the unit files as they ship. */
export const UNITS: string = join(ROOT, 'systemd');

/**
 * The most that `systemd-analyze security` may find in each service: 0 is nothing at all, 10 what a service without any
 * restriction gets. Whoever adds a service says here what it may be exposed to.
 */
export const EXPOSURE: Readonly<Record<string, number>> = {
  'bartizan.service': 1.5,
  'bartizan-net-hand.service': 1.5,
  'bartizan-packets@.service': 1.7,
  'bartizan-early.service': 1.3,
  'bartizan-revert.service': 1.3,
  'bartizan-host.service': 1.4,
  'bartizan-host-early.service': 1.4,
  'bartizan-starting.service': 1.3,
  'bartizan-confirm.service': 1.3,
  'bartizan-console-order.service': 1,
  'bartizan-console@.service': 1.6,
  'bartizan-provision.service': 2.2,
  // It mounts what was plugged in, for everybody: no namespace of its own.
  'bartizan-usb@.service': 4,
};

/** File names of the units of a kind, of all kinds unless told. */
export const unitsOf = (kind = '{service,socket,path,timer,target,mount}'): readonly string[] =>
  globSync(`*.${kind}`, { cwd: UNITS }).sort();

/** Programs that a service starts, without the signs in front of them. */
export const programsOf = (unit: string): readonly string[] =>
  readFileSync(join(UNITS, unit), 'utf8')
    .split('\n')
    .flatMap((line) => /^Exec\w+=[-+!@:|]*(\/\S+)/.exec(line)?.[1] ?? []);

/** Units that are enabled where the product is installed. */
export const presets = (): readonly string[] =>
  readFileSync(join(UNITS, 'bartizan.preset'), 'utf8')
    .split('\n')
    .flatMap((line) => /^enable (\S+)$/.exec(line)?.[1] ?? []);

/** Of a template the file that its instances are made of. */
export const fileOf = (unit: string): string => basename(unit).replace(/@[^.]+\./, '@.');

/** Folders that systemd gives to the daemon's user, by units and tmpfiles. */
export function foldersOfTheDaemon(): readonly string[] {
  const places = { StateDirectory: '/var/lib', RuntimeDirectory: '/run', CacheDirectory: '/var/cache' } as const;
  const ofUnits = unitsOf('service').flatMap((unit) => {
    const text = readFileSync(join(UNITS, unit), 'utf8');
    if (!/^User=bartizan$/m.test(text)) return [];
    return Object.entries(places).flatMap(([key, place]) =>
      [...text.matchAll(new RegExp(`^${key}=(.+)$`, 'gm'))].flatMap(([, names = '']) =>
        names.split(' ').map((name) => `${place}/${name}`),
      ),
    );
  });
  const ofTmpfiles = globSync('*.tmpfiles', { cwd: UNITS }).flatMap((file) =>
    [...readFileSync(join(UNITS, file), 'utf8').matchAll(/^[dDvq]\S* +(\S+) +\d+ +bartizan /gm)].map(
      ([, path = '']) => path,
    ),
  );
  return [...new Set([...ofUnits, ...ofTmpfiles])].sort();
}
