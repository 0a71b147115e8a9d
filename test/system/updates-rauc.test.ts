import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { RaucSlots, type Run } from '../../actors/updater/index.ts';
import type { BundleSource } from '../../core/image/source.ts';
import { noBoot } from '../support/booted/machine.ts';
import { noRauc, RaucMachine, STICK } from '../support/updates/rauc-machine.ts';
import { type BundleName, type SlotsGround, slotsSuite } from '../support/updates/slots-suite.ts';

/** Programs of the machine, as its root. */
const runIn =
  ({ machine }: RaucMachine): Run =>
  (program, args, { onLine }) =>
    machine.run(program, ...args).then(
      (out) => {
        for (const line of out.split('\n')) onLine?.(line);
        return { kind: 'ended', code: 0, out, err: '' };
      },
      (failed: { readonly code?: number; readonly stdout?: string; readonly stderr?: string }) => ({
        kind: 'ended',
        code: failed.code ?? 1,
        out: failed.stdout ?? '',
        err: failed.stderr ?? '',
      }),
    );

/** Whose `rauc install` is killed a moment after it was started. */
const runCutOff =
  (site: RaucMachine): Run =>
  async (program, args) => {
    await site.machine.run('timeout', '--signal=KILL', '0.3', program, ...args).catch(() => undefined);
    return { kind: 'killed', signal: 'SIGKILL' };
  };

async function ground(): Promise<SlotsGround> {
  const site = new RaucMachine({ 'bartizan.service': '[Unit]\nConditionPathExists=/nothing\n' });
  const inLab = (name: string): string => join(site.lab, `${name}.raucb`);
  site.bundle('good.raucb');
  site.bundle('foreign.raucb', { signedBy: 'other' });
  site.bundle('compat.raucb', { compatible: 'other-machine' });
  const good = readFileSync(inLab('good'));
  writeFileSync(inLab('cut'), good.subarray(0, 300_000));
  writeFileSync(inLab('noise'), good.subarray(100_000, 101_000));
  copyFileSync(inLab('good'), inLab('damaged'));
  const damaged = Buffer.from(good);
  damaged.write('damage', 500_000);
  writeFileSync(inLab('damaged'), damaged);
  await site.boot();
  await site.machine.run('rauc', 'status', 'mark-good');
  const source = (name: BundleName): BundleSource =>
    name === 'unserved'
      ? { kind: 'url', url: 'http://127.0.0.1:1/x.raucb', host: '127.0.0.1' }
      : { kind: 'file', path: `${STICK}/${name}.raucb` };
  return {
    slots: new RaucSlots(runIn(site)),
    source,
    cutOff: () => new RaucSlots(runCutOff(site)),
    lacks: { large: 'a plain file grows with what is written' },
    [Symbol.asyncDispose]: () => site[Symbol.asyncDispose](),
  };
}

const why = noBoot() || noRauc();
if (why === false) slotsSuite('RAUC', ground);
else test('RAUC', { skip: why }, () => undefined);
