export { ACTIVE_FOR, ActiveFindings } from './active-findings.ts';
