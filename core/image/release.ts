import { SLOT_NAMES, type SlotName } from './slots.ts';

/** What an appliance image says of itself. */
export interface Release {
  readonly imageId: typeof IMAGE_ID;
  /** e.g. `1.4.0`. */
  readonly version: string;
  /** Signed with keys that everybody has: `VARIANT_ID=lab`. */
  readonly isLab: boolean;
}

/** By this, and by nothing else, an appliance image is known. */
export const IMAGE_ID = 'bartizan';

/**
 * Reads `/etc/os-release`. Undefined where this is no appliance image, or one without a version, which nobody has built.
 */
export function releaseOf(osRelease: string): Release | undefined {
  const words = assignments(osRelease);
  const version = words.get('IMAGE_VERSION') ?? '';
  if (words.get('IMAGE_ID') !== IMAGE_ID || version === '') return undefined;
  return { imageId: IMAGE_ID, version, isLab: words.get('VARIANT_ID') === 'lab' };
}

/** What the boot loader has told the kernel. */
export interface BootWords {
  readonly slot: SlotName;
  /** Of the root file system's hash tree, hex; absent where it was not given. */
  readonly rootHash?: string;
}

/** Reads `/proc/cmdline`. Undefined where no slot was booted. */
export function bootWordsOf(commandLine: string): BootWords | undefined {
  const words = new Map<string, string>();
  for (const word of commandLine.trim().split(/\s+/)) {
    const [name = '', value = ''] = word.split(/=(.*)/s, 2);
    words.set(name, value);
  }
  const slot = SLOT_NAMES.find((name) => name === words.get('bartizan.slot'));
  if (slot === undefined) return undefined;
  const rootHash = words.get('bartizan.verity') ?? '';
  return { slot, ...(/^[0-9a-f]{16,128}$/.test(rootHash) ? { rootHash } : {}) };
}

/** os-release(5): shell assignments, one a line; the last of a name counts. */
function assignments(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, name, value] = /^([A-Z][A-Z0-9_]*)=(.*)$/.exec(line.trim()) ?? [];
    if (name !== undefined && value !== undefined) found.set(name, unquoted(value));
  }
  return found;
}

function unquoted(value: string): string {
  const [, single] = /^'([^']*)'$/.exec(value) ?? [];
  if (single !== undefined) return single;
  const [, double] = /^"((?:[^"\\]|\\.)*)"$/.exec(value) ?? [];
  return (double ?? value).replaceAll(/\\(.)/g, '$1');
}
