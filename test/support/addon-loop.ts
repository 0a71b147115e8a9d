/** What a thread does that is ended in the midst of it: the addons of the pipeline, without a pause. */
import { parentPort } from 'node:worker_threads';
import { COMPRESSION } from '../../actors/segments/block-codec.ts';
import { openBlocks } from '../../native/blocks/index.ts';
import { openLines } from '../../native/lines/index.ts';
import { ACTIONS, FIELDS } from '../../native/lines/port.ts';
import { openWindows } from '../../native/windows/index.ts';
import { ENTRY, ENTRY_NUMBERS, FATE, RUN } from '../../native/windows/port.ts';

const [lines, blocks, windows] = [openLines(), openBlocks(), openWindows()];
if (!lines.ok || !blocks.ok || !windows.ok) throw new Error('the addons do not open');
const piece = Buffer.from('Nov 22 01:02:03 h sshd[1]: Invalid user a from 192.0.2.1 port 4\n'.repeat(50));
const [rows, fresh] = [new Uint32Array(FIELDS * 64), new Uint32Array(2048)];
const messages = new Uint8Array(8192);
const texts = Array.from({ length: 500 }, (_, i) => `user-${i}`);
const ids = Uint16Array.from(texts, (_, i) => i + 1);
const values = Float64Array.from(texts, (_, i) => i);
const check = { measure: 0, threshold: 3, window: 60, quiet: 0, keeps: 9, triesAtMost: 0, counts: 1, completes: 1 };
const flags = { keysAreTexts: true, valuesAreTexts: true, hasConnections: false };
const counted = new windows.value.Windows({ ...flags, once: 0, checks: [check], salt: 1 });
const numbers = new Float64Array(ENTRY_NUMBERS);
numbers[ENTRY.traits] = 1;
numbers[ENTRY.weight] = 1;
const judge = new windows.value.RowJudge(
  [{ windows: counted, byAccount: true, traits: Uint16Array.from({ length: ACTIONS.length * 2 }, () => 1) }],
  { fates: new Uint8Array(ACTIONS.length).fill(FATE.judged), users: [], v4Bits: 32, v6Bits: 64, longest: 256 },
);
const told = new Float64Array(RUN.held + 1);
parentPort?.postMessage('begun');
for (;;) {
  const read = lines.value.read(piece, 0, 'Nov 22 01:02:', '', rows, fresh, messages);
  judge.learn(piece, fresh, read.fresh);
  told[RUN.texts] = 1 + read.fresh;
  judge.run(rows, 0, read.rows * FIELDS, told, 's');
  judge.completed(0);
  judge.forget();
  lines.value.forget();
  counted.step(numbers, 'name', 's', 'value', '');
  counted.changes();
  blocks.value.pack({
    ...{ from: 0, to: texts.length, isFinal: true, groups: 3, words: 2, ...COMPRESSION },
    columns: [
      { kind: 'steps', id: 1, group: 0, values },
      { kind: 'dictionary', id: 4, group: 1, ids, texts },
    ],
  });
}
