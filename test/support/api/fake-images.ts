import type { ImageStatus, Images, InstallOrder, InstallRefusal, UpdateStand } from '../../../core/api/image.ts';
import { NO_APPLIANCE } from '../../../core/api/image.ts';
import { fail, ok } from '../../../core/base/result.ts';
import { millis, seconds } from '../../../core/base/time.ts';
import { START } from './fake-appliance.ts';

export const SERIAL = '4K7Q-M2XW-9T9';

export const IMAGE: ImageStatus = {
  version: '1.0.0',
  isLab: true,
  slot: 'A',
  slots: [
    { name: 'A', isBooted: true, isFirst: false, state: 'good', version: '1.0.0', installedAt: '2026-01-01T00:00:00Z' },
    { name: 'B', isBooted: false, isFirst: true, state: 'good', version: '1.1.0' },
  ],
  trouble: 'RAUC does not answer',
  update: { phase: 'installed', version: '1.1.0', source: 'sda1/x.raucb', slot: 'B', since: START },
  health: {
    verdict: 'bad',
    bad: ['store'],
    reasons: ['store is failed'],
    steady: { readings: 0, lasted: millis(0) },
    needs: { readings: 5, window: seconds(60), within: seconds(600) },
  },
  confirmation: { slot: 'A', state: 'unhealthy', why: 'bad: store' },
  counters: { order: ['B', 'A'], tries: { A: 0, B: 2 }, bootable: ['A', 'B'] },
  failedVersions: [{ version: '1.0.9', at: START, why: 'slot B was booted and did not hold' }],
  last: { version: '1.0.9', result: 'fell_back', at: START, why: 'slot B was booted and did not hold' },
  media: [{ path: '/run/bartizan-usb/sda1/x.raucb', bytes: 131_000_000 }],
};

/** An appliance that takes every bundle, unless it is to refuse; or no appliance at all. */
export class FakeImages implements Images {
  isAppliance = true;
  refusal: InstallRefusal | undefined;
  readonly asked: string[] = [];
  orders: readonly InstallOrder[] = [];

  async status() {
    return this.isAppliance ? IMAGE : undefined;
  }

  async install(order: InstallOrder): ReturnType<Images['install']> {
    if (!this.isAppliance) return fail('no_appliance', NO_APPLIANCE);
    if (this.refusal !== undefined) return fail(this.refusal, `refused: ${this.refusal}`);
    this.orders = [...this.orders, order];
    return ok({ phase: 'installing', version: '1.1.0', source: order.source, slot: 'B', percent: 0, since: START });
  }

  async reboot(): ReturnType<Images['reboot']> {
    if (!this.isAppliance) return fail('no_appliance', NO_APPLIANCE);
    this.asked.push('reboot');
    return ok(undefined);
  }

  async factoryReset(confirm: string): ReturnType<Images['factoryReset']> {
    if (!this.isAppliance) return fail('no_appliance', NO_APPLIANCE);
    if (confirm !== SERIAL) return fail('wrong_serial', 'confirm must be the serial of this device');
    this.asked.push('factory-reset');
    return ok(undefined);
  }

  stand(): UpdateStand {
    return IMAGE.update;
  }

  onProgress(_: (stand: UpdateStand) => void) {
    return () => undefined;
  }
}
