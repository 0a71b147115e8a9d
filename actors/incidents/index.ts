export { ACTIVE_FOR, ActiveFindings } from './active-findings.ts';
export { FindingRecorder, type FindingRecords, type NumberedFinding, type RecorderDeps } from './recorder.ts';
export { findingRecords } from './records.ts';
