import type { Result } from '../../core/base/result.ts';
import type { Role } from './lock.ts';

/** A line of `image/rootfs/packages`. */
export interface Wanted {
  readonly role: Role;
  readonly name: string;
  /** Of a package to be unpacked: which of its files, as tar's wildcards. */
  readonly files: readonly string[];
}

const LINE = /^(keep|build|unpack)\s+([a-z0-9][a-z0-9+.-]+)\s+([^{}]+?)(?:\s*\{([^{}]+)\})?$/;

/** Reads the declaration; every line must say what needs the package. */
export function parseWanted(text: string): Result<readonly Wanted[], 'malformed'> {
  const wanted: Wanted[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '' || line.startsWith('#')) continue;
    const [, role, name, , files] = LINE.exec(line) ?? [];
    if (role === undefined || name === undefined || (role === 'unpack') !== (files !== undefined))
      return { ok: false, code: 'malformed', public: `line ${index + 1} declares no package: ${line}` };
    if (wanted.some((one) => one.name === name))
      return { ok: false, code: 'malformed', public: `line ${index + 1} declares ${name} again` };
    wanted.push({ role: role as Role, name, files: files?.trim().split(/\s+/) ?? [] });
  }
  return { ok: true, value: wanted };
}
