export { type ApplianceParts, RunningAppliance, type Topics } from './appliance.ts';
export { damageFinding } from './damage.ts';
export { keepPrivate, processAge, programHash, stopSignal } from './effects.ts';
export { modeReason } from './mode.ts';
