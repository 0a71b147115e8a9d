import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT } from './root.ts';

/** A root directory with what the scripts for the field look at, and tools of its own ahead of the machine's. */
export class FieldSite implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), 'bartizan-field-'));
  readonly state = '/var/lib/bartizan';
  readonly #tools = join(this.root, 'tools');

  constructor() {
    for (const folder of ['var/lib/bartizan', 'run', 'etc', 'proc', 'tools'])
      mkdirSync(join(this.root, folder), { recursive: true });
    this.tool('setpriv', 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"');
  }

  /** A program of this name, as sh; `$root` is this site. */
  tool(name: string, script: string, folder = this.#tools): void {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, name), `#!/bin/sh\nroot='${this.root}'\n${script}\n`);
    chmodSync(join(folder, name), 0o755);
  }

  /** What stands for `node dist/bundle/main.js`: the product, or what a test says it does. */
  program(
    script = `shift 2; exec '${process.execPath}' ${process.execArgv.join(' ')} '${join(ROOT, 'dist/bundle/main.js')}' "$@"`,
  ): void {
    this.tool('node', script, join(this.root, 'usr/lib/bartizan'));
  }

  path(path: string): string {
    return join(this.root, path);
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(this.path(path)), { recursive: true });
    writeFileSync(this.path(path), text);
  }

  read(path: string): string {
    return readFileSync(this.path(path), 'utf8');
  }

  has(path: string): boolean {
    return existsSync(this.path(path));
  }

  get env(): NodeJS.ProcessEnv {
    return { ...process.env, PATH: `${this.#tools}:/usr/sbin:/usr/bin:/sbin:/bin`, TERM: 'vt220' };
  }

  run(script: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    return spawnSync('sh', [join(ROOT, 'systemd', script), ...args], {
      encoding: 'utf8',
      env: { ...this.env, ...env },
    });
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** The console's script on a terminal of its own. */
export class ConsoleAtTty implements AsyncDisposable {
  readonly #child;
  #seen = '';

  constructor(site: FieldSite) {
    const command = `stty rows 24 cols 80; exec sh '${join(ROOT, 'systemd/console')}' '${site.root}'`;
    this.#child = spawn('script', ['-qfec', command, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: site.env,
    });
    this.#child.stdout.setEncoding('latin1').on('data', (text: string) => {
      this.#seen += text;
    });
  }

  /** All that went to the terminal since it was asked last. */
  taken(): string {
    const seen = Buffer.from(this.#seen, 'latin1').toString('utf8');
    this.#seen = '';
    return seen;
  }

  get seen(): string {
    return Buffer.from(this.#seen, 'latin1').toString('utf8');
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  type(keys: string | Uint8Array): void {
    this.#child.stdin.write(keys);
  }

  /** Programs that run on the terminal, by their command lines. */
  processes(): readonly string[] {
    const pids = execFileSync('pgrep', ['-P', String(this.#child.pid)], { encoding: 'utf8' })
      .trim()
      .split('\n');
    return pids.map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.isRunning) return;
    const gone = new Promise((done) => this.#child.once('exit', done));
    this.#child.kill('SIGKILL');
    await gone;
  }
}
