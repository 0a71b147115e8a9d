import type { Component, ComponentState } from '../../../core/base/component.ts';
import type { Clock } from '../../../core/base/ports.ts';
import { hours, type Millis, plus } from '../../../core/base/time.ts';

export type Report = (component: Component) => void;

/** A loss is shown as `degraded` for this long; the counters keep it. */
export const LOSS_SHOWN: Millis = hours(1);

/** What one followed path, or one entry, says of itself. Reports only news. */
export class Status<Counter extends string> {
  readonly counters: Record<Counter, number>;
  readonly #name: string;
  readonly #clock: Clock;
  readonly #report: Report;
  #state: ComponentState = 'starting';
  #message = '';
  #loss: { readonly text: string; readonly until: Millis } | undefined;
  #hindrance = '';
  #detail = '';
  #provenance: string | undefined;
  #shown: ComponentState | undefined;
  #since: Millis;
  #last = '';

  constructor(name: string, counters: Record<Counter, number>, clock: Clock, report: Report) {
    this.#name = name;
    this.counters = counters;
    this.#clock = clock;
    this.#report = report;
    this.#since = clock.now();
  }

  say(state: ComponentState, message = ''): void {
    this.#state = state;
    this.#message = message;
    this.flush();
  }

  /** Lines are lost, or may be. */
  lose(text: string): void {
    this.#loss = { text, until: plus(this.#clock.now(), LOSS_SHOWN) };
    this.flush();
  }

  /** Something that makes following worse without stopping it; `''` when it is over. */
  hinder(text: string): void {
    this.#hindrance = text;
  }

  /** What is good to know in any state. */
  explain(text: string): void {
    this.#detail = text;
  }

  /** How far its lines can be trusted. */
  rate(provenance: string): void {
    this.#provenance = provenance;
  }

  flush(): void {
    const now = this.#clock.now();
    if (this.#loss !== undefined && this.#loss.until <= now) this.#loss = undefined;
    const notes = [this.#message, this.#loss?.text ?? '', this.#state === 'ok' ? this.#hindrance : ''];
    const message = notes.filter((note) => note !== '').join('; ');
    const state = this.#state === 'ok' && message !== '' ? 'degraded' : this.#state;
    if (state !== this.#shown) this.#since = now;
    this.#shown = state;
    const counters = { ...this.counters };
    const news = JSON.stringify([state, message, this.#detail, this.#provenance, counters]);
    if (news === this.#last) return;
    this.#last = news;
    this.#report({
      name: this.#name,
      state,
      ...(message === '' ? {} : { message }),
      ...(this.#detail === '' ? {} : { detail: this.#detail }),
      ...(this.#provenance === undefined ? {} : { provenance: this.#provenance }),
      since: this.#since,
      counters,
    });
  }
}
