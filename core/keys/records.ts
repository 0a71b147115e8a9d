import type { BlobRecord } from '../base/blob.ts';
import type { Finding } from '../detect/finding.ts';
import type { Cursor } from '../event/cursor.ts';
import type { Decision, Outcome } from '../respond/decision.ts';
import { collection, index, journal } from './collection.ts';

/** Findings in the order they were made. A finding whose id is there already is not stored twice. */
export const findings = journal<Finding>()(
  'finding',
  {
    id: index<Finding>()('latest', ['text'], (finding) => [finding.id]),
    /** The newest finding of each check about each subject. */
    subject: index<Finding>()('latest', ['text', 'text', 'text'], ({ check, subject }) => [
      check,
      subject.kind,
      subject.value,
    ]),
  },
  'id',
);

/** Decisions by id. */
export const decisions = collection<Decision>()('decision', ['text'], {
  /** By state, then address. */
  state: index<Decision>()('every', ['text', 'text'], (decision) => [decision.state, decision.ip]),
});

/** Outcomes by decision, moment and result: the same outcome told twice is one record. */
export const outcomes = collection<Outcome>()('outcome', ['text', 'number', 'text']);

/** Cursors by path. */
export const cursors = collection<Cursor>()('cursor', ['text']);

/** Detector state by detector and the detector's own key; the value is what `Detector.snapshot` gave. */
export const checkpoints = collection<unknown>()('checkpoint', ['text', 'text']);

/** Files by id; their content lies beside the store. */
export const blobs = collection<BlobRecord>()('blob', ['text'], {
  content: index<BlobRecord>()('every', ['text'], ({ sha256 }) => [sha256]),
});

/** Facts about the store itself and the installation, by name. */
export const meta = collection<unknown>()('meta', ['text']);

/** Everything whose index entries are rebuilt after a repair. */
export const COLLECTIONS = [findings, decisions, outcomes, cursors, checkpoints, blobs, meta] as const;
