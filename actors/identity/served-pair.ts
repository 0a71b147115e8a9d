import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { type Millis, millis } from '../../core/base/time.ts';

/** A certificate (the chain behind it) and its key, both PEM, that a listener can serve. */
export interface ServedPair {
  readonly cert: string;
  readonly key: string;
  /** SHA-256 of the certificate, `AB:CD:…`. */
  readonly fingerprint: string;
  readonly validFrom: Millis;
  readonly validTo: Millis;
}

/**
 * Whether what stands in two files can be served, and if not, why in a few words.
 * @param now undefined while the clock is not set: then nothing is said about validity
 */
export function judgePair(cert: string, key: string, now: Millis | undefined): Result<ServedPair, 'unusable'> {
  const no = (why: string, cause?: unknown) => fail('unusable', why, cause);
  const first = certificateIn(cert);
  if (first === undefined) return no('the certificate file holds no certificate in PEM');
  const privateKey = keyIn(key);
  if (typeof privateKey === 'string') return no(privateKey);
  if (!first.checkPrivateKey(privateKey)) return no('key and certificate do not belong together');
  const [validFrom, validTo] = [millis(Date.parse(first.validFrom)), millis(Date.parse(first.validTo))];
  if (now !== undefined && validTo <= now) return no(`the certificate ended ${first.validTo}`);
  if (now !== undefined && validFrom > now) return no(`the certificate is not valid before ${first.validFrom}`);
  try {
    // Reads the chain too, and refuses what OpenSSL would not serve, such as a key that is too short.
    createSecureContext({ cert, key });
  } catch (cause) {
    return no(`OpenSSL refuses it: ${messageOf(cause)}`, cause);
  }
  return ok({ cert, key, fingerprint: first.fingerprint256, validFrom, validTo });
}

function certificateIn(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function keyIn(pem: string) {
  try {
    return createPrivateKey(pem);
  } catch {
    return /ENCRYPTED/.test(pem) ? 'the key has a passphrase' : 'the key file holds no private key in PEM';
  }
}
