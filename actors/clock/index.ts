export { systemClock, systemRandom } from './effects.ts';
export { machineClock } from './machine-clock.ts';
