export { type ApplianceParts, RunningAppliance } from './appliance.ts';
export { CounterSampler, type SamplerDeps } from './counter-sampler.ts';
export { keepPrivate, processAge, processFacts, programHash, stopSignal } from './effects.ts';
export {
  auditFinding,
  canaryFinding,
  damageFinding,
  deviceFinding,
  diskFinding,
  driftFinding,
  eventDamageFinding,
  eventsNotKeptFinding,
  imageFinding,
  journalLossFinding,
  listFinding,
} from './findings.ts';
export { type MeterParts, RunningMeter } from './meter.ts';
export { modeReason } from './mode.ts';
export { type StatsParts, statsOf } from './stats.ts';
export type { Topics } from './topics.ts';
