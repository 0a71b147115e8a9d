import type { Desks } from '../../../core/api/deps.ts';
import type { MetricFacts } from '../../../core/api/metrics/facts.ts';
import { HttpMeter } from '../../../core/api/metrics/http-meter.ts';
import { FakeAppliance, START } from './fake-appliance.ts';

/** Every desk over one fake appliance, which writes down what was asked of any of them. */
export class FakeDesks implements Desks {
  readonly appliance = new FakeAppliance();
  readonly http = new HttpMeter();
  readonly meter = { read: () => this.#metrics() };

  async #metrics(): Promise<MetricFacts> {
    return {
      appliance: await this.appliance.facts(),
      blocked: this.appliance.blocks().length,
      findings: { warning: 0, high: 1, critical: 2 },
      decisions: [{ state: 'active', origin: 'auto_response', count: 2 }],
      dropped: [{ family: 4, packets: 3, bytes: 180 }],
      http: this.http.read(),
      process: { cpuSeconds: 1.5, residentBytes: 1_048_576, startedAt: START, openFiles: 20 },
    };
  }
}
