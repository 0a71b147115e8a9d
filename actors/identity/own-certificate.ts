import type { Clock } from '../../core/base/ports.ts';
import type { Result } from '../../core/base/result.ts';
import { hours, type Millis, minutes, plus } from '../../core/base/time.ts';
import { isClockSet, RENEW_BEFORE, type TlsMaterial } from './certificates.ts';
import type { ServerNames } from './names.ts';

/** Between attempts to renew that changed nothing. */
export const RETRY = hours(1);
/** Between certificates for new addresses: a host that starts containers gets many. */
export const NAMES_PACE = minutes(10);

export interface OwnCertificateDeps {
  readonly clock: Clock;
  /** Makes or renews the certificate for these names; gives the same one where nothing is due. */
  readonly ensure: (names: ServerNames) => Promise<Result<TlsMaterial, 'tls'>>;
  /** What the appliance is called at this moment. */
  readonly names: () => ServerNames;
}

/** The certificate that the appliance issues to itself, and when it needs another. */
export class OwnCertificate {
  readonly #deps: OwnCertificateDeps;
  #tls: TlsMaterial | undefined;
  #askedFor = '';
  #lastTry: { readonly at: Millis; readonly pause: Millis } | undefined;

  constructor(deps: OwnCertificateDeps) {
    this.#deps = deps;
  }

  /** The present one; undefined before the first `renew`. */
  get tls(): TlsMaterial | undefined {
    return this.#tls;
  }

  /** Whether its time is running out or the appliance has another name, and it is not too soon after the last attempt. */
  isDue(): boolean {
    const now = this.#deps.clock.now();
    return !this.#isPausing(now) && (this.#isOutOfTime(now) || nameKey(this.#deps.names()) !== this.#askedFor);
  }

  async renew(): Promise<Result<TlsMaterial, 'tls'>> {
    const { clock, ensure, names } = this.#deps;
    const wanted = names();
    const made = await ensure(wanted);
    if (made.ok) {
      this.#tls = made.value;
      this.#askedFor = nameKey(wanted);
    }
    const now = clock.now();
    this.#lastTry = { at: now, pause: !made.ok || this.#isOutOfTime(now) ? RETRY : NAMES_PACE };
    return made;
  }

  /** Not when the clock was set back since: what was tried then says nothing about now. */
  #isPausing(now: Millis): boolean {
    const { at, pause } = this.#lastTry ?? { at: now, pause: 0 };
    return now >= at && now - at < pause;
  }

  #isOutOfTime(now: Millis): boolean {
    if (this.#tls === undefined) return true;
    const { validFrom, validTo } = this.#tls;
    return isClockSet(now) && (validFrom > now || validTo < plus(now, RENEW_BEFORE));
  }
}

/** Passing addresses left out: they are no reason for a new certificate. */
const nameKey = ({ dns, ips }: ServerNames): string => [...dns, ...ips].join(' ');
