import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NetworkNamespace } from './network-namespace.ts';

/** What fills a listener's buffer of 16 MiB several times over. */
const FLOOD = 150_000;

/** NAMESPACE FILE PIDS: stops the processes, changes the ruleset by the file, and lets them go on. */
const WHILE_STOPPED = 'kill -STOP $2; ip netns exec "$0" nft -f "$1"; code=$?; kill -CONT $2; exit $code';

/**
 * `nft` adds and flushes 150,000 elements of an IPv4 set with timeouts while the processes that listen stand still, one of
 * which may be this one.
 * @throws when `nft` fails
 */
export function overwhelm(namespace: NetworkNamespace, table: string, set: string, ...pids: readonly number[]): void {
  const elements = Array.from({ length: FLOOD }, (_, i) => `100.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`);
  const folder = mkdtempSync(join(tmpdir(), 'bz-flood-'));
  // Read from a file: who is stopped feeds no pipe.
  const file = join(folder, 'flood');
  const of = `inet ${table} ${set}`;
  writeFileSync(file, `add element ${of} { ${elements.join(',')} }\nflush set ${of}\n`);
  try {
    execFileSync('sh', ['-c', WHILE_STOPPED, namespace.name, file, pids.join(' ')], { stdio: 'pipe' });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Sends a UDP datagram of one byte from 127.0.0.1 to its port 9. */
export function knock(namespace: NetworkNamespace): void {
  namespace.exec('bash', ['-c', 'printf x >/dev/udp/127.0.0.1/9']);
}
