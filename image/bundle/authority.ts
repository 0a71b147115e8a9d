import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../programs.ts';

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
  const folder = env['BARTIZAN_SIGNING_CA'] ?? labFolder;
  const named = (name: string): string => {
    const file = join(folder, name);
    if (!existsSync(file)) throw new Error(`the signing authority has no ${file}`);
    return file;
  };
  const address = env['BARTIZAN_SIGNING_KEY'];
  if (address !== undefined && !address.startsWith('pkcs11:'))
    throw new Error('BARTIZAN_SIGNING_KEY is no pkcs11: address');
  const ca = named('ca.pem');
  const trusted = env['BARTIZAN_TRUSTED_CA'] ?? ca;
  const authority = {
    ca,
    trusted,
    certificate: named('signing.pem'),
    key: address ?? named('signing.key'),
    isLab: readFileSync(trusted, 'utf8').includes(readFileSync(join(labFolder, 'ca.pem'), 'utf8').trim()),
  };
  // As rauc will ask on the appliance: a chain to the authority, and a certificate for signing code.
  await run('openssl', ['verify', '-purpose', 'any', '-CAfile', authority.ca, authority.certificate]);
  const use = await run('openssl', ['x509', '-in', authority.certificate, '-noout', '-ext', 'extendedKeyUsage']);
  if (!use.includes('Code Signing')) throw new Error(`${authority.certificate} is not for signing code`);
  return authority;
}

/** Writes a detached CMS signature (PEM) of a file. The signing certificate is in it. */
export async function signFile(file: string, out: string, authority: Authority): Promise<void> {
  const hardware = authority.key.startsWith('pkcs11:') ? ['-engine', 'pkcs11', '-keyform', 'engine'] : [];
  const who = [...hardware, '-signer', authority.certificate, '-inkey', authority.key];
  await run('openssl', [
    'cms',
    '-sign',
    '-binary',
    '-md',
    'sha256',
    '-outform',
    'PEM',
    ...who,
    '-in',
    file,
    '-out',
    out,
  ]);
}

/** @throws when the signature is not one of the authority's over these very bytes */
export async function verifyFile(file: string, signature: string, ca: string): Promise<void> {
  const what = ['-inform', 'PEM', '-in', signature, '-content', file];
  await run('openssl', ['cms', '-verify', '-binary', '-purpose', 'any', ...what, '-CAfile', ca, '-out', '/dev/null']);
}
