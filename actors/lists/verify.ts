import { createHash, createPublicKey, type Hash, type KeyObject, verify } from 'node:crypto';
import { fail, ok, type Result } from '../../core/base/result.ts';
import {
  type ListSignature,
  parseListSignature,
  parseSha256,
  parseSigningKey,
} from '../../core/respond/lists/minisign.ts';

/** What a list must prove of itself: taken along while it is read, judged at its end. */
export interface Proof {
  take(piece: Uint8Array): void;
  judge(): Result<void, 'refused'>;
}

/** By the content of a checksum file. */
export function sha256Proof(file: Uint8Array): Result<Proof, 'refused'> {
  const wanted = parseSha256(new TextDecoder().decode(file.subarray(0, 4096)));
  if (wanted === undefined) return fail('refused', 'what sha256_url leads to is no SHA-256');
  const hash = createHash('sha256');
  return ok({
    take: (piece) => void hash.update(piece),
    judge: () => {
      const found = hash.digest('hex');
      return found === wanted ? ok(undefined) : fail('refused', `its SHA-256 is ${found}, not ${wanted} as is told`);
    },
  });
}

/** By the content of a signature file and the configured key, which was checked where it came in. */
export function signatureProof(file: Uint8Array, publicKey: string): Result<Proof, 'refused'> {
  const key = parseSigningKey(publicKey);
  const signed = parseListSignature(file);
  if (key === undefined || signed === undefined) return fail('refused', 'what signature_url leads to is no signature');
  if (key.id !== undefined && signed.keyId !== undefined && Buffer.compare(key.id, signed.keyId) !== 0) {
    return fail('refused', 'its signature is by another key');
  }
  return ok(new SignatureProof(signed, keyObject(key.key)));
}

class SignatureProof implements Proof {
  readonly #signed: ListSignature;
  readonly #key: KeyObject;
  readonly #hash: Hash | undefined;
  /** Ed25519 goes over its message twice, so a list that is not hashed first has to be kept. */
  readonly #pieces: Uint8Array[] = [];

  constructor(signed: ListSignature, key: KeyObject) {
    this.#signed = signed;
    this.#key = key;
    this.#hash = signed.isPrehashed ? createHash('blake2b512') : undefined;
  }

  take(piece: Uint8Array): void {
    if (this.#hash === undefined) this.#pieces.push(Uint8Array.from(piece));
    else this.#hash.update(piece);
  }

  judge(): Result<void, 'refused'> {
    const { signature, trusted } = this.#signed;
    const message = this.#hash?.digest() ?? Buffer.concat(this.#pieces);
    if (!verify(null, message, this.#key, signature)) return fail('refused', 'its signature is wrong');
    const isTrusted = trusted === undefined || verify(null, trusted.text, this.#key, trusted.signature);
    return isTrusted ? ok(undefined) : fail('refused', "its signature's trusted comment is not signed");
  }
}

/** SPKI of Ed25519 (RFC 8410), before the 32 bytes of the key. */
const ED25519 = Buffer.from('302a300506032b6570032100', 'hex');

const keyObject = (key: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.concat([ED25519, key]), format: 'der', type: 'spki' });
