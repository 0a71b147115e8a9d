import { createReadStream, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { signatureCheck, signatureFile } from '../../actors/flash/index.ts';
import { AUTHORITY_CERTIFICATE } from '../../core/image/authority-place.ts';
import { run } from '../programs.ts';
import { authorityPlace } from '../tree/authority.ts';

/** Who signs: an authority, and a key that it lets sign code. */
export interface Authority {
  /** PEM certificate of the authority. */
  readonly ca: string;
  /** PEM certificates that the image trusts from then on; the authority's own, unless it is to be changed. */
  readonly trusted: string;
  /** PEM certificate of the signing key. */
  readonly certificate: string;
  /** A PEM file, or a PKCS#11 address (RFC 7512) of a key that nobody can copy. */
  readonly key: string;
  /** The image trusts the lab's authority, whose keys are in the repository: everybody can sign for it. */
  readonly isLab: boolean;
}

/**
 * The authority in the folder that `BARTIZAN_SIGNING_CA` names (`ca.pem`, `signing.pem`, `signing.key`, the last instead
 * by `BARTIZAN_SIGNING_KEY=pkcs11:…`), else the lab's. `BARTIZAN_TRUSTED_CA` names the file of another authority for the
 * image to trust.
 * @throws when the folder lacks a file, or its certificates do not belong together
 */
export async function findAuthority(labFolder: string, env: NodeJS.ProcessEnv): Promise<Authority> {
  const { folder, trusted } = authorityPlace(env, labFolder);
  const named = (name: string): string => {
    const file = join(folder, name);
    if (!existsSync(file)) throw new Error(`the signing authority has no ${file}`);
    return file;
  };
  const address = env['BARTIZAN_SIGNING_KEY'];
  if (address !== undefined && !address.startsWith('pkcs11:'))
    throw new Error('BARTIZAN_SIGNING_KEY is no pkcs11: address');
  const ca = named(AUTHORITY_CERTIFICATE);
  const authority = {
    ca,
    trusted,
    certificate: named('signing.pem'),
    key: address ?? named('signing.key'),
    isLab: readFileSync(trusted, 'utf8').includes(readFileSync(join(labFolder, AUTHORITY_CERTIFICATE), 'utf8').trim()),
  };
  // As rauc will ask on the appliance: a chain to the authority, and a certificate for signing code.
  await run('openssl', ['verify', '-purpose', 'any', '-CAfile', authority.ca, authority.certificate]);
  const use = await run('openssl', ['x509', '-in', authority.certificate, '-noout', '-ext', 'extendedKeyUsage']);
  if (!use.includes('Code Signing')) throw new Error(`${authority.certificate} is not for signing code`);
  return authority;
}

/** Writes the signature file of a file: the signing certificate, and the signature over its SHA-256, in PEM. */
export async function signFile(file: string, out: string, authority: Authority): Promise<void> {
  const hardware = authority.key.startsWith('pkcs11:') ? ['-engine', 'pkcs11', '-keyform', 'engine'] : [];
  const raw = `${out}.raw`;
  await run('openssl', ['dgst', '-sha256', ...hardware, '-sign', authority.key, '-out', raw, file]);
  writeFileSync(out, signatureFile(readFileSync(authority.certificate, 'utf8'), readFileSync(raw)));
  rmSync(raw);
}

/** @throws when the signature is not one of the authority's over these very bytes */
export async function verifyFile(file: string, signature: string, ca: string): Promise<void> {
  const check = await signatureCheck(signature, ca);
  if (!check.ok) throw new Error(check.public);
  for await (const chunk of createReadStream(file)) check.value.update(chunk as Buffer);
  if (!check.value.isRight()) throw new Error(`${file} is not what ${check.value.signer} signed`);
}
