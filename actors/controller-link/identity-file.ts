import { X509Certificate } from 'node:crypto';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { type Millis, millis } from '../../core/base/time.ts';
import type { Hex } from '../../core/link/hex.ts';
import type { KeySet } from '../../core/link/keys.ts';
import { type FilePort, writeWhole } from '../identity/index.ts';

/** Below the state directory. */
export const CONTROLLER_FOLDER = 'controller';
const IDENTITY = 'identity.json';
const NEXT_KEY = 'next.key';

/** Who this appliance is in a fleet, as its enrolment said. Holds a private key: the file is for its owner alone. */
export interface LinkIdentity {
  readonly format: 1;
  readonly tenant: string;
  /** 0 to 63. */
  readonly shard: number;
  readonly serial: string;
  /** In the order in which they are tried, unless the config names others. */
  readonly brokers: readonly string[];
  /** Of the enrolment server, which renews the certificate, too. */
  readonly url: string;
  /** SHA-256 of the authority of that server. */
  readonly authority: Hex;
  /** PEM: the certificate, and those above it without the root. */
  readonly cert: string;
  /** PEM, PKCS #8. */
  readonly key: string;
  /** PEM: what brokers' certificates lead to. */
  readonly brokerAuthority: string;
  /** As the enrolment gave them; orders may have put others in their place since. */
  readonly keys: KeySet;
  readonly keysGeneration: number;
  readonly enrolledAt: Millis;
  /** The controller does not want this appliance any more. */
  readonly revoked?: { readonly at: Millis; readonly why: string };
}

/** When a certificate holds, and when it is to be renewed: at two thirds of its life. */
export interface Validity {
  readonly from: Millis;
  readonly until: Millis;
  readonly renewAt: Millis;
}

export function validityOf({ cert }: Pick<LinkIdentity, 'cert'>): Validity {
  const { validFromDate, validToDate } = new X509Certificate(cert);
  const [from, until] = [validFromDate.getTime(), validToDate.getTime()];
  return { from: millis(from), until: millis(until), renewAt: millis(from + ((until - from) * 2) / 3) };
}

/** The validity of one certificate after another, each read once: it is asked for whenever somebody looks. */
export class KnownValidity {
  #cert: string | undefined;
  #validity: Validity | undefined;

  of(identity: Pick<LinkIdentity, 'cert'>): Validity {
    if (this.#validity === undefined || this.#cert !== identity.cert) {
      this.#cert = identity.cert;
      this.#validity = validityOf(identity);
    }
    return this.#validity;
  }
}

/**
 * The files of the enrolment, in one folder. The identity is one file, so that certificate, key and what they are good for
 * change together; a key that is to be certified lies beside it until the answer is there, so that a request that was cut off is
 * the same request again.
 */
export class IdentityFiles {
  readonly #files: FilePort;
  readonly #directory: string;

  constructor(files: FilePort, directory: string) {
    this.#files = files;
    this.#directory = directory;
  }

  /** Undefined: not enrolled. `damaged`: there is something that cannot be read. */
  async read(): Promise<Result<LinkIdentity | undefined, 'damaged'>> {
    const path = `${this.#directory}/${IDENTITY}`;
    try {
      const text = await this.#files.read(path);
      if (text === undefined) return ok(undefined);
      const identity = JSON.parse(text) as LinkIdentity;
      if (identity.format !== 1) return fail('damaged', `${path} is of another version`);
      validityOf(identity);
      return ok(identity);
    } catch (cause) {
      return fail('damaged', `${path} cannot be read: ${messageOf(cause)}; enroll anew`, cause);
    }
  }

  async write(identity: LinkIdentity): Promise<void> {
    await this.#files.makeDirectory(this.#directory, 0o700);
    const text = `${JSON.stringify(identity, undefined, 2)}\n`;
    await writeWhole(this.#files, this.#directory, IDENTITY, { text, mode: 0o600 });
    await this.#files.remove(`${this.#directory}/${NEXT_KEY}`);
  }

  /** The key that the next certificate is to be for. */
  async nextKey(make: () => string): Promise<string> {
    await this.#files.makeDirectory(this.#directory, 0o700);
    const there = await this.#files.read(`${this.#directory}/${NEXT_KEY}`);
    if (there !== undefined) return there;
    const key = make();
    await writeWhole(this.#files, this.#directory, NEXT_KEY, { text: key, mode: 0o600 });
    return key;
  }

  /** Leaves the fleet: nothing of it stays. */
  async remove(): Promise<void> {
    for (const name of [IDENTITY, NEXT_KEY]) await this.#files.remove(`${this.#directory}/${name}`);
    await this.#files.syncDirectory(this.#directory);
  }
}
