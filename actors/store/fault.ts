import { messageOf } from '../../core/base/result.ts';

/**
 * What is wrong with the disk. `locked`: another process has the store open. `denied`: permissions, or something else in
 * the way. `full`, `readonly`, `io`: the disk cannot be used now. `damaged`: what is there is not what was written.
 * `closed`: the handle was closed under the operation.
 */
export type FaultKind = 'locked' | 'denied' | 'full' | 'readonly' | 'io' | 'damaged' | 'closed';

export interface Fault {
  readonly kind: FaultKind;
  /** In the words of the system, for a log line. */
  readonly message: string;
}

/** Error codes of Node and classic-level, then strerror(3) texts: LevelDB hands those out instead of errno. */
const KINDS: readonly (readonly [pattern: RegExp, kind: FaultKind])[] = [
  [/^LEVEL_LOCKED$/, 'locked'],
  [/^LEVEL_CORRUPTION$/, 'damaged'],
  [/^(?:LEVEL_ITERATOR_NOT_OPEN|LEVEL_DATABASE_NOT_OPEN)$/, 'closed'],
  [/^(?:ENOSPC|EDQUOT)$|No space left on device|Disk quota exceeded/, 'full'],
  [/^EROFS$|Read-only file system/, 'readonly'],
  [/^(?:EACCES|EPERM|ENOTDIR|EEXIST|EISDIR)$|Permission denied|Operation not permitted|Not a directory/, 'denied'],
  [/^ENOENT$|No such file or directory|Invalid argument/, 'damaged'],
];

/** Sorts a thrown error; the innermost cause that says something decides. What nobody knows is `io`. */
export function faultOf(thrown: unknown): Fault {
  const chain = causes(thrown).reverse();
  for (const cause of chain) {
    const code = (cause as { code?: unknown }).code;
    const known = kindOf(typeof code === 'string' ? code : '') ?? kindOf(messageOf(cause));
    if (known !== undefined) return { kind: known, message: messageOf(cause) };
  }
  return { kind: 'io', message: messageOf(chain[0] ?? thrown) };
}

const kindOf = (text: string): FaultKind | undefined => KINDS.find(([pattern]) => pattern.test(text))?.[1];

function causes(thrown: unknown): unknown[] {
  const chain: unknown[] = [];
  for (let at = thrown; at instanceof Error && chain.length < 8; at = at.cause) chain.push(at);
  return chain.length > 0 ? chain : [thrown];
}
