import type { KnownPeers } from '../../core/api/throttle.ts';
import type { Clock } from '../../core/base/ports.ts';
import { days, hours, type Millis, millis } from '../../core/base/time.ts';
import { identityKeys } from '../../core/keys/identity-keys.ts';
import type { StoreOp, StorePort } from '../store/index.ts';
import type { OrderedWriter } from './writer.ts';

/** How long a peer that got in is no stranger. */
export const KNOWN_FOR: Millis = days(30);
/** Beyond it the one that got in longest ago is forgotten. */
export const MOST_KNOWN = 1000;
/** How stale the moment may be. */
const NOTE_INTERVAL: Millis = hours(1);

export interface AcquaintanceDeps {
  readonly clock: Pick<Clock, 'now'>;
  readonly writer: Pick<OrderedWriter, 'inBackground'>;
  /** Whether a session that is not over began there. */
  readonly isInside: (key: string) => boolean;
}

/** Peers from which somebody got in lately, over restarts: a restart must not make strangers of those who work here. */
export class Acquaintances implements KnownPeers {
  readonly #deps: AcquaintanceDeps;
  /** When each got in last, in that order. */
  readonly #seen = new Map<string, Millis>();

  constructor(deps: AcquaintanceDeps) {
    this.#deps = deps;
  }

  /** Takes up those that are stored and deletes what is past, or no such record. */
  async load(store: StorePort): Promise<void> {
    const found: (readonly [string, Millis])[] = [];
    const past: StoreOp[] = [];
    for await (const [key, at] of store.entries<unknown>(identityKeys.allKnown)) {
      if (typeof at === 'number' && this.#isLate(millis(at))) found.push([identityKeys.knownPeer(key), millis(at)]);
      else past.push({ del: key });
    }
    for (const [key, at] of found.sort(([, a], [, b]) => a - b)) this.#seen.set(key, at);
    past.push(...this.#makeRoom());
    if (past.length > 0) this.#deps.writer.inBackground(past);
  }

  isKnown(key: string): boolean {
    const at = this.#seen.get(key);
    return (at !== undefined && this.#isLate(at)) || this.#deps.isInside(key);
  }

  gotIn(key: string): void {
    const now = this.#deps.clock.now();
    const before = this.#seen.get(key);
    if (before !== undefined && Math.abs(now - before) < NOTE_INTERVAL) return;
    this.#seen.delete(key);
    this.#seen.set(key, now);
    this.#deps.writer.inBackground([{ put: identityKeys.known(key), value: now }, ...this.#makeRoom()]);
  }

  /** A moment in the future is of a clock that was wrong; far off it is not believed. */
  #isLate(at: Millis): boolean {
    return Math.abs(this.#deps.clock.now() - at) <= KNOWN_FOR;
  }

  #makeRoom(): readonly StoreOp[] {
    const surplus = [...this.#seen.keys()].slice(0, Math.max(0, this.#seen.size - MOST_KNOWN));
    for (const key of surplus) this.#seen.delete(key);
    return surplus.map((key) => ({ del: identityKeys.known(key) }));
  }
}
