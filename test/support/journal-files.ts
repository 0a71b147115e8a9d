import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** An entry to be written: what journald would have received, and when. */
export interface WrittenEntry {
  readonly fields: Readonly<Record<string, string | Uint8Array>>;
  /** Microseconds since 1970. */
  readonly realtime: number;
  /** Microseconds since the start of the boot. */
  readonly monotonic: number;
  /** 32 hex digits. */
  readonly boot: string;
}

const SEQUENCE = '0'.repeat(32);

/**
 * Appends entries to `system.journal` in a directory by the real systemd-journal-remote, which makes the file when there
 * is none. Sequence numbers and their id are its own.
 */
export function appendEntries(
  directory: string,
  entries: Iterable<WrittenEntry>,
  options: readonly string[] = [],
): void {
  const parts: Uint8Array[] = [];
  for (const entry of entries) parts.push(exported(entry));
  const output = `--output=${join(directory, 'system.journal')}`;
  const ended = spawnSync('/lib/systemd/systemd-journal-remote', [output, ...options, '-'], {
    input: Buffer.concat(parts),
    maxBuffer: 2 ** 20,
  });
  if (ended.status !== 0) throw new Error(`systemd-journal-remote: ${ended.stderr.toString()}`);
}

/** The journal export format: text fields as lines, others with their length. */
function exported({ fields, realtime, monotonic, boot }: WrittenEntry): Uint8Array {
  const cursor = `s=${SEQUENCE};i=1;b=${boot};m=${monotonic.toString(16)};t=${realtime.toString(16)};x=1`;
  const head = `__CURSOR=${cursor}\n__REALTIME_TIMESTAMP=${realtime}\n__MONOTONIC_TIMESTAMP=${monotonic}\n_BOOT_ID=${boot}\n`;
  const rest = Object.entries(fields).map(([name, value]) => exportedField(name, value));
  return Buffer.concat([Buffer.from(head), ...rest, Buffer.from('\n')]);
}

function exportedField(name: string, value: string | Uint8Array): Uint8Array {
  const bytes = Buffer.from(value);
  if (bytes.every((byte) => byte >= 0x20 || byte === 0x09))
    return Buffer.from(`${name}=${bytes.toString('latin1')}\n`, 'latin1');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  return Buffer.concat([Buffer.from(`${name}\n`), length, bytes, Buffer.from('\n')]);
}
