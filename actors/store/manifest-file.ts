import { logRecords } from './log-file.ts';
import { varint } from './snappy.ts';

/** What a manifest of LevelDB says of the store's files. */
export interface Manifest {
  /** Numbers of the tables that belong to the store; others are leftovers of a compaction that was cut short. */
  readonly tables: ReadonlySet<number>;
  /** Number of the oldest write-ahead log that is still needed. */
  readonly log: number;
}

interface Reader {
  readonly packed: Uint8Array;
  offset: number;
}

/** Tags of db/version_edit.cc. */
const TAG = {
  comparator: 1,
  log: 2,
  nextFile: 3,
  lastSequence: 4,
  compactPointer: 5,
  deletedFile: 6,
  newFile: 7,
  previousLog: 9,
} as const;

/** @returns `undefined` for a manifest that is damaged or says something unknown */
export function readManifest(bytes: Uint8Array): Manifest | undefined {
  const edits = logRecords(bytes);
  if (edits === undefined || edits.length === 0) return undefined;
  const state = { tables: new Set<number>(), log: 0 };
  return edits.every((edit) => apply(edit, state)) ? state : undefined;
}

function apply(edit: Uint8Array, state: { readonly tables: Set<number>; log: number }): boolean {
  const at: Reader = { packed: edit, offset: 0 };
  while (at.offset < edit.length) {
    const [tag, first] = [varint(at), varint(at)];
    if (tag === undefined || first === undefined) return false;
    switch (tag) {
      case TAG.log:
        state.log = first;
        break;
      case TAG.nextFile:
      case TAG.lastSequence:
      case TAG.previousLog:
        break;
      case TAG.comparator:
        at.offset += first;
        break;
      case TAG.compactPointer:
        skipText(at);
        break;
      case TAG.deletedFile:
        state.tables.delete(varint(at) ?? -1);
        break;
      case TAG.newFile:
        state.tables.add(varint(at) ?? -1);
        varint(at);
        skipText(at);
        skipText(at);
        break;
      default:
        return false;
    }
  }
  return at.offset === edit.length && !state.tables.has(-1);
}

function skipText(at: Reader): void {
  const length = varint(at);
  at.offset += length ?? Number.POSITIVE_INFINITY;
}
