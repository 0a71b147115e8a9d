import { execFileSync } from 'node:child_process';
import { createHash, sign } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { signatureFile } from '../../actors/flash/index.ts';
import { type Bmap, formatBmap } from '../../core/image/bmap.ts';

/** Authority and signer of images, made by openssl; `purpose` is what the signer's certificate is for. */
export interface Signing {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

export function makeSigning(folder: string, purpose = 'codeSigning'): Signing {
  mkdirSync(folder, { recursive: true });
  const at = (name: string): string => join(folder, name);
  const openssl = (...words: readonly string[]) => execFileSync('openssl', words, { stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...key,
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.pem'),
    '-days',
    '1',
    '-subj',
    '/CN=authority',
  );
  openssl('req', ...key, '-keyout', at('sign.key'), '-out', at('sign.csr'), '-subj', '/O=test/CN=signer');
  writeFileSync(at('ext'), `extendedKeyUsage=${purpose}\n`);
  openssl(
    ...['x509', '-req', '-in', at('sign.csr'), '-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial'],
    ...['-days', '1', '-extfile', at('ext'), '-out', at('sign.pem')],
  );
  return {
    authority: at('ca.pem'),
    certificate: readFileSync(at('sign.pem'), 'utf8'),
    key: readFileSync(at('sign.key'), 'utf8'),
  };
}

const BLOCK = 4096;

/** Blocks of noise, and of zeros; what the map leaves out is noise too, so that it shows when it is written. */
export interface Flashable {
  readonly bytes: Buffer;
  readonly bmap: Bmap;
}

/** @param mapped blocks that the map has, as first and last */
export function flashable(bytes: Buffer, mapped: readonly (readonly [number, number])[]): Flashable {
  const ranges = mapped.map(([first, last]) => ({
    first,
    last,
    sha256: createHash('sha256')
      .update(bytes.subarray(first * BLOCK, (last + 1) * BLOCK))
      .digest('hex'),
  }));
  return { bytes, bmap: { imageSize: bytes.length, blockSize: BLOCK, ranges } };
}

/** Puts an image with its map and signature into a folder. @returns its path */
export async function writeFlashable(folder: string, { bytes, bmap }: Flashable, signing?: Signing): Promise<string> {
  const path = join(folder, 'disk.img.zst');
  writeFileSync(path, zstdCompressSync(bytes));
  writeFileSync(join(folder, 'disk.img.bmap'), formatBmap(bmap));
  if (signing !== undefined) writeFileSync(`${path}.sig`, signatureOf(path, signing));
  return path;
}

export const signatureOf = (path: string, { certificate, key }: Signing): string =>
  signatureFile(certificate, sign('sha256', readFileSync(path), key));
