export { type DecisionRecords, Ledger } from './ledger.ts';
export { desiredBlocks, Responder, type ResponderDeps } from './responder.ts';
