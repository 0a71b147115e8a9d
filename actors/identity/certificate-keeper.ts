import type { Component } from '../../core/base/component.ts';
import type { Log } from '../../core/base/ports.ts';
import { messageOf, ok, type Result } from '../../core/base/result.ts';
import { days, type Millis, minutes, rfc3339, seconds } from '../../core/base/time.ts';
import type { Service } from '../supervisor/index.ts';
import { isClockSet } from './certificates.ts';
import type { IdentityEffects } from './effects.ts';
import { OwnCertificate, type OwnCertificateDeps } from './own-certificate.ts';
import { judgePair, type ServedPair } from './served-pair.ts';

/** How often clock, names and files are looked at. Timers keep their pace when the clock is set, so that is noticed too. */
export const LOOK = minutes(1);
/** From a change of the files to the look at them: certificate and key are written one after the other. */
export const SETTLE = seconds(1);
/** Before an unusable pair is complained of, for the same reason. */
export const SECOND_LOOK = seconds(3);
/** A look that takes longer hangs on its file system. */
export const PATIENCE = seconds(10);
/** An operator's certificate that ends this soon is told of, or in the last third of its time where that is shorter. */
export const ENDS_SOON = days(14);

/** The operator's own certificate; absolute paths. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

export interface KeeperDeps extends OwnCertificateDeps {
  readonly log: Log;
  readonly effects: Pick<IdentityEffects, 'readPem' | 'watch'>;
  readonly files?: CertificateFiles;
}

export interface Served extends ServedPair {
  readonly source: 'own' | 'files';
}

/** The certificate that listeners serve, kept good while the appliance runs. */
export interface Certificates extends Service {
  /** What a listener should serve now. */
  readonly tls: Served;
  /** Called with each certificate that takes the place of another. Returns the unsubscriber. */
  onChange(listener: (tls: Served) => void): () => void;
  component(): Component;
}

/**
 * Serves the operator's files where there are any and they can be served, else the appliance's own certificate. The files
 * are taken up again whenever they change; while they are unusable whatever served before serves on, for it is better
 * than nothing, and the component says so. The own certificate is renewed before its end and when the appliance gets
 * another name.
 */
export async function openCertificates(deps: KeeperDeps): Promise<Result<Certificates, 'tls'>> {
  const keeper = new Keeper(deps);
  const opened = await keeper.open();
  return opened.ok ? ok(keeper) : opened;
}

class Keeper implements Certificates {
  readonly id = 'certificate';
  readonly #deps: KeeperDeps;
  readonly #own: OwnCertificate;
  readonly #listeners = new Set<(tls: Served) => void>();
  #served: Served | undefined;
  #changes = 0;
  #files: 'good' | 'suspect' | 'bad' = 'bad';
  #ownTrouble: string | undefined;
  #trouble: string | undefined;
  /** What of the own certificate is good to know. */
  #unnamed: string | undefined;
  #since: Millis;
  #unwatch: (() => void) | undefined;
  #next: { readonly soon: boolean; readonly cancel: () => void } | undefined;
  #looking = false;
  #again = false;

  constructor(deps: KeeperDeps) {
    this.#deps = deps;
    this.#own = new OwnCertificate(deps);
    this.#since = deps.clock.now();
  }

  get tls(): Served {
    if (this.#served === undefined) throw new Error('certificates are not open');
    return this.#served;
  }

  async open(): Promise<Result<void, 'tls'>> {
    const refused = await this.#lookAtFiles();
    const made = this.#served === undefined ? await this.#renewOwn() : undefined;
    if (made?.ok === false) return made;
    this.#tell([refused, this.#ownTrouble]);
    return ok(undefined);
  }

  async start(): Promise<void> {
    const { effects, files } = this.#deps;
    const paths = files === undefined ? [] : [files.cert, files.key];
    this.#unwatch = effects.watch(paths, () => this.#lookIn(SETTLE));
    this.#lookIn(LOOK);
  }

  async stop(): Promise<void> {
    this.#unwatch?.();
    this.#unwatch = undefined;
    this.#next?.cancel();
    this.#next = undefined;
  }

  onChange(listener: (tls: Served) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  component(): Component {
    const about = { name: this.id, since: this.#since, counters: { changes: this.#changes } };
    if (this.#trouble !== undefined) return { ...about, state: 'degraded', message: this.#trouble };
    const isOwn = this.#served?.source === 'own';
    return { ...about, state: 'ok', ...(isOwn && this.#unnamed !== undefined ? { detail: this.#unnamed } : {}) };
  }

  /** The next look. One that is due soon is not put off, however often the files change meanwhile. */
  #lookIn(delay: Millis): void {
    if (this.#looking) this.#again = true;
    if (this.#looking || this.#next?.soon === true) return;
    this.#next?.cancel();
    const cancel = this.#deps.clock.after(delay, () => {
      this.#next = undefined;
      void this.#look();
    });
    this.#next = { soon: delay === SETTLE, cancel };
  }

  /** One at a time: a file system that hangs holds up one read, not one more each minute. */
  async #look(): Promise<void> {
    this.#looking = true;
    const { clock } = this.#deps;
    const late = clock.after(PATIENCE, () => this.#tell(['the certificate files take too long to read']));
    try {
      const refused = await this.#lookAtFiles();
      if (this.tls.source === 'own' && this.#own.isDue()) await this.#renewOwn();
      this.#tell([refused, this.tls.source === 'own' ? this.#ownTrouble : undefined]);
    } catch (cause) {
      this.#tell([`certificates cannot be looked at: ${messageOf(cause)}`]);
    }
    late();
    this.#looking = false;
    if (this.#unwatch === undefined) return;
    this.#lookIn(this.#again ? SETTLE : this.#files === 'suspect' ? SECOND_LOOK : LOOK);
    this.#again = false;
  }

  /** @returns what is wrong with the files; not at the first sight of it, when they may be half written */
  async #lookAtFiles(): Promise<string | undefined> {
    const { files, clock } = this.#deps;
    if (files === undefined) return undefined;
    const pair = await this.#readFiles(files);
    if (pair.ok) {
      this.#files = 'good';
      this.#serve({ ...pair.value, source: 'files' });
      const { validFrom, validTo } = pair.value;
      const soon = Math.min(ENDS_SOON, (validTo - validFrom) / 3);
      return isClockSet(clock.now()) && validTo - soon < clock.now()
        ? `${files.cert} ends ${rfc3339(validTo)}; put a new one there`
        : undefined;
    }
    this.#files = this.#files === 'good' ? 'suspect' : 'bad';
    if (this.#files === 'suspect') return this.#trouble;
    const instead =
      this.#served?.source === 'files' ? 'the one before serves on' : 'the own certificate serves instead';
    return `the certificate in ${files.cert} and ${files.key} is not taken: ${pair.public}; ${instead}`;
  }

  async #readFiles(files: CertificateFiles): Promise<Result<ServedPair, 'unreadable' | 'unusable'>> {
    const { effects, clock } = this.#deps;
    const [cert, key] = await Promise.all([effects.readPem(files.cert), effects.readPem(files.key)]);
    if (!cert.ok) return cert;
    if (!key.ok) return key;
    const now = clock.now();
    return judgePair(cert.value, key.value, isClockSet(now) ? now : undefined);
  }

  async #renewOwn(): Promise<Result<void, 'tls'>> {
    const made = await this.#own.renew();
    if (!made.ok) {
      this.#ownTrouble = made.public;
      return made;
    }
    const { unnamed, ...pair } = made.value;
    this.#ownTrouble = undefined;
    this.#advise(unnamed);
    this.#serve({ ...pair, source: 'own' });
    return ok(undefined);
  }

  /** Whoever has named this machine anew since its CA was made reaches it by address: nothing is broken by it. */
  #advise(unnamed: readonly string[]): void {
    const advice =
      unnamed.length === 0
        ? undefined
        : `the certificate cannot name ${unnamed.join(', ')}, which its CA may not vouch for; use an address, or delete both CA files for a new CA`;
    if (advice !== undefined && advice !== this.#unnamed) this.#deps.log('warn', advice, { names: unnamed.join(' ') });
    this.#unnamed = advice;
  }

  #serve(tls: Served): void {
    const before = this.#served;
    if (before?.fingerprint === tls.fingerprint && before.cert === tls.cert && before.key === tls.key) return;
    this.#served = tls;
    if (before === undefined) return;
    this.#changes++;
    const { fingerprint, validTo, source } = tls;
    this.#deps.log('info', 'certificate changed', { fingerprint, source, ends: rfc3339(validTo) });
    for (const listener of this.#listeners) listener(tls);
  }

  #tell(troubles: readonly (string | undefined)[]): void {
    const trouble = troubles.filter((one) => one !== undefined).join('; ') || undefined;
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    this.#since = this.#deps.clock.now();
    if (trouble === undefined) this.#deps.log('info', 'certificate is in order again');
    else this.#deps.log('error', 'certificate is not in order', { trouble });
  }
}
