import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** One file of a snapshot; `content` undefined: there was none. */
export interface KeptFile {
  readonly path: string;
  readonly content: string | undefined;
  readonly mode?: string;
}

export interface WrittenTrial {
  readonly id?: string;
  readonly spans?: 'nothing' | 'restart' | 'reboot';
  readonly bootId?: string;
  /** ms on the boot-time clock. */
  readonly deadline?: number;
  readonly trial?: number;
  readonly failures?: number;
  readonly files?: readonly KeptFile[];
  readonly ruleset?: string;
  /** SHA-256 of what the change wrote, hex. */
  readonly after?: string;
}

export const TRIAL_ID = '019ac0de-0000-7000-8000-000000000001';

export const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

/** Milliseconds of CLOCK_BOOTTIME. */
export const bootTime = (): number => Math.round(Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000);

/** Writes a trial as the daemon leaves it on disk. @returns the directory of the pending trial */
export function writeTrial(state: string, wanted: WrittenTrial): string {
  const { id = TRIAL_ID, spans = 'nothing', deadline = bootTime() + 60_000, trial = 300_000 } = wanted;
  const pending = join(state, 'change/pending');
  rmSync(pending, { recursive: true, force: true });
  mkdirSync(join(pending, 'files'), { recursive: true, mode: 0o700 });
  const lines = { id, subject: 'settings', spans, boot_id: wanted.bootId ?? bootId(), deadline, trial, forced: 0 };
  const hashes = { before: `sha256:${'0'.repeat(64)}`, after: `sha256:${wanted.after ?? '1'.repeat(64)}` };
  const all = { ...lines, ...hashes };
  writeFileSync(
    join(pending, 'trial'),
    Object.entries(all)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  );
  for (const [i, { path, content, mode = '600' }] of (wanted.files ?? []).entries()) {
    const entry = join(pending, 'files', String(i));
    writeFileSync(`${entry}.path`, `${path}\n`);
    if (content !== undefined) writeFileSync(`${entry}.content`, content);
    writeFileSync(`${entry}.attributes`, `${mode} ${process.getuid?.()} ${process.getgid?.()}\n`);
  }
  if (wanted.ruleset !== undefined) writeFileSync(join(pending, 'ruleset.nft'), wanted.ruleset);
  if (wanted.failures !== undefined) writeFileSync(join(pending, 'failures'), 'start\n'.repeat(wanted.failures));
  return pending;
}
