import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Random } from '../../core/base/ports.ts';
import { fail, ok, type Result } from '../../core/base/result.ts';
import { makeSigner, readSigner, type Signer } from '../link-wire/index.ts';
import { namesIn, readIfThere, writeWhole } from './files.ts';

const NAME = /^[a-z0-9][a-z0-9._-]{0,47}$/;

/** A key of controllers whose private half is here. */
export type SigningKey = Signer & { readonly name: string };

/** Private keys in files of a folder that only root opens: `NAME.key`, PKCS #8 in PEM. */
export class KeyFolder {
  readonly #folder: string;
  readonly #random: Random;
  readonly #read = new Map<string, { readonly pem: string; readonly key: SigningKey }>();

  constructor(folder: string, random: Random) {
    this.#folder = folder;
    this.#random = random;
  }

  /** @returns refused: there is none of that name here, or it is no Ed25519 key */
  async key(name: string): Promise<Result<SigningKey, 'refused'>> {
    if (!NAME.test(name)) return fail('refused', `"${name.slice(0, 60)}" is no name of a key`);
    // One that was taken away is not had any more.
    const pem = await readIfThere(this.#path(name));
    if (pem === undefined) return fail('refused', `there is no private key "${name}" here: ${this.#path(name)}`);
    const known = this.#read.get(name);
    if (known?.pem === pem) return ok(known.key);
    const signer = readSigner(pem);
    if (!signer.ok) return fail('refused', `${this.#path(name)} ${signer.public}`);
    const key = { ...signer.value, name };
    this.#read.set(name, { pem, key });
    return ok(key);
  }

  /** Makes one. @returns refused: there is one of that name already */
  async make(name: string): Promise<Result<SigningKey, 'refused'>> {
    if (!NAME.test(name)) {
      return fail('refused', `"${name.slice(0, 60)}" is no name for a key: small letters, digits, . _ -`);
    }
    if ((await readIfThere(this.#path(name))) !== undefined) {
      return fail('refused', `${this.#path(name)} is there already`);
    }
    return ok(await this.#written(name));
  }

  /** Puts a new key in the place of one, which stays beside it under the name that is given back. */
  async replace(
    name: string,
    stamp: string,
  ): Promise<Result<{ readonly old: string; readonly key: SigningKey }, 'refused'>> {
    const before = await readIfThere(this.#path(name));
    if (before === undefined) return fail('refused', `there is no private key "${name}" here: ${this.#path(name)}`);
    const old = `${name}.${stamp}`;
    await writeWhole(this.#path(old), before, 0o600);
    return ok({ old, key: await this.#written(name) });
  }

  /** Takes a replacement back. */
  async restore(name: string, old: string): Promise<void> {
    const before = await readIfThere(this.#path(old));
    if (before !== undefined) await writeWhole(this.#path(name), before, 0o600);
    await rm(this.#path(old), { force: true });
    this.#read.delete(name);
  }

  /** Names of all that are here. */
  async names(): Promise<readonly string[]> {
    return (await namesIn(this.#folder)).flatMap((file) => (file.endsWith('.key') ? [file.slice(0, -4)] : []));
  }

  async #written(name: string): Promise<SigningKey> {
    const { pem, ...signer } = makeSigner(this.#random.bytes(32));
    await writeWhole(this.#path(name), pem, 0o600);
    this.#read.delete(name);
    return { ...signer, name };
  }

  #path(name: string): string {
    return join(this.#folder, `${name}.key`);
  }
}
