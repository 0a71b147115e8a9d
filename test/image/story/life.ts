import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../support/free-port.ts';
import type { MachineSpec } from '../machine/arguments.ts';
import { LOOKING_INSIDE, READY_MARK } from '../machine/credentials.ts';
import { Disk, MIB } from '../machine/disk.ts';
import { freshVariables, Machine } from '../machine/machine.ts';
import type { Volume } from '../media/volume.ts';
import { Cable } from '../network/cable.ts';
import { GuestApi } from './guest-api.ts';
import type { Site } from './site.ts';

/** Larger than the image, as every real disk is. */
const DISK_BYTES = 4096 * MIB;
/** A machine that is not ready by then will not be. */
export const BOOT_MS = 480_000;

/** A guest from its first boot on: its disk, its network, and what a test knows of it. */
export class Life implements AsyncDisposable {
  readonly name: string;
  readonly site: Site;
  /** Serial lines and pictures; kept. */
  readonly logs: string;
  /** Disks and sticks; gone at the end. */
  readonly work: string;
  readonly disk: Disk;
  readonly machine: Machine;
  readonly cable: Cable;
  readonly api: GuestApi;
  /** A stick that more than one scenario puts in. */
  stick: Volume | undefined;
  /** From power on to READY, and MB used then. */
  firstBoot: { readonly seconds: number; readonly memory: number } | undefined;
  #mark = 0;

  private constructor(name: string, site: Site, disk: Disk, apiPort: number, cable: Cable) {
    this.name = name;
    this.site = site;
    this.logs = join(site.folder, name);
    this.work = join(site.folder, name, 'work');
    this.disk = disk;
    this.cable = cable;
    this.api = new GuestApi(apiPort);
    const spec: MachineSpec = {
      disk: disk.file,
      variables: join(this.work, 'variables.qcow2'),
      apiPort,
      tap: cable.tap,
      credentials: LOOKING_INSIDE,
    };
    this.machine = new Machine(spec, this.logs);
  }

  static async begin(name: string, site: Site): Promise<Life> {
    const logs = join(site.folder, name);
    rmSync(logs, { recursive: true, force: true });
    mkdirSync(join(logs, 'work'), { recursive: true });
    const disk = await Disk.over(site.image, join(logs, 'work', 'disk.qcow2'), DISK_BYTES);
    await freshVariables(join(logs, 'work', 'variables.qcow2'));
    return new Life(name, site, disk, await freePort(), new Cable());
  }

  /** Gives power; returns while the firmware runs. */
  async powerOn(change: Partial<MachineSpec> = {}): Promise<void> {
    await this.machine.start(change);
    this.cable.plug();
    this.#mark = 0;
  }

  async cutPower(): Promise<void> {
    await this.machine.cutPower();
    this.cable.unplug();
  }

  /** By the power button; then the disk can be looked at from outside. */
  async powerOff(): Promise<void> {
    await this.machine.powerOff();
    this.cable.unplug();
  }

  /** Waits until the guest has switched itself off. */
  async off(withinMs: number): Promise<void> {
    await this.machine.off(withinMs);
    this.cable.unplug();
  }

  /** From here on the next readiness counts: before a reboot is caused. */
  turnPage(): void {
    this.#mark = this.machine.shellLine.mark;
  }

  /** Waits until systemd has heard that the daemon is ready, and the API answers. @returns seconds since the kernel began */
  async ready(withinMs: number = BOOT_MS): Promise<number> {
    const pattern = new RegExp(`${READY_MARK} ([\\d.]+) s`);
    const [, uptime] = await this.machine.shellLine.expect(pattern, withinMs, this.#mark);
    this.turnPage();
    await this.machine.shell.open(60_000);
    await this.api.answers(60_000);
    return Number(uptime);
  }

  /** @throws Error when the command ends badly in the guest */
  inside(command: string, withinMs?: number): Promise<string> {
    return this.machine.shell.run(command, withinMs);
  }

  /** Properties of a unit of the guest's, as `systemctl show` names them. */
  async show(unit: string, ...names: readonly string[]): Promise<Readonly<Record<string, string>>> {
    const text = await this.inside(`systemctl show ${unit} ${names.map((name) => `--property=${name}`).join(' ')}`);
    return Object.fromEntries(text.split('\n').map((line) => line.split(/=(.*)/s, 2) as [string, string]));
  }

  /** A path for a file of this life's own. */
  file(name: string): string {
    return join(this.work, name);
  }

  /** What a failure leaves behind: a picture of the screen, beside the serial lines and the guest's journal. @returns the folder */
  async keepEvidence(scenario: string): Promise<string> {
    if (this.machine.isRunning) {
      await this.machine.screenshot(`failed-${scenario}`).catch(() => {});
      const looks =
        "journalctl -b --no-pager -p 5 -n 60; journalctl -b --no-pager -u 'bartizan*' -u 'rauc*' -n 80; systemctl --failed --no-pager; rauc status";
      await this.machine.shell.ask(looks, 20_000).catch(() => {});
    }
    return this.logs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.machine[Symbol.asyncDispose]();
    await this.cable[Symbol.asyncDispose]();
    rmSync(this.work, { recursive: true, force: true });
  }
}
