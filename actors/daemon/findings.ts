import type { Clock, Log, Random } from '../../core/base/ports.ts';
import { BRUTE_FORCE } from '../../core/detect/checks/grants.ts';
import { categoryOf } from '../../core/detect/checks.ts';
import type { Finding } from '../../core/detect/finding.ts';
import type { Topics } from '../appliance/index.ts';
import type { Bus } from '../bus/index.ts';
import {
  ActiveFindings,
  Dismissals,
  dispositionsOf,
  FindingEpochs,
  FindingHistory,
  FindingRecorder,
  FindingRollups,
  findingRecords,
  type RecorderDeps,
  SourceTally,
  Suppressions,
} from '../incidents/index.ts';
import type { Records } from '../store/index.ts';

export interface FindingsDeps {
  readonly records: Records;
  /** The store was found damaged when it was opened. */
  readonly isRepaired: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly bus: Bus<Topics>;
  readonly respond: RecorderDeps['respond'];
}

export type Findings = ReturnType<typeof makeFindings>;

/** The active findings, with each finding counted that comes among them, now or at a start. */
const counting = (active: ActiveFindings, count: (finding: Finding) => void): RecorderDeps['active'] => ({
  add(finding, serial) {
    active.add(finding, serial);
    count(finding);
  },
  takeUp() {
    const taking = active.takeUp();
    return {
      older(finding, serial) {
        taking.older(finding, serial);
        count(finding);
      },
      done: () => taking.done(),
    };
  },
});

/** Everything that keeps findings, counts them, and remembers what operators said of them. */
export function makeFindings({ records, isRepaired, clock, random, log, bus, respond }: FindingsDeps) {
  const suppressions = new Suppressions({ records, clock, random });
  const active = new ActiveFindings((finding) => suppressions.matching(finding) !== undefined);
  const dismissals = new Dismissals({ records, active, clock });
  const rollups = new FindingRollups(clock);
  const attackers = new SourceTally();
  const epochs = new FindingEpochs({ records, random, log, isRepaired });
  const count = ({ subject, check, at }: Finding) => {
    if (subject.kind === 'ip' && categoryOf(check) === BRUTE_FORCE) attackers.add(subject.value, at, clock.now());
  };
  const recorder: FindingRecorder = new FindingRecorder({
    records: findingRecords(records, rollups),
    active: counting(active, count),
    recent: () => rollups.recent(),
    suppressing: (finding) => suppressions.matching(finding),
    log,
    publish: (finding, serial) => bus.publish('finding', { finding, serial }),
    renumbered: (after) => void epochs.begin(after),
    respond,
  });
  const counts = () => ({ findings: recorder.count, suppressed: rollups.state.suppressed });
  const load = async () => {
    await suppressions.load();
    await rollups.load(records);
    await recorder.load();
    await epochs.load(recorder.count);
    await dismissals.load();
  };
  return {
    active,
    recorder,
    epochs,
    rollups,
    attackers,
    history: new FindingHistory({ records, counts }),
    dispositions: dispositionsOf(suppressions, dismissals),
    loadFindings: load,
  };
}
