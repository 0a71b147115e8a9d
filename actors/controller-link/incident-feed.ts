import type { Clock } from '../../core/base/ports.ts';
import { type Millis, seconds } from '../../core/base/time.ts';
import type { WireIncident } from '../../core/link/stream.ts';
import type { Outbox } from './outbox.ts';

/** A group of findings: check, kind of subject, subject. */
export type IncidentKey = readonly [check: string, kind: string, subject: string];

export interface IncidentSource {
  /** How an incident stands; nothing where it is over. */
  standing(key: IncidentKey): WireIncident | undefined;
  /** Keys of the incidents about any of these. */
  about(subjects: ReadonlySet<string>): readonly IncidentKey[];
}

/** An incident that grows is told again after this. */
const EVERY: Millis = seconds(5);
/** Incidents that changed and are not told yet; as many as are active at most. */
const MOST = 10_000;

/** Tells how incidents stand when they have changed, each at most once in a while. */
export class IncidentFeed {
  readonly #source: IncidentSource;
  readonly #outbox: Outbox;
  readonly #clock: Clock;
  readonly #changed = new Map<string, IncidentKey>();
  /** Addresses about which something was decided. */
  readonly #decided = new Set<string>();
  #cancel: (() => void) | undefined;

  constructor(source: IncidentSource, { outbox, clock }: { readonly outbox: Outbox; readonly clock: Clock }) {
    this.#source = source;
    this.#outbox = outbox;
    this.#clock = clock;
  }

  changed(key: IncidentKey): void {
    if (this.#changed.size >= MOST) return;
    this.#changed.set(key.join('\n'), key);
    this.#schedule();
  }

  /** Something was decided about an address. */
  decided(subject: string): void {
    if (this.#decided.size >= MOST) return;
    this.#decided.add(subject);
    this.#schedule();
  }

  #schedule(): void {
    this.#cancel ??= this.#clock.after(EVERY, () => this.#tell());
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#tell();
  }

  #tell(): void {
    this.#cancel = undefined;
    const about = this.#decided.size === 0 ? [] : this.#source.about(this.#decided);
    this.#decided.clear();
    for (const key of about) this.#changed.set(key.join('\n'), key);
    for (const key of this.#changed.values()) {
      const incident = this.#source.standing(key);
      if (incident !== undefined) this.#outbox.add('incident', { kind: 'incident', incident }, this.#clock.now());
    }
    this.#changed.clear();
  }
}
