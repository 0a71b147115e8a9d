import type { CheckSettings } from '../../core/detect/checks.ts';
import type { Finding } from '../../core/detect/finding.ts';
import type { DetectorState, PipelineCounters } from '../../core/detect/pipeline.ts';
import type { LineFlaw, Provenance } from '../../core/event/event.ts';
import type { DamagedPart, SegmentPosition, StorageStatus } from '../segments/index.ts';

/** What the thread is made of; sent once as its `workerData`. */
export interface PipelineSettings {
  readonly checks: CheckSettings;
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
    }
  | { readonly kind: 'checkpoint'; readonly sequence: number };

export type FromWorker =
  | { readonly kind: 'ready'; readonly skipped: number; readonly position?: SegmentPosition }
  | {
      readonly kind: 'judged';
      readonly sequence: number;
      readonly findings: readonly Finding[];
      readonly counters: PipelineCounters;
      readonly storage?: StorageStatus;
    }
  /** State of the detectors; `durable` of the same sequence follows when the events before it are on disk. */
  | { readonly kind: 'checkpoint'; readonly sequence: number; readonly changes: readonly DetectorState[] }
  | { readonly kind: 'durable'; readonly sequence: number; readonly position?: SegmentPosition }
  | { readonly kind: 'storage'; readonly status: StorageStatus }
  | { readonly kind: 'damage'; readonly part: DamagedPart };
