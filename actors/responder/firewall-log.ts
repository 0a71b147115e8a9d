import type { FirewallTrail } from '../../core/api/allows.ts';
import type { Log } from '../../core/base/ports.ts';
import { fail, messageOf } from '../../core/base/result.ts';
import { firewallEvents } from '../../core/keys/records.ts';
import type { FirewallEvent } from '../../core/respond/firewall-event.ts';
import type { Records } from '../store/index.ts';

/** Events kept; the oldest go. */
const KEPT = 10_000;
/** Events in one batch. */
const BATCH = 1000;

export interface FirewallLogDeps {
  readonly records: Records;
  readonly log: Log;
  readonly kept?: number;
}

/**
 * What was done to the firewall, in order. Written behind what was done, many events in one batch, and never waited for:
 * a store that does not keep up costs the oldest events that wait, and no block.
 */
export class FirewallLog implements FirewallTrail {
  readonly #deps: FirewallLogDeps;
  readonly #kept: number;
  #waiting: FirewallEvent[] = [];
  /** Events noted, and those written or lost, since start. */
  #noted = 0;
  #done = 0;
  /** The batch under way. */
  #batch: Promise<void> | undefined;

  constructor(deps: FirewallLogDeps) {
    this.#deps = deps;
    this.#kept = deps.kept ?? KEPT;
  }

  note(event: FirewallEvent): void {
    this.#noted++;
    this.#waiting.push(event);
    if (this.#waiting.length > this.#kept) {
      this.#waiting.shift();
      this.#done++;
    }
    this.#batch ??= this.#write();
  }

  async newest(limit: number): Promise<readonly FirewallEvent[]> {
    await this.flushed();
    const events: FirewallEvent[] = [];
    for await (const [, event] of this.#deps.records.list(firewallEvents, [], { reverse: true, limit }))
      events.push(event);
    return events;
  }

  /** Resolves when everything noted so far was handed to the store. */
  async flushed(): Promise<void> {
    const noted = this.#noted;
    while (this.#done < noted) await this.#batch;
  }

  async #write(): Promise<void> {
    const batch = this.#waiting.splice(0, BATCH);
    const written = await this.#keep(batch).catch((cause: unknown) => fail('lost', messageOf(cause)));
    if (!written.ok) this.#deps.log('warn', 'firewall events are lost', { count: batch.length, error: written.public });
    this.#done += batch.length;
    this.#batch = this.#waiting.length > 0 ? this.#write() : undefined;
  }

  #keep(batch: readonly FirewallEvent[]) {
    return this.#deps.records.write(async (writes) => {
      for (const { serial } of await writes.appendAll(firewallEvents, batch)) {
        if (serial > this.#kept) await writes.delete(firewallEvents, [serial - this.#kept]);
      }
    });
  }
}
