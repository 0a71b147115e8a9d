import { fail, ok, type Result } from '../base/result.ts';
import type { Millis } from '../base/time.ts';
import type { Change, Evidence } from './change.ts';
import type { TrialFacts, VerdictFacts } from './texts.ts';

/** A change as `record.json`, and as the store keeps it. */
export const encodeChange = (change: Change): string => `${JSON.stringify(change, undefined, 1)}\n`;

/**
 * Total. The trial's own facts stand above what the record says of the same, since a reverter goes by them; a record that
 * cannot be read is replaced by what they tell, so that there is something to revert and to show.
 */
export function decodeChange(text: string, facts: TrialFacts): Change {
  const { id, subject, trial, before, after } = facts;
  const own = { id, subject, trial, before, after, bootId: facts.bootId, deadline: facts.deadline };
  const read = readRecord(text);
  return read.ok ? { ...read.value, ...own } : { ...unknownChange(facts), ...own };
}

/** A change as it ended. The verdict of the record is the fuller one where it is the same as the one beside it. */
export function ended(change: Change, verdict: VerdictFacts): Change {
  const own = change.verdict;
  const isSame = own !== undefined && own.result === verdict.result && own.by === verdict.by && own.at === verdict.at;
  return { ...change, state: verdict.result, verdict: isSame ? own : verdict };
}

function readRecord(text: string): Result<Change, 'damaged'> {
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch {
    return fail('damaged', 'the record is not JSON');
  }
  return isChange(record) ? ok(record) : fail('damaged', 'the record is not that of a change');
}

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const areTexts = (of: Fields, names: readonly string[]): boolean => names.every((name) => typeof of[name] === 'string');

const isMoment = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

/** Whether it can be shown: what is missing or of another type was not written by this program. */
function isChange(value: unknown): value is Change {
  if (!isObject(value)) return false;
  const { word, parts, evidence, unheard = [], appliedAt, proposedAt, forcedBecause, verdict } = value;
  return (
    areTexts(value, ['id', 'subject', 'summary', 'confirmedBy', 'spans', 'state', 'bootId', 'before', 'after']) &&
    isObject(word) &&
    areTexts(word, ['actor', 'origin', 'peer']) &&
    Array.isArray(parts) &&
    parts.every((part) => typeof part === 'string') &&
    Array.isArray(unheard) &&
    unheard.every((probe) => typeof probe === 'string') &&
    Array.isArray(evidence) &&
    evidence.every(isEvidence) &&
    isMoment(proposedAt) &&
    (appliedAt === undefined || isMoment(appliedAt)) &&
    (forcedBecause === undefined || typeof forcedBecause === 'string') &&
    (verdict === undefined ||
      (isObject(verdict) && areTexts(verdict, ['result', 'by', 'why']) && isMoment(verdict['at'])))
  );
}

const isEvidence = (value: unknown): value is Evidence =>
  isObject(value) && areTexts(value, ['probe', 'result', 'detail']) && isMoment(value['at']) && isMoment(value['took']);

const unknownChange = ({ id, subject, spans, trial, before, after, deadline, bootId }: TrialFacts): Change => ({
  id,
  subject,
  summary: 'unknown: the record of this change could not be read',
  parts: [],
  word: { actor: 'unknown', origin: 'recovered', peer: 'local' },
  confirmedBy: 'word',
  spans,
  state: 'applying',
  proposedAt: 0 as Millis,
  trial,
  deadline,
  bootId,
  before,
  after,
  evidence: [],
});
