import type { Millis } from '../../base/time.ts';
import type { Severity } from '../../detect/finding.ts';
import type { DecisionState, Origin } from '../../respond/decision.ts';
import type { ApplianceFacts } from '../appliance.ts';
import type { ListStatus } from '../lists.ts';
import type { HttpCounts } from './http-meter.ts';

/** The process as the kernel accounts for it. */
export interface ProcessFacts {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly startedAt: Millis;
  /** Absent where /proc does not tell. */
  readonly openFiles?: number;
}

/** Decisions of one kind since start. */
export interface DecisionCount {
  readonly state: DecisionState;
  readonly origin: Origin;
  readonly count: number;
}

/** Packets dropped because their sender is blocked, since the table was made. */
export interface Dropped {
  readonly family: 4 | 6;
  readonly packets: number;
  readonly bytes: number;
}

/** Packets that one of the firewall's features has dropped, or would have, since the table was made. */
export interface FeaturePackets {
  readonly feature: string;
  /** It only counts. */
  readonly isCounting: boolean;
  readonly packets: number;
}

/** Everything that is measured, at one moment. Counts begin with the process unless said otherwise. */
export interface MetricFacts {
  readonly appliance: ApplianceFacts;
  readonly blocked: number;
  readonly allowed: number;
  readonly findings: Readonly<Record<Severity, number>>;
  readonly decisions: readonly DecisionCount[];
  /** Empty while the kernel is not touched. */
  readonly dropped: readonly Dropped[];
  readonly lists: readonly ListStatus[];
  /** Of those that are on; empty while the kernel is not touched. */
  readonly features: readonly FeaturePackets[];
  readonly http: HttpCounts;
  readonly process: ProcessFacts;
}

export interface Meter {
  read(): Promise<MetricFacts>;
}
