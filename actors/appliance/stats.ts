import type { Stats } from '../../core/api/stats.ts';
import type { Clock } from '../../core/base/ports.ts';
import type { FindingRollups, SourceTally } from '../incidents/index.ts';
import type { BlockTally } from '../responder/index.ts';

export interface StatsParts {
  readonly clock: Pick<Clock, 'now'>;
  readonly rollups: FindingRollups;
  readonly attackers: SourceTally;
  readonly blocks: BlockTally;
}

/** The statistics from the parts that count. */
export const statsOf = ({ clock, rollups, attackers, blocks }: StatsParts): Stats => ({
  series: (unit, count) => rollups.series(unit, count),
  lastCritical: () => rollups.state.lastCritical,
  bruteForce: (top) => ({ unique: attackers.unique(clock.now()), top: attackers.top(top, clock.now()) }),
  blocked: () => blocks.total(clock.now()),
});
