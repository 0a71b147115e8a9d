export { startWorker } from './effects.ts';
export { logRunner } from './log-runner.ts';
export {
  type Checkpoint,
  type CheckpointRecords,
  type JournalPreference,
  type KeptEvents,
  Pipeline,
  type PipelineDeps,
  type SourceCursor,
} from './pipeline.ts';
export type { PipelineSettings } from './protocol.ts';
export { checkpointRecords } from './records.ts';
export { hostZone } from './zone.ts';
