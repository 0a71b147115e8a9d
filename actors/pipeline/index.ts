export { startWorker } from './effects.ts';
export { logRunner } from './log-runner.ts';
export { type Checkpoint, type CheckpointRecords, type KeptEvents, Pipeline, type PipelineDeps } from './pipeline.ts';
export type { PipelineSettings } from './protocol.ts';
export { checkpointRecords } from './records.ts';
