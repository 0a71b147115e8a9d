import type { Clock, Log } from '../../core/base/ports.ts';
import type { Result } from '../../core/base/result.ts';
import { hours, type Millis, millis, minutes } from '../../core/base/time.ts';
import type { EnrolmentFailure } from './enrolment.ts';
import { type LinkIdentity, validityOf } from './identity-file.ts';

/** A server that is away, or busy, is asked again after this. */
const AGAIN: Millis = hours(1);
/** Anybody on the way to a broker can say that we were revoked: the server is asked so often at most for that. */
const ASKED_EVERY: Millis = hours(1);
/** A clock that is not set yet says that everything has run out. */
const SOONEST: Millis = minutes(1);

export interface RenewalDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly renew: (identity: LinkIdentity, signal: AbortSignal) => Promise<Result<LinkIdentity, EnrolmentFailure>>;
  /** @param wasAsked because of what a broker said, not since it was time */
  readonly renewed: (identity: LinkIdentity, wasAsked: boolean) => void;
  readonly revoked: (why: string) => void;
}

/** Sees to it that the certificate is renewed at two thirds of its life, and tried again until it is. */
export class Renewal {
  readonly #deps: RenewalDeps;
  #identity: LinkIdentity | undefined;
  #cancel: (() => void) | undefined;
  #abort = new AbortController();
  #isBusy = false;
  /** While it was asked enough; goes on across renewals, since one that went well says nothing of who asked for it. */
  #cancelAsked: (() => void) | undefined;
  #trouble: string | undefined;

  constructor(deps: RenewalDeps) {
    this.#deps = deps;
  }

  /** Why the last attempt came to nothing. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  start(identity: LinkIdentity): void {
    this.#halt();
    this.#abort = new AbortController();
    this.#identity = identity;
    this.#trouble = undefined;
    this.#schedule(millis(validityOf(identity).renewAt - this.#deps.clock.now()));
  }

  stop(): void {
    this.#cancelAsked?.();
    this.#cancelAsked = undefined;
    this.#halt();
  }

  #halt(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#identity = undefined;
    this.#abort.abort(new Error('it is stopped'));
  }

  /** A broker says that we were revoked, or that our certificate is no good: the enrolment server knows. */
  ask(): void {
    if (this.#isBusy || this.#trouble !== undefined || this.#cancelAsked !== undefined) return;
    this.#cancelAsked = this.#deps.clock.after(ASKED_EVERY, () => {
      this.#cancelAsked = undefined;
    });
    this.#cancel?.();
    void this.#renew(true);
  }

  #schedule(after: Millis): void {
    this.#cancel?.();
    this.#cancel = this.#deps.clock.after(millis(Math.max(SOONEST, after)), () => void this.#renew());
  }

  async #renew(wasAsked = false): Promise<void> {
    const identity = this.#identity;
    if (identity === undefined || this.#isBusy) return;
    this.#isBusy = true;
    const answer = await this.#deps.renew(identity, this.#abort.signal);
    this.#isBusy = false;
    if (this.#identity !== identity) return;
    if (answer.ok) {
      this.start(answer.value);
      this.#deps.renewed(answer.value, wasAsked);
      return;
    }
    this.#trouble = answer.public;
    if (answer.code === 'revoked') {
      this.#deps.revoked(answer.public);
      return;
    }
    this.#deps.log('warn', 'the certificate of the controller link is not renewed; tried again', {
      reason: answer.public,
      until: validityOf(identity).until,
    });
    this.#schedule(AGAIN);
  }
}
