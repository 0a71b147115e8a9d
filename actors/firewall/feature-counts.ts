import { HOST_FEATURES, type HostFeature } from '../../core/respond/host-features.ts';
import type { RuleCounter } from '../../native/nft/index.ts';
import { featureCounter } from './feature-rules.ts';
import { TRIAL_PREFIX } from './table.ts';

/** What one feature has done, a candidate's as well. */
export interface FeatureCount {
  readonly feature: HostFeature;
  /** It only counts what it would have dropped. */
  readonly isCounting: boolean;
  readonly packets: number;
  readonly bytes: number;
}

/** Of those that have a counter. */
export const featureCounts = (counters: readonly RuleCounter[]): readonly FeatureCount[] =>
  HOST_FEATURES.flatMap((feature) =>
    [false, true].flatMap((isCounting): FeatureCount[] => {
      const name = featureCounter(feature, isCounting);
      const own = counters.filter((one) => one.name === name || one.name === `${TRIAL_PREFIX}${name}`);
      if (own.length === 0) return [];
      const sum = (of: 'packets' | 'bytes'): number => own.reduce((all, one) => all + one[of], 0);
      return [{ feature, isCounting, packets: sum('packets'), bytes: sum('bytes') }];
    }),
  );
