import { FAKE_COMPATIBLE, FakeSlots } from '../../../actors/updater/fake-slots.ts';
import { HealthReports } from '../../../actors/updater/health-reports.ts';
import { UpdateBook } from '../../../actors/updater/memory.ts';
import type { UpdaterFiles } from '../../../actors/updater/port.ts';
import { type ApplianceHere, OUTCOME_FILE, Updater } from '../../../actors/updater/updater.ts';
import type { AuditRecord } from '../../../core/api/audit.ts';
import type { Component, ComponentState } from '../../../core/base/component.ts';
import type { Log } from '../../../core/base/ports.ts';
import { fail, ok } from '../../../core/base/result.ts';
import { millis, seconds } from '../../../core/base/time.ts';
import { serialOf } from '../../../core/field/serial.ts';
import { factsOf } from '../../../core/image/health.ts';
import type { BundleFacts, SlotName } from '../../../core/image/slots.ts';
import { settled } from '../settled.ts';
import { SimulatedClock } from '../simulated-clock.ts';

const BOOK = '/state/updates.json';
const HEALTH = '/run/bartizan/health';
export const SERIAL = serialOf(new Uint8Array(32).fill(7));

/** Files in memory; those below /run are gone with a boot. */
class SiteFiles implements UpdaterFiles {
  readonly held = new Map<string, string>();
  isFull = false;

  async read(path: string) {
    return this.held.get(path);
  }
  async write(path: string, text: string) {
    if (this.isFull) throw new Error('ENOSPC: no space left on device');
    this.held.set(path, text);
  }
  async put(path: string, text: string) {
    await this.write(path, text);
  }
  async bundles() {
    return [{ path: '/run/bartizan-usb/sda1/good.raucb', bytes: 7 }];
  }
}

/** An appliance with slots of the fake, which can be booted again and again. */
export class UpdaterSite {
  readonly clock = new SimulatedClock();
  readonly files = new SiteFiles();
  readonly slots = new FakeSlots('A', '1.0.0');
  readonly asked: string[] = [];
  readonly alarms: string[] = [];
  readonly audits: AuditRecord[] = [];
  readonly logged: string[] = [];
  /** What stood beside each line of the log. */
  readonly about: string[] = [];
  states: Readonly<Record<string, ComponentState>> = { store: 'ok', mqtt: 'waiting' };
  isAppliance = true;
  /** Root does nothing of what it is asked for. */
  refusesToMark = false;
  refusedHost: string | undefined;
  #boots = 0;
  #here: ApplianceHere = this.#at('A', '1.0.0');
  updater = this.#life().updater;
  health = this.#life().health;

  constructor() {
    this.bundle('good', '1.1.0');
    this.#live();
  }

  /** A bundle on the stick `sda1`. */
  bundle(name: string, version: string, compatible = FAKE_COMPATIBLE, swapped?: BundleFacts): void {
    const facts = { version, compatible, sums: { rootfs: 'a'.repeat(64) } };
    this.slots.bundles.set(`/run/bartizan-usb/sda1/${name}.raucb`, { facts, ...(swapped && { swapped }) });
  }

  install(name = 'good', allow: { readonly older?: boolean; readonly failed?: boolean } = {}) {
    const { older = false, failed = false } = allow;
    return this.updater.install({ source: `sda1/${name}.raucb`, allow: { older, failed }, actor: 'operator' });
  }

  /** The daemon is started anew in the same boot. */
  async restart(): Promise<void> {
    await this.updater.stop();
    await this.health.stop();
    this.#live();
    await this.updater.start();
    await this.health.start();
    await settled();
  }

  /** Another boot, of this slot with this version. */
  async boot(slot: SlotName, version: string, state: 'good' | 'bad' = 'bad'): Promise<void> {
    this.#boots++;
    for (const path of [...this.files.held.keys()]) if (path.startsWith('/run/')) this.files.held.delete(path);
    this.slots.boot(slot, state);
    this.#here = this.#at(slot, version);
    await this.restart();
  }

  /** What `systemd/confirm` says. */
  confirms(state: 'waiting' | 'confirmed' | 'unhealthy', why = '', more = ''): void {
    this.files.held.set(
      OUTCOME_FILE,
      `slot=A\nstate=${state}\nwhy=${why}\nat=1\norder=A B\ntries=A:1,B:0\nbootable=A\n${more}`,
    );
  }

  healthFile(): Readonly<Record<string, string>> {
    const lines = (this.files.held.get(HEALTH) ?? '').split('\n').filter(Boolean);
    return Object.fromEntries(lines.map((line) => line.split(/=(.*)/s, 2) as [string, string]));
  }

  components(): readonly Component[] {
    return Object.entries(this.states).map(([name, state]) => ({ name, state, since: millis(0), counters: {} }));
  }

  #at(slot: SlotName, version: string): ApplianceHere {
    const release = { imageId: 'bartizan', version, isLab: true } as const;
    return { release, boot: { slot }, bootId: `boot-${this.#boots}`, serial: SERIAL };
  }

  #live(): void {
    ({ updater: this.updater, health: this.health } = this.#life());
  }

  #life(): { readonly updater: Updater; readonly health: HealthReports } {
    const { clock, files } = this;
    const log: Log = (_level, message, about): void => {
      this.logged.push(message);
      if (about !== undefined) this.about.push(JSON.stringify(about));
    };
    const health = new HealthReports({
      clock,
      files,
      log,
      pid: 7,
      path: HEALTH,
      bootClock: { bootId: this.#here.bootId, now: () => clock.now() },
      components: () => this.components(),
      needs: () => ({ readings: 3, window: seconds(10), within: seconds(60) }),
    });
    const updater = new Updater({
      clock,
      log,
      files,
      health,
      slots: this.slots,
      book: new UpdateBook(files, BOOK, log),
      here: this.isAppliance ? this.#here : undefined,
      facts: () => factsOf(this.components()),
      refusedHost: async () => this.refusedHost,
      ask: async (verb) => {
        this.asked.push(verb);
        if (verb === 'refuse-slot' && !this.refusesToMark) this.slots.markOtherBad();
        return this.refusesToMark ? fail('silent', 'nobody does it') : ok(undefined);
      },
      audit: async (record) => void this.audits.push(record),
      alarm: (what, message) => void this.alarms.push(`${what}: ${message}`),
    });
    return { updater, health };
  }
}
