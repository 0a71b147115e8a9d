import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PACE, StatusConsole } from '../../../../actors/field/status-console.ts';
import type { Serial } from '../../../../core/field/serial.ts';
import type { StatusPageFacts } from '../../../../core/field/status-page.ts';
import { settled } from '../../../support/settled.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

const FACTS: StatusPageFacts = {
  hostname: 'edge-7',
  version: '1.2.3',
  isLab: false,
  serial: '4K7Q-M2XW-9TS' as Serial,
  claim: { state: 'open', code: '0A1B2-C3D4-E5F6-G7H8-J9KM-NPQRS' },
  urls: [],
  fingerprint: { of: 'CA', text: 'AB:CD' },
  mode: 'observing',
  unwell: [],
};

class Bench {
  readonly clock = new SimulatedClock();
  readonly files = new Map<string, { readonly text: string; readonly mode: number }>();
  readonly calls: string[] = [];
  facts = FACTS;
  refuses: string | undefined;
  readonly console: StatusConsole;

  constructor(folder: string | undefined = '/run/bartizan') {
    this.console = new StatusConsole({
      clock: this.clock,
      log: () => {},
      ...(folder === undefined ? {} : { folder }),
      facts: () => this.facts,
      files: {
        put: async (path, text, mode) => {
          if (this.refuses !== undefined) throw new Error(this.refuses);
          this.calls.push(`put ${path}`);
          this.files.set(path, { text, mode });
        },
        touch: async (path) => {
          if (!this.files.has(path)) throw new Error('ENOENT');
          this.calls.push(`touch ${path}`);
        },
        remove: async (path) => {
          this.files.delete(path);
        },
      },
    });
  }

  async tick(): Promise<readonly string[]> {
    this.calls.length = 0;
    this.clock.advance(PACE);
    await settled();
    return this.calls;
  }
}

test('the pages are for the daemon and its group; the serial is for everybody, and stays', async () => {
  const bench = new Bench();
  await bench.console.start();
  const modes = [...bench.files].map(([path, { mode }]) => [path, mode.toString(8)]);
  assert.deepEqual(modes, [
    ['/run/bartizan/status-page', '640'],
    ['/run/bartizan/status-page.ascii', '640'],
    ['/run/bartizan/claim-qr.ascii', '640'],
    ['/run/bartizan/serial', '644'],
  ]);
  await bench.console.stop();
  assert.deepEqual([...bench.files.keys()], ['/run/bartizan/serial']);
});

test('a page that says the same is said to be true still; one that is gone is written again', async () => {
  const bench = new Bench();
  await bench.console.start();
  assert.deepEqual(await bench.tick(), [
    'touch /run/bartizan/status-page',
    'touch /run/bartizan/status-page.ascii',
    'touch /run/bartizan/claim-qr.ascii',
  ]);
  bench.files.delete('/run/bartizan/status-page');
  assert.equal((await bench.tick())[0], 'put /run/bartizan/status-page');
  await bench.console.stop();
});

test('once it is claimed no file has the code any more', async () => {
  const bench = new Bench();
  await bench.console.start();
  bench.facts = { ...FACTS, claim: { state: 'claimed' } };
  await bench.tick();
  const all = [...bench.files.values()].map(({ text }) => text).join('');
  assert.doesNotMatch(all, /0A1B2/);
  assert.equal(bench.files.has('/run/bartizan/claim-qr.ascii'), false);
  await bench.console.stop();
});

test('a folder that takes no writes is said, until it does', async () => {
  const bench = new Bench();
  bench.refuses = 'ENOSPC: no space left on device';
  await bench.console.start();
  assert.equal(bench.console.component()?.state, 'degraded');
  assert.match(bench.console.component()?.message ?? '', /ENOSPC/);
  bench.refuses = undefined;
  await bench.tick();
  assert.equal(bench.console.component(), undefined);
  await bench.console.stop();
});

test('where nobody made a folder nothing is written, and nothing waits', async () => {
  const clock = new SimulatedClock();
  const refuse = async () => assert.fail('nothing is to be written');
  const files = { put: refuse, touch: refuse, remove: refuse };
  const console = new StatusConsole({ clock, log: () => {}, files, facts: () => FACTS });
  await console.start();
  await console.stop();
  assert.equal(console.component(), undefined);
});
