export { type CanaryPlace, removeCable, sendAcross } from './cable.ts';
export { Canaries, type CanaryDeps } from './canaries.ts';
export { type Astray, type Canary, type CanaryOutcome, outcomeOf, type Why } from './outcome.ts';
export { type CanaryBooks, isWhy, sample } from './sample.ts';
