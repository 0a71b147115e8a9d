import type { SegmentDisk } from '../../actors/segments/effects.ts';
import { scanBlocks } from '../../actors/segments/scan.ts';
import { HEADER_BYTES, readName } from '../../actors/segments/segment-file.ts';
import { blockAt } from '../../actors/segments/segment-reader.ts';
import type { KeptLine } from '../../core/event/kept.ts';

/** Every line that a directory of segments holds, in the order in which they were kept. */
export async function storedLines(disk: SegmentDisk): Promise<readonly KeptLine[]> {
  const lines = new Map<string, KeptLine>();
  const names = (await disk.names()).flatMap((name) => {
    const read = readName(name);
    return read === undefined ? [] : [{ name, ...read }];
  });
  for (const { name, segment, kind } of names) {
    const file = disk.openToRead(name);
    if (file === undefined) continue;
    for (const { entry, header } of scanBlocks(file, kind === 'tail' ? 0 : HEADER_BYTES).blocks) {
      const block = blockAt(file, entry, header);
      for (let row = 0; row < block.rows; row++) {
        // Rows of a tail may be in a block as well: as the same rows.
        lines.set(`${String(segment).padStart(10)} ${String(entry.first + row).padStart(10)}`, block.line(row));
      }
    }
    file.close();
  }
  return [...lines].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line);
}
