import { type Millis, minutes, plus } from '../../core/base/time.ts';

/** Counts what is refused by its code, and says once a minute of each whether it is worth a line. */
export class Counted {
  readonly #codes = new Map<string, { count: number; told: Millis }>();

  isNews(code: string, now: Millis): boolean {
    const known = this.#codes.get(code);
    if (known === undefined) {
      this.#codes.set(code, { count: 1, told: now });
      return true;
    }
    known.count++;
    if (plus(known.told, minutes(1)) > now) return false;
    known.told = now;
    return true;
  }

  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#codes].map(([code, { count }]) => [code, count]));
  }
}
