import { crc32 } from 'node:zlib';
import { messageOf } from '../../core/base/result.ts';
import { Damage } from './bytes.ts';
import { breathe, elapsed, isSystemError } from './effects.ts';
import { indexLength, readName } from './segment-file.ts';
import {
  blockAt,
  type DamagedPart,
  OpenFiles,
  readEnd,
  readHeader,
  segmentsIn,
  viewSegment,
} from './segment-reader.ts';

/** Told for every segment, after its damages. */
export type VerifyEvent =
  | { readonly kind: 'damage'; readonly part: DamagedPart }
  | {
      readonly kind: 'segment';
      readonly segment: number;
      readonly blocks: number;
      readonly rows: number;
      readonly damaged: number;
    };

const STRETCH_MS = 15;

/** Reads everything in a directory of segments and tells what cannot be read as it was written. Changes nothing. */
export async function* verifySegments(directory: string, signal?: AbortSignal): AsyncGenerator<VerifyEvent, void> {
  const files = new OpenFiles(directory);
  let paused = elapsed();
  try {
    for (const segment of segmentsIn(directory)) {
      const damages: DamagedPart[] = [];
      let rows = 0;
      const { blocks } = viewSegment(files, segment, (part) => damages.push(part));
      const [first] = blocks;
      if (first !== undefined && readName(first.file)?.kind === 'events') checkBloom(files, first.file, damages);
      for (const { file, entry } of blocks) {
        const read = attempt(() => checkBlock(files, file, entry), { file, at: entry.at, rows: entry.rows });
        if (typeof read === 'number') rows += read;
        else damages.push(read);
        if (elapsed() - paused < STRETCH_MS) continue;
        await breathe();
        signal?.throwIfAborted();
        paused = elapsed();
      }
      for (const part of damages) yield { kind: 'damage', part };
      yield { kind: 'segment', segment: segment.segment, blocks: blocks.length, rows, damaged: damages.length };
    }
  } finally {
    files.close();
  }
}

type Entry = Parameters<typeof readHeader>[1];

/** Every row of a block, as it is shown. @returns how many; none where retention was faster @throws Damage */
function checkBlock(files: OpenFiles, name: string, entry: Entry): number {
  const file = files.get(name);
  if (file === undefined) return 0;
  const header = readHeader(file, entry);
  const block = blockAt(file, entry, header);
  for (let row = 0; row < block.rows; row++) block.line(row);
  return block.rows;
}

function checkBloom(files: OpenFiles, name: string, damages: DamagedPart[]): void {
  const file = files.get(name);
  if (file === undefined) return;
  const about = { file: name, at: file.size };
  const checked = attempt(() => {
    const end = readEnd(file);
    const bloom = file.read(end.indexAt + indexLength(end), end.bloomLength);
    if (crc32(bloom) !== end.bloomCrc) throw new Damage('its bloom is not what was written');
    return 0;
  }, about);
  // That the end is missing was told when the segment was opened.
  if (typeof checked !== 'number' && checked.why.includes('bloom')) damages.push(checked);
}

function attempt(read: () => number, about: Omit<DamagedPart, 'why'>): number | DamagedPart {
  try {
    return read();
  } catch (thrown) {
    if (!(thrown instanceof Damage) && !isSystemError(thrown)) throw thrown;
    return { ...about, why: messageOf(thrown) };
  }
}
