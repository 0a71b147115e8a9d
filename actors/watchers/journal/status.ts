import type { Component, ComponentState } from '../../../core/base/component.ts';
import type { Clock } from '../../../core/base/ports.ts';
import { hours, type Millis, plus, rfc3339 } from '../../../core/base/time.ts';
import type { JournalFiles } from '../../../native/journal/index.ts';
import type { JournalLoss } from './port.ts';

/** A loss is shown as `degraded` for this long; the counters keep it. */
export const LOSS_SHOWN: Millis = hours(1);

const DETAIL = 'journald knows who sent each entry; one of another sender than its program counts as spoofable';

/** What the watcher says of its journal. Reports only news. */
export class JournalStatus {
  readonly counters = { entries: 0, own: 0, damaged: 0, missing: 0, losses: 0, openings: 0 };
  readonly #name: string;
  readonly #clock: Clock;
  readonly #report: (component: Component) => void;
  #state: ComponentState = 'starting';
  #message = '';
  #hindrance = '';
  #loss: { readonly text: string; readonly until: Millis } | undefined;
  #shown: ComponentState | undefined;
  #since: Millis;
  #last = '';

  constructor(name: string, clock: Clock, report: (component: Component) => void) {
    this.#name = name;
    this.#clock = clock;
    this.#report = report;
    this.#since = clock.now();
  }

  say(state: ComponentState, message = ''): void {
    this.#state = state;
    this.#message = message;
    this.flush();
  }

  /** Entries may be lost. */
  lose(loss: JournalLoss): void {
    this.counters.losses++;
    this.#loss = { text: describe(loss), until: plus(this.#clock.now(), LOSS_SHOWN) };
    this.flush();
  }

  /** What is known of the files since they were looked at last. */
  hinder({ refused }: JournalFiles): void {
    const [first] = refused;
    const others = refused.length > 1 ? `, and ${refused.length - 1} more` : '';
    this.#hindrance =
      first === undefined ? '' : `entries are missing: cannot read ${first.path}: ${first.why}${others}`;
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
    const news = JSON.stringify([state, message, counters]);
    if (news === this.#last) return;
    this.#last = news;
    const component = { name: this.#name, state, detail: DETAIL, provenance: 'journal', since: this.#since, counters };
    this.#report(message === '' ? component : { ...component, message });
  }
}

function describe({ why, after, before, atMost }: JournalLoss): string {
  const number = atMost === undefined ? 'entries' : `up to ${atMost} entries`;
  const time = `after ${rfc3339(after)}${before === undefined ? '' : ` and before ${rfc3339(before)}`}`;
  switch (why) {
    case 'vacuumed':
      return `${number} logged ${time} were deleted before they were read: let the journal keep more (SystemMaxUse=)`;
    case 'replaced':
      return `the journal was replaced by another: ${number} logged ${time} may be lost`;
    case 'missing':
      return `${number} logged ${time} cannot be read: damaged or deleted (journalctl --verify)`;
  }
}
