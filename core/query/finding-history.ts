import type { Millis } from '../base/time.ts';
import type { HistoryRow } from '../incident/history.ts';
import { compileFilter } from './evaluate.ts';
import { FINDING_FIELDS } from './record-fields.ts';
import type { Node } from './tree.ts';

/** What a search of the findings on record asks for; everything given must hold. */
export interface HistoryFilter {
  /** Of the fields of findings, without regular expressions: these take time that the records' thread has not. */
  readonly where?: Node;
  /** Event time, inclusive. */
  readonly from?: Millis;
  /** Event time, exclusive. */
  readonly to?: Millis;
  /** Suppressed findings are left out unless asked for. */
  readonly suppressed?: 'include' | 'only';
}

/** Whether every finding in view passes. */
export const isPlain = ({ where, from, to }: HistoryFilter): boolean =>
  where === undefined && from === undefined && to === undefined;

const ALL: Node = { op: 'all' };

/** Makes the test of a filter. @throws RangeError for one with a regular expression */
export function passing(filter: HistoryFilter): (row: HistoryRow) => boolean {
  const { suppressed, where = ALL } = filter;
  const passes = compileFilter({ ...filter, where }, FINDING_FIELDS);
  if (!passes.ok) throw new RangeError(passes.public);
  return ({ finding, suppressedBy }) =>
    (suppressedBy === undefined ? suppressed !== 'only' : suppressed !== undefined) && passes.value(finding);
}

/** Texts of a finding that the history is searched in. */
const SEARCHED = ['message', 'subject', 'check', 'details'];

/** Somewhere in them, as a part of a word too. */
export const mentions = (text: string): Node => ({
  op: 'or',
  of: SEARCHED.map((field) => ({ op: 'contains', field, value: text })),
});

/** All of the conditions; undefined where there are none. */
export const allOf = (nodes: readonly Node[]): Node | undefined =>
  nodes.length > 1 ? { op: 'and', of: nodes } : nodes[0];
