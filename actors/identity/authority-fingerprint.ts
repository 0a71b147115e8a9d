import { X509Certificate } from 'node:crypto';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** SHA-256 of the authority at the end of a chain, `AB:CD:…`; undefined where the chain has none. */
export function authorityFingerprint(chain: string): string | undefined {
  const last = chain.match(CERTIFICATE)?.at(-1);
  if (last === undefined) return undefined;
  const certificate = new X509Certificate(last);
  return certificate.ca ? certificate.fingerprint256 : undefined;
}
