import { createPrivateKey, X509Certificate } from 'node:crypto';
import { fail, messageOf } from '../../core/base/result.ts';
import type { TlsMaterial } from './port.ts';

/** The AEAD suites with forward secrecy of TLS 1.2, OpenSSL's names; those of TLS 1.3 are always on. */
export const TLS12_CIPHERS = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
];

/** Engines take an empty or unfitting pair without a word and then fail every handshake. @throws saying what is wrong */
export function assertUsable({ key, cert }: TlsMaterial): void {
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
    throw new Error('key and certificate do not match');
}

export const badCertificate = (thrown: unknown) =>
  fail('bad_certificate', `certificate or key cannot be used: ${messageOf(thrown)}`, thrown);
