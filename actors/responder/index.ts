export { type DecisionRecords, Ledger } from './ledger.ts';
export { decisionRecords, saveOutcome } from './records.ts';
export { desiredBlocks, Responder, type ResponderDeps } from './responder.ts';
