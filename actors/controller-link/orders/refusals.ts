import { type Millis, minutes } from '../../../core/base/time.ts';
import type { RefusalCode, Refused } from '../../../core/link/judge.ts';
import type { OrderNote } from './desk.ts';

/** A refusal of one kind by one key is written down so often at most. */
const EVERY: Millis = minutes(1);
/** Kinds that are told apart; beyond that they are one. */
const MOST = 256;

/** Keeps what a broker in wrong hands sends from filling the audit log: what comes again within a minute is counted. */
export class Refusals {
  readonly #told = new Map<string, { at: Millis; since: number }>();
  readonly #counts = new Map<RefusalCode, number>();

  /** All of them, by why. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  /** @returns what to write down; undefined: it is counted for the next time */
  note(refusal: Refused, now: Millis, broker: string): OrderNote | undefined {
    const { code, signer, order, text } = refusal;
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1);
    const key = `${code} ${signer?.name ?? ''}`;
    const name = this.#told.has(key) || this.#told.size < MOST ? key : 'others';
    const before = this.#told.get(name);
    // A clock that was set back silences nothing.
    if (before !== undefined && now >= before.at && now < before.at + EVERY) {
      before.since++;
      return undefined;
    }
    this.#told.set(name, { at: now, since: 0 });
    return {
      action: 'refuse_order',
      target: order === undefined ? '' : order.kind === 'command' ? order.command.kind : order.kind,
      actor: signer?.name ?? '',
      details: { code, text, not_told: before?.since ?? 0 },
      order: order?.id,
      isRefused: true,
      broker,
    };
  }
}
