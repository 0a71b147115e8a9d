export { AllowBook } from './allow-book.ts';
export { AllowList, type AllowRecords } from './allow-list.ts';
export { BlockTally } from './block-tally.ts';
export { desiredBlocks } from './desired.ts';
export { FirewallLog } from './firewall-log.ts';
export { type DecisionRecords, Ledger, type Told } from './ledger.ts';
export { networkBlockOf } from './network-of.ts';
export { allowRecords, decisionRecords } from './records.ts';
export { type Fed, Responder, type ResponderDeps } from './responder.ts';
