import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const JOURNALD = '/usr/lib/systemd/systemd-journald';

/** Why no journald of a test's own can run here. */
export const noJournald: string | false =
  process.getuid?.() !== 0
    ? 'needs root to have a /run of its own'
    : !existsSync(JOURNALD) && `needs ${JOURNALD}: install systemd`;

/** Runs `$1 …` beside a real journald behind a /run of its own, then prints the journal as JSON lines. */
const SITE = `set -eu
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/journald.conf.d
printf '[Journal]\\nStorage=volatile\\nReadKMsg=no\\nRateLimitBurst=0\\n' > /run/systemd/journald.conf.d/test.conf
${JOURNALD} >/dev/null 2>&1 &
journald=$!
tries=0
until [ -S /run/systemd/journal/socket ] && [ -S /run/systemd/journal/stdout ]; do
  tries=$((tries + 1))
  [ $tries -lt 500 ]
  sleep 0.02
done
JOURNALD=$journald "$@" >&2
if kill -0 $journald 2>/dev/null; then
  journalctl -D /run/log/journal --sync >/dev/null 2>&1 || true
  kill -TERM $journald
  wait $journald || true
fi
journalctl -D /run/log/journal -o json --no-pager
`;

/** A journal entry as journalctl prints it: values are text, or bytes where they hold other than text. */
export type JournalEntry = Readonly<Record<string, string | readonly number[]>>;

/**
 * What a real journald has in its journal when `command` has ended.
 * @throws Error with what was said, when it fails
 */
export function journalOf(command: readonly string[]): {
  readonly entries: readonly JournalEntry[];
  readonly said: string;
} {
  const args = ['--mount', '--propagation', 'private', 'sh', '-c', SITE, 'sh', ...command];
  const { status, stdout, stderr } = spawnSync('unshare', args, { encoding: 'utf8', timeout: 60_000 });
  if (status !== 0) throw new Error(`ended with ${status}: ${stderr}`);
  const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
  return { entries: lines.map((line) => JSON.parse(line) as JournalEntry), said: stderr };
}
