import { createHash } from 'node:crypto';
import { findings } from '../../core/keys/records.ts';
import { someFinding } from './some-finding.ts';
import { openIn } from './store-directory.ts';

/**
 * A process that writes until it is killed: `node store-writer.js STATE_DIRECTORY FIRST_BATCH`. Batch n replaces all of
 * `part!0` … `part!9` and appends a finding. It prints `n` once batch n is acknowledged; every third asks for the disk.
 */
const [, , directory = '', first = '0'] = process.argv;
const { store } = await openIn(directory);
for (let n = Number(first); ; n++) {
  const sync = n % 3 === 0;
  const text = createHash('sha256').update(String(n)).digest('hex').repeat(20);
  const parts = Array.from({ length: 10 }, (_, i) => ({ put: `part!${i}`, value: { n, text } }));
  const [raw, typed] = await Promise.all([
    store.port.commit([...parts, { put: `batch!${n}`, value: n }], { sync }),
    store.records.write((writes) => writes.append(findings, someFinding(n)), { sync }),
  ]);
  if (!raw.ok || !typed.ok) process.exit(3);
  process.stdout.write(`${n}\n`);
}
