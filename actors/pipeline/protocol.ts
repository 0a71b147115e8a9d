import type { Ip } from '../../core/base/ip.ts';
import type { CheckSettings } from '../../core/detect/checks.ts';
import type { Finding } from '../../core/detect/finding.ts';
import type { DetectorState, PipelineCounters } from '../../core/detect/pipeline.ts';
import type { SourceGroups } from '../../core/detect/trail/keys.ts';
import type { ParserDeclaration } from '../../core/event/declared/declaration.ts';
import type { LineFlaw, Provenance, RawLine } from '../../core/event/event.ts';
import type { JournalOrigin, LeftToJournal } from '../../core/event/preference.ts';
import type { DamagedPart, SegmentPosition, StorageStatus } from '../segments/index.ts';

/** What the thread is made of; sent once as its `workerData`. */
export interface PipelineSettings {
  readonly checks: CheckSettings;
  /** What addresses count as one source. */
  readonly groups?: SourceGroups;
  /** Unknown to attackers, so that nobody can choose which source is forgotten; nothing found or stored depends on it. */
  readonly salt?: number;
  /** Parsers of the configuration, checked. */
  readonly parsers?: readonly ParserDeclaration[];
  /** Names of this host in lower case: lines of others are never left to the journal. */
  readonly ownHosts?: readonly string[];
  /** Durable state of the detectors. */
  readonly checkpoint: readonly DetectorState[];
  /** Where every line is kept, and how far that was durable when the checkpoint was taken. Without it none is kept. */
  readonly events?: { readonly directory: string; readonly position?: SegmentPosition };
}

/** To the thread, handled strictly in order. */
export type ToWorker =
  | {
      readonly kind: 'chunk';
      readonly sequence: number;
      readonly parser: string;
      /** `Position.source` of every line. */
      readonly source: string;
      /** Of the chunk's first byte, which begins a line. */
      readonly offset: number;
      readonly provenance: Provenance;
      readonly receivedAt: number;
      /** Whole lines; the buffer is handed over. */
      readonly bytes: Uint8Array<ArrayBuffer>;
      /** A line that the source passed over: counted, not read. */
      readonly flaw?: { readonly kind: LineFlaw; readonly offset: number };
      /** What of this file the journal tells of too: those lines are left to it. */
      readonly told?: LeftToJournal;
    }
  | {
      readonly kind: 'journal';
      readonly sequence: number;
      readonly receivedAt: number;
      /** Entries as packed; the buffer is handed over. */
      readonly bytes: Uint8Array<ArrayBuffer>;
    }
  | { readonly kind: 'lines'; readonly sequence: number; readonly parser: string; readonly lines: readonly RawLine[] }
  /** Is answered like lines. */
  | { readonly kind: 'forget'; readonly sequence: number; readonly ip: Ip }
  | { readonly kind: 'checkpoint'; readonly sequence: number };

/** `leftToJournal`: lines of files that the journal told of too, so counted once. */
export type WorkerCounters = PipelineCounters & { readonly leftToJournal: number };

export type FromWorker =
  | {
      readonly kind: 'ready';
      readonly skipped: number;
      readonly position?: SegmentPosition;
      /** Why lines take longer than they need: an addon that does not run. */
      readonly plain?: string;
    }
  | {
      readonly kind: 'judged';
      readonly sequence: number;
      readonly findings: readonly Finding[];
      readonly counters: WorkerCounters;
      readonly storage?: StorageStatus;
      /** What the journal was found to carry, each pair told once. */
      readonly origins?: readonly JournalOrigin[];
    }
  /** State of the detectors; `durable` of the same sequence follows when the events before it are on disk. */
  | { readonly kind: 'checkpoint'; readonly sequence: number; readonly changes: readonly DetectorState[] }
  | { readonly kind: 'durable'; readonly sequence: number; readonly position?: SegmentPosition }
  | { readonly kind: 'storage'; readonly status: StorageStatus }
  | { readonly kind: 'damage'; readonly part: DamagedPart };
