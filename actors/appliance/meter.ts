import type { Allows } from '../../core/api/allows.ts';
import type { Appliance } from '../../core/api/appliance.ts';
import type { Lists } from '../../core/api/lists.ts';
import type {
  DecisionCount,
  Dropped,
  FeaturePackets,
  Meter,
  MetricFacts,
  ProcessFacts,
} from '../../core/api/metrics/facts.ts';
import type { HttpMeter } from '../../core/api/metrics/http-meter.ts';
import type { Bus } from '../bus/index.ts';
import type { Topics } from './topics.ts';

export interface MeterParts {
  readonly appliance: Pick<Appliance, 'facts' | 'blockCount'>;
  readonly allows: Pick<Allows, 'list'>;
  readonly lists: Pick<Lists, 'list'>;
  readonly bus: Bus<Topics>;
  readonly http: HttpMeter;
  readonly dropped: () => Promise<readonly Dropped[]>;
  readonly features: () => Promise<readonly FeaturePackets[]>;
  readonly process: () => Promise<ProcessFacts>;
}

/** Counts what passes on the bus, and gathers the rest when asked. */
export class RunningMeter implements Meter {
  readonly #parts: MeterParts;
  readonly #findings = { warning: 0, high: 0, critical: 0 };
  readonly #decisions = new Map<string, DecisionCount>();

  constructor(parts: MeterParts) {
    this.#parts = parts;
    parts.bus.subscribe('finding', ({ finding }) => {
      this.#findings[finding.severity]++;
    });
    parts.bus.subscribe('decision', ({ decision: { state, origin } }) => {
      const key = `${state} ${origin}`;
      this.#decisions.set(key, { state, origin, count: (this.#decisions.get(key)?.count ?? 0) + 1 });
    });
  }

  async read(): Promise<MetricFacts> {
    const { appliance, allows, lists, http, dropped, features, process } = this.#parts;
    const [facts, packets, own, counted] = await Promise.all([appliance.facts(), dropped(), process(), features()]);
    const bulk = await lists.list();
    return {
      appliance: facts,
      blocked: appliance.blockCount(),
      allowed: allows.list().length,
      findings: { ...this.#findings },
      decisions: [...this.#decisions.values()],
      dropped: packets,
      lists: bulk,
      features: counted,
      http: http.read(),
      process: own,
    };
  }
}
