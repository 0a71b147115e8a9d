export { httpsFetch } from './effects.ts';
export type { Fetch, OutboundAnswer, OutboundFailure, OutboundLimits, OutboundRequest, TakePiece } from './port.ts';
