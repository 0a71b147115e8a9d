import { execFileSync } from 'node:child_process';
import { createCipheriv } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate that signs code, and the authority behind it. */
export interface Signer {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

export interface BundleSpec {
  readonly version: string;
  readonly compatible: string;
  /** Root hash that the kernel is told when this root is booted. */
  readonly hash: string;
  /** Of each image. */
  readonly bytes: number;
  readonly format: 'plain' | 'verity';
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
const EXTENSIONS =
  'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n';

/** Makes one in a folder, unless it is there. */
export function makeSigner(folder: string, name: string): Signer {
  const at = (file: string): string => join(folder, file);
  const signer = { authority: at('ca.pem'), certificate: at('sign.pem'), key: at('sign.key') };
  if (existsSync(signer.certificate)) return signer;
  mkdirSync(folder, { recursive: true });
  const openssl = (...args: readonly string[]): void => {
    execFileSync('openssl', args, { stdio: 'ignore' });
  };
  const ca = ['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign'];
  openssl(
    'req',
    '-x509',
    ...KEY,
    '-days',
    '30',
    '-subj',
    `/CN=${name} root`,
    ...ca,
    '-keyout',
    at('ca.key'),
    '-out',
    signer.authority,
  );
  openssl('req', ...KEY, '-subj', `/CN=${name} signing`, '-keyout', signer.key, '-out', at('sign.csr'));
  writeFileSync(at('extensions'), EXTENSIONS);
  const by = ['-CA', signer.authority, '-CAkey', at('ca.key'), '-CAcreateserial'];
  openssl(
    'x509',
    '-req',
    '-in',
    at('sign.csr'),
    ...by,
    '-days',
    '30',
    '-extfile',
    at('extensions'),
    '-out',
    signer.certificate,
  );
  return signer;
}

/** Makes a bundle of a kernel and a root that only say which they are. */
export function makeBundle(path: string, signer: Signer, given: Partial<BundleSpec> = {}): void {
  const spec: BundleSpec = {
    version: '1.1.0',
    compatible: 'bartizan-amd64',
    hash: 'b1b1b1b1b1b1b1b1',
    bytes: 1 << 20,
    format: 'plain',
    ...given,
  };
  const folder = mkdtempSync(join(tmpdir(), 'bartizan-bundle-'));
  try {
    const content = noise(spec.bytes);
    content.write(JSON.stringify({ version: spec.version, hash: spec.hash }));
    for (const name of ['kernel.img', 'rootfs.img']) writeFileSync(join(folder, name), content);
    const images = ['kernel', 'rootfs'].map((name) => `[image.${name}]\nfilename=${name}.img\n`).join('');
    const about = `[update]\ncompatible=${spec.compatible}\nversion=${spec.version}\n[bundle]\nformat=${spec.format}\n`;
    writeFileSync(join(folder, 'manifest.raucm'), `${about}${images}`);
    rmSync(path, { force: true });
    execFileSync('rauc', ['bundle', `--cert=${signer.certificate}`, `--key=${signer.key}`, folder, path], {
      stdio: 'pipe',
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What does not compress, the same each time. */
function noise(bytes: number): Buffer {
  return createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(bytes));
}
