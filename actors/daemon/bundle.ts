import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Millis } from '../../core/base/time.ts';

const compress = promisify(gzip);

/** Of one file, bytes: what is longer is cut, and says so. */
const LONGEST_FILE = 1024 * 1024;
const BLOCK = 512;

export interface BundleFile {
  readonly name: string;
  readonly text: string;
}

/** Files as a tar archive (ustar), compressed with gzip. */
export async function bundleOf(files: readonly BundleFile[], at: Millis): Promise<Uint8Array> {
  const pieces = files.flatMap(({ name, text }) => {
    const bytes = bounded(Buffer.from(text));
    return [headerOf(name, bytes.length, at), bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)];
  });
  return compress(Buffer.concat([...pieces, Buffer.alloc(BLOCK * 2)]));
}

/** The end of a log says more than its beginning, and that of the rest is as good. */
function bounded(bytes: Buffer): Buffer {
  if (bytes.length <= LONGEST_FILE) return bytes;
  const note = Buffer.from(`[${bytes.length - LONGEST_FILE} bytes before are left out]\n`);
  return Buffer.concat([note, bytes.subarray(bytes.length - LONGEST_FILE)]);
}

function headerOf(name: string, length: number, at: Millis): Buffer {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`;
  header.write(name, 0, 100);
  header.write(octal(0o600, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(length, 11), 124);
  header.write(octal(Math.max(0, Math.floor(at / 1000)), 11), 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\x0000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}
