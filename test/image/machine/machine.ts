import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FIRMWARE_VARIABLES, type MachinePaths, type MachineSpec, qemuArguments } from './arguments.ts';
import { SerialLine } from './line.ts';
import { Qmp } from './qmp.ts';
import { Shell } from './shell.ts';

const run = promisify(execFile);

interface Running {
  readonly qemu: ChildProcess;
  readonly console: SerialLine;
  readonly shellLine: SerialLine;
  readonly qmp: Qmp;
}

/** A guest in qemu. May be started again after it was switched off or its power was cut. */
export class Machine implements AsyncDisposable {
  readonly #spec: MachineSpec;
  /** Short, because the path of a socket may have 107 bytes at most. */
  readonly #sockets = mkdtempSync(join(tmpdir(), 'bz-vm-'));
  readonly #paths: MachinePaths;
  readonly #logs: string;
  #running: Running | undefined;
  #startedAt = 0;
  #trouble = '';

  /** @param logs folder for what comes over the serial lines, and pictures */
  constructor(spec: MachineSpec, logs: string) {
    this.#spec = spec;
    this.#logs = logs;
    mkdirSync(logs, { recursive: true });
    this.#paths = {
      console: join(this.#sockets, 'console'),
      consoleLog: join(logs, 'console.log'),
      shell: join(this.#sockets, 'shell'),
      shellLog: join(logs, 'shell.log'),
      qmp: join(this.#sockets, 'qmp'),
    };
  }

  get spec(): MachineSpec {
    return this.#spec;
  }

  /** The first serial line, of this start. */
  get console(): SerialLine {
    return this.#up().console;
  }

  /** The second one. */
  get shellLine(): SerialLine {
    return this.#up().shellLine;
  }

  get shell(): Shell {
    return new Shell(this.#up().shellLine);
  }

  get isRunning(): boolean {
    return this.#running !== undefined && !hasEnded(this.#running.qemu);
  }

  /** Since power was given. */
  get seconds(): number {
    return (performance.now() - this.#startedAt) / 1000;
  }

  /** @param change what is different from what it was made with: sticks, credentials, the snapshot to go on from */
  async start(change: Partial<MachineSpec> = {}): Promise<void> {
    if (this.isRunning) throw new Error('it runs already');
    for (const path of [this.#paths.console, this.#paths.shell, this.#paths.qmp]) rmSync(path, { force: true });
    // A test that dies takes its guest along.
    const command = ['--pdeathsig', 'KILL', 'qemu-system-x86_64'];
    const args = qemuArguments({ ...this.#spec, ...change }, this.#paths);
    const qemu = spawn('setpriv', [...command, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#trouble = '';
    qemu.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#trouble += text;
    });
    this.#startedAt = performance.now();
    const opened = Promise.all([
      SerialLine.open(this.#paths.console),
      SerialLine.open(this.#paths.shell),
      Qmp.open(this.#paths.qmp),
    ]);
    const ended = once(qemu, 'exit').then(() => {
      throw new Error(`qemu ended: ${this.#trouble}`);
    });
    ended.catch(() => {});
    try {
      const [console, shellLine, qmp] = await Promise.race([opened, ended]);
      this.#running = { qemu, console, shellLine, qmp };
    } catch (cause) {
      qemu.kill('SIGKILL');
      throw new Error(`the guest does not start: ${this.#trouble}`, { cause });
    }
  }

  /** All that runs is gone at once; what the guest had flushed is on the disk. */
  async cutPower(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (running === undefined) return;
    const gone = hasEnded(running.qemu) ? undefined : once(running.qemu, 'exit');
    running.qemu.kill('SIGKILL');
    await gone;
    for (const part of [running.console, running.shellLine, running.qmp]) part.close();
  }

  /** Presses the power button and waits until the guest is off. */
  async powerOff(withinMs = 180_000): Promise<void> {
    const { qmp } = this.#up();
    await qmp.ask('system_powerdown');
    await this.off(withinMs);
  }

  /** Waits until the guest has switched itself off. */
  async off(withinMs: number): Promise<void> {
    const { qemu } = this.#up();
    if (!hasEnded(qemu)) await once(qemu, 'exit', { signal: AbortSignal.timeout(withinMs) });
    await this.cutPower();
  }

  /** The reset button. */
  async reset(): Promise<void> {
    await this.#up().qmp.ask('system_reset');
  }

  /** A reboot of the guest's switches it off from now on, so that it can be started with something else in it. */
  async haltOnReboot(): Promise<void> {
    await this.#up().qmp.ask('set-action', { reboot: 'shutdown' });
  }

  async resumeReboots(): Promise<void> {
    await this.#up().qmp.ask('set-action', { reboot: 'reset' });
  }

  /** Keeps memory, devices and disk under a name, in the disk's file. Sticks must not be in. */
  saveSnapshot(name: string): Promise<void> {
    return this.#up().qmp.order(`savevm ${name}`);
  }

  /** Goes back to a snapshot in the midst of running. */
  loadSnapshot(name: string): Promise<void> {
    return this.#up().qmp.order(`loadvm ${name}`);
  }

  /** @param file raw; @param id of its own */
  async plugIn(id: string, file: string): Promise<void> {
    const { qmp } = this.#up();
    await qmp.ask('blockdev-add', { driver: 'raw', 'node-name': id, file: { driver: 'file', filename: file } });
    await qmp.ask('device_add', { driver: 'usb-storage', bus: 'usb.0', id, drive: id, removable: true });
  }

  async pullOut(id: string): Promise<void> {
    const { qmp } = this.#up();
    await qmp.ask('device_del', { id });
    // The node stays in use for the moment that the device takes to go.
    for (let attempt = 0; ; attempt++) {
      try {
        await qmp.ask('blockdev-del', { 'node-name': id });
        return;
      } catch (cause) {
        if (attempt === 50) throw cause;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  /** Presses keys of the keyboard, in qemu's words: `a`, `ret`, `down`. */
  async press(...keys: readonly string[]): Promise<void> {
    for (const key of keys)
      await this.#up().qmp.ask('send-key', { keys: [{ type: 'qcode', data: key }], 'hold-time': 60 });
  }

  /** What the screen shows, as a PNG in the folder of the logs. */
  async screenshot(name: string): Promise<string> {
    const filename = join(this.#logs, `${name}.png`);
    await this.#up().qmp.ask('screendump', { filename, format: 'png' });
    return filename;
  }

  #up(): Running {
    if (this.#running === undefined) throw new Error('the guest is off');
    return this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cutPower();
    rmSync(this.#sockets, { recursive: true, force: true });
  }
}

/** Empty variables of the firmware, in a form that can be part of a snapshot. */
export async function freshVariables(file: string): Promise<void> {
  await run('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', FIRMWARE_VARIABLES, file]);
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;
