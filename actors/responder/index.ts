export { desiredBlocks } from './desired.ts';
export { type DecisionRecords, Ledger, type Told } from './ledger.ts';
export { decisionRecords } from './records.ts';
export { type Fed, Responder, type ResponderDeps } from './responder.ts';
