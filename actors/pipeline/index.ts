export { startWorker } from './effects.ts';
export { type CheckpointRecords, Pipeline, type PipelineDeps } from './pipeline.ts';
export type { CheckpointDelta } from './protocol.ts';
