import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { MixedLine } from '../support/mixed-log/lines.ts';
import { mixedLog } from '../support/mixed-log/mixed-log.ts';
import { ROOT } from '../support/root.ts';

/** Lines a second of the log. */
const RATE = 50;
/** Before now, so that no line is of the future: who has a plan goes on for three quarters of an hour after the rest. */
const MARGIN_MS = 60 * 60_000;

export interface AttackLog {
  readonly text: string;
  /** What the greater part was made by. */
  readonly madeBy: string;
}

/**
 * An authentication log that has ended by now, all of it recent enough for blocks that last a day: a steady attack
 * among daily business as `gen-authlog.py` makes it (where that and Python are not there, as `mixed-log` does), and among
 * them the people and attackers with a plan of `mixed-log`.
 */
export function attackLog(lines: number, seed: number): AttackLog {
  const start = Math.floor((Date.now() - MARGIN_MS - (lines / RATE) * 1000) / 1000) * 1000;
  const generated = generate(lines, seed, start);
  const mixed = mixedLog({ lines, seed, rate: RATE, start, isAuthOnly: true, ...(generated && { rest: generated }) });
  const text = Array.from(mixed, (line) => `${line.text}\n`).join('');
  return { text, madeBy: generated === undefined ? 'mixed-log alone' : 'gen-authlog.py' };
}

function generate(lines: number, seed: number, start: number): readonly MixedLine[] | undefined {
  const script = join(process.env['BARTIZAN_SHARED'] ?? join(ROOT, '../shared'), 'tools/gen-authlog.py');
  if (!existsSync(script)) return undefined;
  const from = new Date(start).toISOString().slice(0, 19).replace('T', ' ');
  const args = [script, String(lines), '--seed', String(seed), '--rate', String(RATE), '--start', from];
  const printed = printedBy('python3', args);
  const year = from.slice(0, 4);
  return printed?.map((text) => ({ at: Date.parse(`${text.slice(0, 15)} ${year} UTC`), log: 'auth', text }));
}

/** Undefined where there is no such program. */
function printedBy(program: string, args: readonly string[]): readonly string[] | undefined {
  try {
    return execFileSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 30 })
      .trimEnd()
      .split('\n');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw thrown;
  }
}
