/**
 * Prints a generated log, and its seed to standard error.
 *
 *   node dist/test/support/mixed-log/main.js LINES [--seed N] [--rate N] [--log auth|mail|web]
 *
 * With `--log` only the lines of that file; LINES is what there are of all files together.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { mixedLog } from './mixed-log.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string' }, rate: { type: 'string' }, log: { type: 'string' } },
});
const seed = Number(values.seed ?? randomInt(2 ** 31 - 1));
const lines = Number(positionals[0] ?? 1000);
const log = values.log;
process.stderr.write(`seed ${seed}\n`);
for (const line of mixedLog({ lines, seed, rate: Number(values.rate ?? 50), isAuthOnly: log === 'auth' })) {
  if (log === undefined || line.log === log) process.stdout.write(`${line.text}\n`);
}
