export { readTcpSessions } from './effects.ts';
export { ChangePreviews, type PreviewParts, type RuleNetworks } from './preview.ts';
