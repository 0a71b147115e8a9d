import { Refused } from './api.ts';
import { at } from './page.ts';
import type { ChangeDetail, Rollback } from './wire.ts';
import { clock, countdown, stamp } from './words.ts';

/** Settings that are on trial: told with a countdown that goes on whether or not the appliance answers. */
export class SettingsTrial {
  #id: string | undefined;
  /** On this page's own clock, ms: the appliance may have another time. */
  #endsAt = 0;
  #heardAt = new Date();

  constructor() {
    setInterval(() => this.#tick(), 1000);
  }

  /** Of the change that was on trial when the appliance was last heard. */
  get id(): string | undefined {
    return this.#id;
  }

  show({ pending, change_id: id, seconds_remaining: left = 0, expires_at: end }: Rollback): void {
    this.#heardAt = new Date();
    this.#id = pending ? id : undefined;
    this.#endsAt = performance.now() + left * 1000;
    at('on-trial').hidden = !pending;
    if (pending) at('outcome').hidden = true;
    at('on-trial-says').textContent = `Taken back at ${clock(new Date(end))} unless somebody keeps them.`;
    at('on-trial-silence').textContent = '';
    at('trouble').textContent = '';
    this.#tick();
  }

  /** The appliance did not answer, which a change that is on trial may be the cause of. */
  silence(cause: unknown): void {
    if (!(cause instanceof Refused && cause.isSilence)) return;
    const said = `The appliance does not answer; last heard ${clock(this.#heardAt)}.`;
    if (this.#id === undefined) at('trouble').textContent = said;
    else at('on-trial-silence').textContent = `${said} If it stays silent, what is on trial is taken back by itself.`;
  }

  #tick(): void {
    if (this.#id === undefined) return;
    const left = Math.ceil((this.#endsAt - performance.now()) / 1000);
    at('on-trial-left').textContent = left > 0 ? countdown(left) : 'its time is over';
  }
}

/** How it ended, and why. */
export function sayOutcome({ summary, state, verdict }: ChangeDetail): void {
  at('outcome').hidden = false;
  const why = verdict === undefined ? '' : ` at ${stamp(verdict.at)}: ${verdict.why}`;
  at('outcome-says').textContent = `${summary} is ${state}${why}.`;
}
