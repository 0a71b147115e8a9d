import { closeSync, existsSync, mkdtempSync, openSync, rmdirSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TlsMaterial } from '../port.ts';

const OWNER_ONLY = 0o600;
const MEMORY = '/dev/shm';

/**
 * Key and certificate as paths for a library that reads files, during the call. The files lie in memory where the host
 * has room there, and have lost their names before anything is written, so no other process can come upon the key and
 * none is left behind by a crash.
 */
export function withPemFiles<V>({ key, cert }: TlsMaterial, use: (keyFile: string, certFile: string) => V): V {
  const open: number[] = [];
  const fileOf = (text: string) => {
    const file = openNameless();
    open.push(file);
    writeSync(file, text);
    return `/proc/self/fd/${file}`;
  };
  try {
    return use(fileOf(key), fileOf(cert));
  } finally {
    open.forEach(closeSync);
  }
}

function openNameless(): number {
  const folder = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'bartizan-'));
  const path = join(folder, 'pem');
  try {
    const file = openSync(path, 'wx+', OWNER_ONLY);
    unlinkSync(path);
    return file;
  } finally {
    rmdirSync(folder);
  }
}
