import type { Summary } from '../../core/query/plan.ts';
import type { BlockHeader } from './block-codec.ts';
import { bloomMayHave } from './bloom.ts';
import { COLUMNS, columnOfField, DECLARED } from './layout.ts';
import type { BlockEntry } from './segment-file.ts';

/** What an index says of a block: when. */
export const entrySummary = ({ minAt, maxAt }: BlockEntry): Summary => ({
  mayHave: () => true,
  extent: (field) => (field === COLUMNS.at.field ? { least: minAt, most: maxAt } : 'unknown'),
});

/** What a block's own header says. */
export const blockSummary = (header: BlockHeader): Summary => ({
  mayHave: (term) => bloomMayHave(header.bloom, term),
  extent: (field) => {
    if (field === COLUMNS.at.field) return { least: header.minAt, most: header.maxAt };
    const column = columnOfField(field);
    if (!header.columns.has(column?.id ?? DECLARED)) return 'absent';
    return (column === undefined ? undefined : header.extents.get(column.id)) ?? 'unknown';
  },
});

/** What is known of a whole segment. */
export const segmentSummary = (mayHave: (term: number) => boolean): Summary => ({ mayHave, extent: () => 'unknown' });
