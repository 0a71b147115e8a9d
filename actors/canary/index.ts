export { type CanaryPlace, removeCable, sendAcross } from './cable.ts';
export { Canaries, type CanaryDeps } from './canaries.ts';
export { type CanaryLists, type Listed, listedBy } from './listed.ts';
export { type Astray, type Canary, type CanaryOutcome, outcomeOf, type Why } from './outcome.ts';
export { type CanaryBooks, isWhy, sample } from './sample.ts';
