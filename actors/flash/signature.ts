import { createVerify, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';

const CODE_SIGNING = '1.3.6.1.5.5.7.3.3';
const BLOCK = /-----BEGIN SIGNATURE-----\n([A-Za-z0-9+/=\n]+)-----END SIGNATURE-----\n/;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/;

/** Takes the bytes of the signed file as they are read, and judges at the end. */
export interface SignatureCheck {
  /** Subject of the certificate that signed. */
  readonly signer: string;
  update(chunk: Uint8Array): void;
  isRight(): boolean;
}

/**
 * Reads a signature file: the signer's certificate in PEM, then its ECDSA or RSA signature over the SHA-256 of the file. The
 * certificate must be for code signing and issued by the authority. Its dates are not looked at: the clock of a
 * technician's machine proves nothing, and an image signed in time stays what it is.
 */
export async function signatureCheck(
  signature: string,
  authority: string,
): Promise<Result<SignatureCheck, 'unsigned'>> {
  try {
    const text = await readFile(signature, 'utf8');
    const issuer = new X509Certificate(await readFile(authority));
    const pem = CERTIFICATE.exec(text)?.[0];
    const base64 = BLOCK.exec(text)?.[1];
    if (pem === undefined || base64 === undefined)
      return fail('unsigned', `${signature} is not a signature of an image`);
    const certificate = new X509Certificate(pem);
    if (!certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)) {
      return fail('unsigned', `${signature} is by ${nameOf(certificate)}, which ${authority} did not certify`);
    }
    if (certificate.keyUsage?.includes(CODE_SIGNING) !== true) {
      return fail('unsigned', `${signature}: the certificate of ${nameOf(certificate)} is not for signing code`);
    }
    const verify = createVerify('sha256');
    return ok({
      signer: nameOf(certificate),
      update: (chunk) => verify.update(chunk),
      isRight: () => verify.verify(certificate.publicKey, base64, 'base64'),
    });
  } catch (cause) {
    return fail('unsigned', `the signature cannot be checked: ${messageOf(cause)}`, cause);
  }
}

const nameOf = ({ subject }: X509Certificate): string =>
  subject.replace(/\\(.)/g, '$1').split('\n').reverse().join(', ');

/**
 * The signature file of whoever has the certificate. By hand it is checked with
 * `openssl dgst -sha256 -verify KEY -signature BYTES FILE`, the key from `openssl x509 -pubkey`.
 * @param certificate PEM @param signature bytes, as openssl gives them
 */
export function signatureFile(certificate: string, signature: Buffer): string {
  const lines = signature.toString('base64').replace(/.{64}/g, '$&\n').trimEnd();
  return `${CERTIFICATE.exec(certificate)?.[0].trimEnd()}\n-----BEGIN SIGNATURE-----\n${lines}\n-----END SIGNATURE-----\n`;
}
