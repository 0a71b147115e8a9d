import type { Result } from '../../core/base/result.ts';

/** `keep`: stays in the root; `build`: only needed while the root is made; `unpack`: some of its files are taken. */
export type Role = 'keep' | 'build' | 'unpack';

/** A pinned Debian package. */
export interface Pin {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly role: Role;
  /** Of the .deb, hexadecimal. */
  readonly sha256: string;
  /** Of the .deb, in bytes. */
  readonly size: number;
  /** Debian's archive that has it; `security` has a base address of its own. */
  readonly archive: 'main' | 'security';
  /** Within the archive. */
  readonly path: string;
}

const HEADER = `# The Debian packages of the image, exactly. Written by \`npm run image -- lock\`; what is wanted is said in rootfs/packages.
# name version architecture role sha256 size archive path
`;

export const formatLock = (pins: readonly Pin[]): string =>
  HEADER +
  pins
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((pin) =>
      [pin.name, pin.version, pin.architecture, pin.role, pin.sha256, pin.size, pin.archive, pin.path].join(' '),
    )
    .join('\n') +
  '\n';

const LINE =
  /^(?<name>[a-z0-9][a-z0-9+.-]+) (?<version>[0-9A-Za-z.+:~-]+) (?<architecture>[a-z0-9]+) (?<role>keep|build|unpack) (?<sha256>[0-9a-f]{64}) (?<size>\d+) (?<archive>main|security) (?<path>pool\/[!-~]+\.deb)$/;

/** @returns the pins in the file's order */
export function parseLock(text: string): Result<readonly Pin[], 'malformed'> {
  const pins: Pin[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '' || line.startsWith('#')) continue;
    const fields = LINE.exec(line)?.groups;
    if (fields === undefined) return { ok: false, code: 'malformed', public: `line ${index + 1} is no pin: ${line}` };
    if (pins.some((pin) => pin.name === fields['name']))
      return { ok: false, code: 'malformed', public: `line ${index + 1} pins ${fields['name']} again` };
    pins.push({ ...fields, size: Number(fields['size']) } as unknown as Pin);
  }
  return { ok: true, value: pins };
}

/** @returns one line per difference, empty when both pin the same .debs for the same use */
export function differences(old: readonly Pin[], fresh: readonly Pin[]): readonly string[] {
  const before = new Map(old.map((pin) => [pin.name, pin]));
  const after = new Map(fresh.map((pin) => [pin.name, pin]));
  return [...new Set([...before.keys(), ...after.keys()])].toSorted().flatMap((name) => {
    const [was, is] = [before.get(name), after.get(name)];
    if (was === undefined) return [`+ ${name} ${is?.version}`];
    if (is === undefined) return [`- ${name} ${was.version}`];
    if (was.version !== is.version) return [`~ ${name} ${was.version} -> ${is.version}`];
    if (was.sha256 !== is.sha256) return [`! ${name} ${was.version}: same version, other bytes`];
    return was.role === is.role ? [] : [`~ ${name} ${was.role} -> ${is.role}`];
  });
}

/** The name of a .deb in the cache; a colon is written as apt writes it. */
export const fileOf = (pin: Pick<Pin, 'name' | 'version' | 'architecture'>): string =>
  `${pin.name}_${pin.version.replaceAll(':', '%3a')}_${pin.architecture}.deb`;
