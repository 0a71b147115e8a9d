export { ACTIVE_FOR, ActiveFindings } from './active-findings.ts';
export { FindingRecorder, type FindingRecords, type RecorderDeps } from './recorder.ts';
export { findingRecords } from './records.ts';
