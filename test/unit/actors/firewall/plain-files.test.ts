import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import type { KernelBlock, KernelNetwork } from '../../../../actors/firewall/index.ts';
import { BLOCKS_FILE, PlainFiles, RULES_FILE } from '../../../../actors/firewall/plain-files.ts';
import { contentId, type DecisionId } from '../../../../core/base/ids.ts';
import type { Ip } from '../../../../core/base/ip.ts';
import { type Deadline, millis, minutes } from '../../../../core/base/time.ts';
import { MemoryFolder } from '../../../support/memory-folder.ts';
import { settled } from '../../../support/settled.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

const ID = contentId(millis(1), ['one']) as DecisionId;
const block = (ip: string, expiresAt: Deadline = 'never'): KernelBlock => ({ ip: ip as Ip, id: ID, expiresAt });
const many = (count: number): KernelBlock[] =>
  Array.from({ length: count }, (_, i) => block(`10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`));

function bench(standing: KernelBlock[] = []) {
  const clock = new SimulatedClock();
  const folder = new MemoryFolder();
  const state = { rules: 'rules', standing, networks: [] as readonly KernelNetwork[] };
  const files = new PlainFiles({
    folder,
    clock,
    log: () => {},
    rules: () => state.rules,
    blocks: () => state.standing,
    networks: () => state.networks,
  });
  const pass = async (length: number) => {
    clock.advance(length);
    await settled();
  };
  return { clock, folder, state, files, pass, blocks: () => folder.files.get(BLOCKS_FILE) };
}

describe('plain files', () => {
  let b: ReturnType<typeof bench>;
  beforeEach(() => {
    b = bench();
  });

  test('both files are written within half a second, blocks with set, address, end and decision', async () => {
    b = bench([block('192.0.2.1'), block('2001:db8::1', millis(1_700_000_000_001))]);
    b.files.allChanged();
    await b.pass(500);
    assert.equal(b.folder.files.get(RULES_FILE), 'rules');
    assert.equal(b.blocks(), `blocked4 192.0.2.1 never ${ID}\nblocked6 2001:db8::1 1700000001 ${ID}\n`);
  });

  test('changes are appended together; the last line for an address counts', async () => {
    b.files.allChanged();
    await b.pass(500);
    b.files.blocked([block('192.0.2.1')]);
    b.files.released(['192.0.2.1']);
    await b.pass(499);
    assert.equal(b.blocks(), '');
    await b.pass(1);
    assert.equal(b.blocks(), `blocked4 192.0.2.1 never ${ID}\nblocked4 192.0.2.1 0 -\n`);
    assert.deepEqual(b.folder.calls, [`replace ${RULES_FILE}`, `replace ${BLOCKS_FILE}`, `append ${BLOCKS_FILE}`]);
  });

  const network = (text: string): KernelNetwork => ({ network: text, id: ID, expiresAt: 'never' });

  test('networks are told as the kernel has them: the widest, what is gone as released', async () => {
    b.state.networks = [network('192.0.2.0/24'), network('192.0.2.0/26')];
    b.files.allChanged();
    await b.pass(500);
    assert.equal(b.blocks(), `blocked_nets4 192.0.2.0/24 never ${ID}\n`);
    b.state.networks = [network('192.0.2.0/26'), network('2001:db8::/64')];
    b.files.networksChanged();
    await b.pass(500);
    assert.equal(
      b.blocks()?.slice(b.blocks()?.indexOf('\n')),
      `\nblocked_nets4 192.0.2.0/26 never ${ID}\nblocked_nets6 2001:db8::/64 never ${ID}\nblocked_nets4 192.0.2.0/24 0 -\n`,
    );
  });

  test('the first write is of the whole: what an earlier run left is not gone by', async () => {
    b.folder.files.set(BLOCKS_FILE, 'blocked4 203.0.113.1 never x\n');
    b.state.standing.push(block('192.0.2.1'));
    b.files.blocked(b.state.standing);
    await b.pass(500);
    assert.equal(b.blocks(), `blocked4 192.0.2.1 never ${ID}\n`);
  });

  test('the file is written anew when most of it is outdated', async () => {
    b.files.allChanged();
    await b.pass(500);
    for (let i = 0; i < 13; i++) {
      b.files.blocked(many(100));
      b.files.released(many(100).map(({ ip }) => ip));
      await b.pass(500);
    }
    assert.ok((b.blocks()?.split('\n').length ?? 0) < 1000);
    assert.equal(b.folder.calls.filter((call) => call === `replace ${BLOCKS_FILE}`).length, 3);
  });

  test('a large file is written anew once a minute at most, and what changes is appended meanwhile', async () => {
    b = bench(many(20_000));
    b.files.allChanged();
    await b.pass(500);
    b.files.allChanged();
    b.files.blocked([block('192.0.2.1')]);
    await b.pass(500);
    assert.equal(b.folder.calls.at(-1), `append ${BLOCKS_FILE}`);
    assert.ok(b.blocks()?.endsWith(`blocked4 192.0.2.1 never ${ID}\n`));
    await b.pass(minutes(1));
    await b.pass(500);
    assert.equal(b.folder.calls.at(-1), `replace ${BLOCKS_FILE}`);
  });

  test('rules that are as they were are not written again', async () => {
    b.files.allChanged();
    await b.pass(500);
    b.files.rulesChanged();
    await b.pass(500);
    b.state.rules = 'others';
    b.files.rulesChanged();
    await b.pass(500);
    assert.equal(b.folder.calls.filter((call) => call === `replace ${RULES_FILE}`).length, 2);
    assert.equal(b.folder.files.get(RULES_FILE), 'others');
  });

  test('a disk that refuses is told, and made up for with the whole every ten seconds', async () => {
    b.files.allChanged();
    await b.pass(500);
    b.folder.fault = 'ENOSPC: no space left on device';
    b.state.standing.push(block('192.0.2.1'));
    b.files.blocked(b.state.standing);
    await b.pass(500);
    assert.match(b.files.trouble() ?? '', /not up to date: ENOSPC/);
    b.state.standing.push(block('192.0.2.2'));
    b.files.blocked([block('192.0.2.2')]);
    b.folder.fault = undefined;
    await b.pass(10_000);
    assert.equal(b.files.trouble(), undefined);
    assert.equal(b.blocks(), `blocked4 192.0.2.1 never ${ID}\nblocked4 192.0.2.2 never ${ID}\n`);
  });

  test('removed, nothing is left and nothing comes back by itself', async () => {
    b.files.allChanged();
    await b.pass(500);
    b.files.blocked([block('192.0.2.1')]);
    await b.files.removed();
    await b.pass(minutes(5));
    assert.equal(b.folder.files.size, 0);
  });

  test('a removal that the disk refuses is tried again, unless something is enforced meanwhile', async () => {
    for (const [again, left] of [
      [false, 0],
      [true, 2],
    ] as const) {
      b = bench();
      b.files.allChanged();
      await b.pass(500);
      b.folder.fault = 'EROFS';
      await b.files.removed();
      b.folder.fault = undefined;
      if (again) b.files.allChanged();
      await b.pass(500);
      await b.pass(10_000);
      assert.equal(b.folder.files.size, left);
    }
  });

  test('closing writes what is due, and nothing where nothing is', async () => {
    await b.files.close();
    assert.deepEqual(b.folder.calls, []);
    b.files.allChanged();
    await b.files.close();
    assert.equal(b.folder.files.size, 2);
  });
});
