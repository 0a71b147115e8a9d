import type { BlobRecord } from '../base/blob.ts';
import type { Change } from '../change/change.ts';
import type { Finding } from '../detect/finding.ts';
import type { Cursor, JournalCursor } from '../event/cursor.ts';
import type { Dismissal } from '../incident/dismissal.ts';
import type { Epoch } from '../incident/epoch.ts';
import type { Rollup, RollupState } from '../incident/rollup.ts';
import type { SuppressedMark, Suppression } from '../incident/suppression.ts';
import type { Taken } from '../link/generations.ts';
import type { CommandRecord, HeldList, OrderBook, WaitingOrder } from '../link/order-books.ts';
import type { BatchNote, StreamBook } from '../link/outbox.ts';
import type { Allow } from '../respond/allow.ts';
import type { Decision, NetworkDecision, Outcome } from '../respond/decision.ts';
import type { FirewallEvent } from '../respond/firewall-event.ts';
import { collection, index, journal } from './collection.ts';

/** Findings in the order they were made. A finding whose id is there already is not stored twice. */
export const findings = journal<Finding>()(
  'finding',
  { id: index<Finding>()('latest', ['text'], (finding) => [finding.id]) },
  'id',
);

/** Marks of suppressed findings by the finding's serial. */
export const suppressedMarks = collection<SuppressedMark>()('finding-suppressed', ['number']);

/** Suppressions by id. */
export const suppressions = collection<Suppression>()('suppression', ['text']);

/** Dismissals by check, kind of subject and subject. */
export const dismissals = collection<Dismissal>()('dismissal', ['text', 'text', 'text']);

/** Counts of findings by unit and beginning of the bucket. */
export const rollups = collection<Rollup>()('rollup', ['text', 'number']);

/** How far the rollups have come; one record. */
export const rollupState = collection<RollupState>()('rollup-state', ['text']);

/** Decisions by id. */
export const decisions = collection<Decision>()('decision', ['text'], {
  /** By state, then address. */
  state: index<Decision>()('every', ['text', 'text'], (decision) => [decision.state, decision.ip]),
});

/** Decisions about networks by id. */
export const networkDecisions = collection<NetworkDecision>()('network-decision', ['text'], {
  /** By state, then network. */
  state: index<NetworkDecision>()('every', ['text', 'text'], (decision) => [decision.state, decision.network]),
});

/** What the block planner remembers, by part and the part's own key; kept in one batch with the decisions. */
export const plannerState = collection<unknown>()('block-planner', ['text', 'text']);

/** Outcomes by decision, moment and result: the same outcome told twice is one record. */
export const outcomes = collection<Outcome>()('outcome', ['text', 'number', 'text']);

/** Allows by address or network. */
export const allows = collection<Allow>()('allow', ['text']);

/** What was done to the firewall, in order; the oldest are deleted. */
export const firewallEvents = journal<FirewallEvent>()('firewall-event');

/** Cursors by path. */
export const cursors = collection<Cursor>()('cursor', ['text']);

/** Cursors of journals by path. */
export const journalCursors = collection<JournalCursor>()('journal-cursor', ['text']);

/** Detector state by detector and the detector's own key; the value is what `Detector.snapshot` gave. */
export const checkpoints = collection<unknown>()('checkpoint', ['text', 'text']);

/** Files by id; their content lies beside the store. */
export const blobs = collection<BlobRecord>()('blob', ['text'], {
  content: index<BlobRecord>()('every', ['text'], ({ sha256 }) => [sha256]),
});

/** The numberings of findings there have been, oldest first; one record. */
export const findingEpochs = collection<readonly Epoch[]>()('finding-epochs', ['text']);

/** Changes that ended, by id; the oldest are deleted. */
export const changes = collection<Change>()('change', ['text']);

/** How far the streams to a controller are, by stream. */
export const streamBooks = collection<StreamBook>()('link-stream', ['text']);

/** What of the streams waits to be sent, by stream and position of the first item. */
export const streamBatches = collection<BatchNote>()('link-batch', ['text', 'number']);

/** The messages themselves, as bytes, under the same keys: only what is sent is read. */
export const streamBodies = collection<Uint8Array>()('link-body', ['text', 'number']);

/** What orders of controllers have left here; one record. */
export const orderBooks = collection<OrderBook>()('link-orders', ['text']);

/** The order of each line that was acted upon last, see `lineOf`; keys and configuration have theirs in the book. */
export const orderLines = collection<Taken>()('link-line', ['text']);

/** Commands of controllers by id, with what came of them. */
export const linkCommands = collection<CommandRecord>()('link-command', ['text']);

/** Details of results that no broker has yet, base64, by the command's id. */
export const linkDetails = collection<string>()('link-detail', ['text']);

/** Orders that wait for the clock to be set, by the SHA-256 of their payload. */
export const waitingOrders = collection<WaitingOrder>()('link-waiting', ['text']);

/** Lists of a fleet that are in force, by name; their content lies beside the store. */
export const heldLists = collection<HeldList>()('link-list', ['text']);

/** Facts about the store itself and the installation, by name. */
export const meta = collection<unknown>()('meta', ['text']);

/** Everything whose index entries are rebuilt after a repair. */
export const COLLECTIONS = [
  findings,
  suppressedMarks,
  suppressions,
  dismissals,
  rollups,
  rollupState,
  decisions,
  networkDecisions,
  plannerState,
  outcomes,
  allows,
  firewallEvents,
  cursors,
  journalCursors,
  checkpoints,
  blobs,
  findingEpochs,
  changes,
  streamBooks,
  streamBatches,
  streamBodies,
  orderBooks,
  orderLines,
  linkCommands,
  linkDetails,
  waitingOrders,
  heldLists,
  meta,
] as const;
