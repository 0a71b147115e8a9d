import type { StateChange } from '../../core/detect/detector.ts';
import type { Finding } from '../../core/detect/finding.ts';
import type { PipelineCounters } from '../../core/detect/pipeline.ts';
import type { Provenance } from '../../core/event/event.ts';

/** Which detector's state, and what changed in it. */
export type CheckpointDelta = readonly (readonly [detector: string, changes: readonly StateChange[]])[];

/** What the worker is made of; sent once as its `workerData`. */
export interface PipelineSettings {
  readonly checks: Readonly<Record<string, unknown>>;
  readonly checkpoint: CheckpointDelta;
}

/** To the worker, handled strictly in order. */
export type ToWorker =
  | {
      readonly kind: 'chunk';
      readonly sequence: number;
      readonly parser: string;
      readonly source: string;
      readonly offset: number;
      readonly provenance: Provenance;
      readonly receivedAt: number;
      /** Whole lines; the buffer is handed over. */
      readonly bytes: Uint8Array;
    }
  | { readonly kind: 'checkpoint'; readonly sequence: number };

export type FromWorker =
  | {
      readonly kind: 'judged';
      readonly sequence: number;
      readonly findings: readonly Finding[];
      readonly counters: PipelineCounters;
    }
  | { readonly kind: 'checkpoint'; readonly sequence: number; readonly delta: CheckpointDelta };
