import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOOT_FILE, DiskReport } from '../../../../actors/updater/disk-report.ts';
import { settled } from '../../../support/settled.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

/** A machine whose `/run` holds these, and a daemon that is started on it again and again. */
class Site {
  readonly held = new Map<string, string>();
  readonly told: string[] = [];
  refuses = false;
  bootId = 'boot-1';

  async start(toldPath: string | undefined = '/run/bartizan/disk-told'): Promise<DiskReport> {
    const disk = new DiskReport({
      clock: new SimulatedClock(),
      log: () => {},
      files: {
        read: async (path) => this.held.get(path),
        put: async (path, text) => void this.held.set(path, text),
      },
      bootId: this.bootId,
      toldPath,
      tell: async ({ check }) => {
        if (this.refuses) throw new Error('the store is full');
        this.told.push(check);
      },
    });
    await disk.start();
    await settled();
    return disk;
  }

  finds(ident: string, data: string): void {
    this.held.set(BOOT_FILE, `slot=A\ndisk=sda\nident=${ident}\ndata=${data}\n`);
  }
}

test('a repaired partition is told once a boot, and shown by every daemon of that boot', async () => {
  const site = new Site();
  site.finds('clean', 'repaired');
  for (let daemon = 0; daemon < 2; daemon++) {
    const shown = (await site.start()).component();
    assert.deepEqual([shown?.state, shown?.detail], ['degraded', 'ident clean, data repaired']);
    assert.match(shown?.message ?? '', /data .* was repaired at this start; files may be lost: \/data\/\.repaired/);
  }
  assert.deepEqual(site.told, ['data_repaired']);
  site.bootId = 'boot-2';
  site.finds('clean', 'clean');
  assert.equal((await site.start()).component()?.state, 'ok');
  assert.deepEqual(site.told, ['data_repaired']);
});

test('a factory reset is told, and the disk is well', async () => {
  const site = new Site();
  site.finds('clean', 'reset');
  const shown = (await site.start()).component();
  assert.deepEqual([shown?.state, shown?.detail, site.told], ['ok', 'ident clean, data reset', ['data_reset']]);
});

test('what could not be recorded is told by the next daemon', async () => {
  const site = new Site();
  site.finds('repaired', 'clean');
  site.refuses = true;
  await site.start();
  site.refuses = false;
  await site.start();
  assert.deepEqual(site.told, ['ident_repaired']);
});

test('where no initramfs of ours was there is nothing to show', async () => {
  const site = new Site();
  assert.equal((await site.start()).component(), undefined);
  assert.deepEqual(site.told, []);
});
