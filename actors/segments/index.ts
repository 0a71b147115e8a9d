export { type SegmentDisk, segmentDisk, startSearcher } from './effects.ts';
export { isPosition, type SegmentPosition } from './position.ts';
export type { RetentionSettings } from './retention.ts';
export { type FoundLine, type SearchEvent, type SearchProgress, searchSegments } from './search.ts';
export type { SearchFailure, StartSearcher } from './searches.ts';
export type { DamagedPart } from './segment-reader.ts';
export { Segments, type SegmentsParts } from './segments.ts';
export { type VerifyEvent, verifySegments } from './verify.ts';
export { SegmentWriter, type StorageState, type StorageStatus } from './writer.ts';
