import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { fail, ok, type Result } from '../../core/base/result.ts';
import { type SignedPurpose, signedText } from '../../core/link/domain.ts';
import { bytesOf, type Hex, hexOf } from '../../core/link/hex.ts';
import { type KeyId, keyIdOf } from '../../core/link/keys.ts';

/** A private key that signs. What keeps it elsewhere, e.g. in a token, is another one. */
export interface Signer {
  readonly publicKey: Hex;
  readonly keyId: KeyId;
  /** 64 bytes over the purpose and the bytes, see `signedText`. */
  sign(purpose: SignedPurpose, bytes: Uint8Array): Uint8Array;
}

/** RFC 8410: everything of the structures ahead of the 32 bytes of the key. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');

/** @param pem PKCS#8 of an Ed25519 key, not encrypted */
export function readSigner(pem: string): Result<Signer, 'bad_key'> {
  try {
    const key = createPrivateKey(pem);
    return key.asymmetricKeyType === 'ed25519' ? ok(signerOf(key)) : fail('bad_key', 'is no Ed25519 key');
  } catch (cause) {
    return fail('bad_key', 'is no private key in PEM', cause);
  }
}

/** @param seed 32 random bytes, which are the private key */
export const makeSigner = (seed: Uint8Array): Signer & { readonly pem: string } => {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: 'der', type: 'pkcs8' });
  return { ...signerOf(key), pem: key.export({ format: 'pem', type: 'pkcs8' }).toString() };
};

function signerOf(key: KeyObject): Signer {
  const publicKey = hexOf(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32));
  return {
    publicKey,
    keyId: keyIdOf(publicKey),
    sign: (purpose, bytes) => new Uint8Array(sign(null, signedText(purpose, bytes), key)),
  };
}

/** Whether a signature is good; false for a public key that is none. */
export function verifies(publicKey: Hex, purpose: SignedPurpose, bytes: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== 64 || isWeakKey(publicKey)) return false;
  try {
    const key = createPublicKey({
      key: Buffer.concat([SPKI_HEAD, bytesOf(publicKey)]),
      format: 'der',
      type: 'spki',
    });
    return verify(null, signedText(purpose, bytes), key, signature);
  } catch {
    return false;
  }
}

/**
 * Whether a public key is one of the few points of small order, for which anybody makes signatures that hold. The highest bit
 * is the sign of x and does not matter.
 */
export function isWeakKey(publicKey: Hex): boolean {
  const [y = '', last = ''] = [publicKey.slice(0, 62), publicKey.slice(62)];
  const unsigned = (Number.parseInt(last, 16) & 0x7f).toString(16).padStart(2, '0');
  return SMALL_ORDER.has(y + unsigned);
}

const SMALL_ORDER: ReadonlySet<string> = new Set([
  `00${'00'.repeat(31)}`,
  `01${'00'.repeat(31)}`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
]);

/** SHA-256 of bytes as they are carried. */
export const digestOf = (bytes: Uint8Array): Hex => createHash('sha256').update(bytes).digest('hex') as Hex;
