export { ACTIVE_FOR, ActiveFindings } from './active-findings.ts';
export { Dismissals } from './dismissals.ts';
export { dispositionsOf } from './dispositions.ts';
export { FindingHistory } from './history.ts';
export { FindingRecorder, type FindingRecords, type MarkedFinding, type RecorderDeps } from './recorder.ts';
export { findingRecords } from './records.ts';
export { FindingRollups } from './rollups.ts';
export { type SourceCount, SourceTally } from './source-tally.ts';
export { Suppressions } from './suppressions.ts';
