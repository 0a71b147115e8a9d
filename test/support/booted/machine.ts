import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../root.ts';
import { waitFor } from '../wait-for.ts';

const run = promisify(execFile);
const BOOT = join(ROOT, 'test/support/booted/boot');
/** How long the kernel may take to end all that ran inside. */
const GONE_MS = 60_000;

/** Why no machine can be booted here, if so. */
export function noBoot(): string | false {
  if (process.getuid?.() !== 0) return 'needs root to boot a machine in namespaces';
  return existsSync('/lib/systemd/systemd') ? false : 'systemd is not installed';
}

/** Drop-ins: unit, and what is added to it. */
export type DropIns = Readonly<Record<string, string>>;

/**
 * A machine in namespaces whose PID 1 is Debian's systemd: this machine's root with Bartizan installed as a service on it,
 * or a root that is given, with what is in it.
 */
export class BootedMachine implements AsyncDisposable {
  /** Its /var/lib/bartizan; of a given root it is not. */
  readonly state: string;
  readonly #folder: string;
  readonly #root: string | undefined;
  #child: ChildProcess | undefined;
  #pid = 0;

  /**
   * @param what `appliance`: it is one, and its network is systemd's; or the root's directory, which stays as it is:
   *   drop-ins are not for it
   */
  constructor(dropIns: DropIns = {}, what: string = 'host') {
    this.#root = what.startsWith('/') ? what : undefined;
    this.#folder = mkdtempSync(join(tmpdir(), 'bartizan-booted-'));
    this.state = join(this.#folder, 'state');
    mkdirSync(this.state, { mode: 0o700 });
    for (const [unit, text] of Object.entries(dropIns)) {
      mkdirSync(join(this.#folder, 'units', `${unit}.d`), { recursive: true });
      writeFileSync(join(this.#folder, 'units', `${unit}.d`, 'test.conf'), text);
    }
    mkdirSync(join(this.#folder, 'units'), { recursive: true });
    writeFileSync(join(this.#folder, 'console'), '');
    if (what === 'appliance') writeFileSync(join(this.#folder, 'appliance'), '');
  }

  /** What PID 1 and the boot have said. */
  get console(): string {
    return readFileSync(join(this.#folder, 'console'), 'utf8');
  }

  /** Resolves when PID 1 answers; its services may still be starting. */
  async boot(): Promise<void> {
    const spaces = ['--pid', '--cgroup', '--mount', '--net', '--uts', '--ipc', '--fork', '--kill-child'];
    const child = spawn(
      'unshare',
      [...spaces, 'sh', BOOT, ROOT, process.execPath, this.#folder, ...(this.#root === undefined ? [] : [this.#root])],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    let trouble = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      trouble += text;
    });
    this.#child = child;
    await waitFor('systemd to answer', () => this.#isUp(child), { withinMs: 60_000 }).catch((cause: unknown) => {
      throw new Error(`${String(cause)}\n${trouble}\n${this.console}`, { cause });
    });
  }

  /** Where a file of it is found from here, below /run and /tmp, too. */
  at(path: string): string {
    return `/proc/${this.#pid}/root${path}`;
  }

  /** Of PID 1, as this machine counts. */
  get pid(): number {
    return this.#pid;
  }

  async #isUp(child: ChildProcess): Promise<true | undefined> {
    if (child.exitCode !== null) return undefined;
    const { stdout } = await run('pgrep', ['-P', String(child.pid)]);
    this.#pid = Number(stdout.trim());
    const { stdout: state } = await this.#inside('systemctl', 'is-system-running').catch(
      (refused: { stdout: string }) => refused,
    );
    return /running|degraded|starting/.test(state) ? true : undefined;
  }

  /** Runs a program inside to its end; rejects when it fails. */
  async run(program: string, ...args: readonly string[]): Promise<string> {
    return (await this.#inside(program, ...args)).stdout;
  }

  /** What is inside outlives the nsenter that is killed, and keeps its pipes: the timeout within comes first. */
  #inside(program: string, ...args: readonly string[]) {
    const spaces = ['--all', '--target', String(this.#pid), '--root', '--wd'];
    const bounded = ['timeout', '--kill-after', '5', '170', program, ...args];
    // An nsenter stops itself when what it runs is stopped, as systemd's shutdown does it: then nothing less ends it.
    const ended = { timeout: 180_000, killSignal: 'SIGKILL' } as const;
    return run('nsenter', [...spaces, ...bounded], { ...ended, maxBuffer: 64 * 1024 * 1024 });
  }

  /** Properties of a unit, as `systemctl show` names them. */
  async show(unit: string, ...names: readonly string[]): Promise<Readonly<Record<string, string>>> {
    const text = await this.run('systemctl', 'show', unit, ...names.map((name) => `--property=${name}`));
    return Object.fromEntries(
      text
        .trim()
        .split('\n')
        .map((line) => line.split(/=(.*)/s, 2) as [string, string]),
    );
  }

  /** Resolves when the unit is active; rejects with what the journal of the machine has on it. */
  async active(unit: string, withinMs = 60_000): Promise<void> {
    const isActive = async () =>
      (await this.show(unit, 'ActiveState'))['ActiveState'] === 'active' ? true : undefined;
    await waitFor(`${unit} to be active`, isActive, { withinMs }).catch(async (cause: unknown) => {
      throw new Error(`${String(cause)}\n${await this.journal(unit)}\n${this.console}`, { cause });
    });
  }

  /** The last lines that the journal inside has of a unit. */
  journal(unit: string): Promise<string> {
    return this.run('journalctl', '--no-pager', '--unit', unit, '--lines', '50');
  }

  /** Resolves when it has gone down by itself. Nothing may be run inside meanwhile. */
  async down(withinMs = 60_000): Promise<void> {
    const child = this.#child;
    const isDown = () =>
      child === undefined || child.exitCode !== null || child.signalCode !== null ? true : undefined;
    await waitFor('the machine to go down', isDown, { withinMs });
  }

  /** Takes the power away: everything in it is killed at once. */
  async cutPower(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit', { signal: AbortSignal.timeout(GONE_MS) });
    try {
      process.kill(this.#pid, 'SIGKILL');
    } catch (thrown) {
      // It went down by itself a moment ago.
      if ((thrown as NodeJS.ErrnoException).code !== 'ESRCH') throw thrown;
    }
    await gone.catch(async (cause: unknown) => {
      const { stdout } = await run('ps', ['-eo', 'pid,ppid,stat,wchan:40,args']);
      const stuck = stdout.split('\n').filter((line) => /^ *\d+ +\d+ [DZ]/.test(line));
      throw new Error(`killed, and not gone after ${GONE_MS} ms; what hangs:\n${stuck.join('\n')}`, { cause });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cutPower();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Where the state directory is inside. */
export const INSIDE = '/var/lib/bartizan';
