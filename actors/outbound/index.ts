export { httpsFetch } from './effects.ts';
export { refusedHost } from './lookup.ts';
export type { Fetch, OutboundAnswer, OutboundFailure, OutboundLimits, OutboundRequest, TakePiece } from './port.ts';
