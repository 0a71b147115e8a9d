import type { Clock } from '../../../core/base/ports.ts';
import { fail, ok, type Result } from '../../../core/base/result.ts';
import { type Millis, minutes, plus } from '../../../core/base/time.ts';
import type { NetworkPort, TlsMaterial } from './network.ts';
import type { TlsSettings } from './port.ts';

/** How often the files are looked at; renewals are days apart. */
const LOOK_EVERY: Millis = minutes(1);

/** The PEM files of one TLS listener, read again so that a renewal needs no restart. */
export class CertificateFiles {
  readonly #settings: TlsSettings;
  readonly #network: NetworkPort;
  readonly #clock: Clock;
  #last = '';
  #nextLook: Millis;

  constructor(settings: TlsSettings, network: NetworkPort, clock: Clock) {
    this.#settings = settings;
    this.#network = network;
    this.#clock = clock;
    this.#nextLook = plus(clock.now(), LOOK_EVERY);
  }

  async read(): Promise<Result<TlsMaterial, 'bad-material'>> {
    const { certFile, keyFile, clientCaFile } = this.#settings;
    const files = [certFile, keyFile, ...(clientCaFile === undefined ? [] : [clientCaFile])];
    const texts = await Promise.all(files.map((path) => this.#network.readText(path)));
    const unreadable = texts.find((text) => !text.ok);
    if (unreadable?.ok === false) return fail('bad-material', unreadable.public, unreadable.cause);
    const [cert = '', key = '', clientCa] = texts.map((text) => (text.ok ? text.value : ''));
    this.#last = JSON.stringify([cert, key, clientCa]);
    return ok(clientCa === undefined ? { cert, key } : { cert, key, clientCa });
  }

  /** @returns nothing while it is not time, or the files are as they were */
  async readNews(): Promise<Result<TlsMaterial, 'bad-material'> | undefined> {
    if (this.#clock.now() < this.#nextLook) return undefined;
    this.#nextLook = plus(this.#clock.now(), LOOK_EVERY);
    const before = this.#last;
    const read = await this.read();
    return read.ok && this.#last === before ? undefined : read;
  }
}
