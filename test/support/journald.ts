import { type ChildProcess, type ChildProcessByStdio, execFile, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { waitFor } from './wait-for.ts';

const JOURNALD = '/lib/systemd/systemd-journald';
const REMOTE = '/lib/systemd/systemd-journal-remote';

/** Why tests with a journald of their own cannot run here; false when they can. */
export function noJournald(): string | false {
  if (process.getuid?.() !== 0) return 'needs root to give journald a mount namespace';
  return existsSync(JOURNALD) && existsSync('/etc/machine-id') ? false : 'needs systemd-journald (package systemd)';
}

export const noJournalRemote: string | false = existsSync(REMOTE)
  ? false
  : 'needs systemd-journal-remote, which makes journal files';

/**
 * A real systemd-journald, not of this machine: in mount, process and network namespaces of its own, with its own /run, /dev/log
 * and journal directories. Dispose of it and all in it is ended.
 */
export class Journald {
  readonly directory: string;
  /** Of its first process, as this side sees it. */
  readonly pid: number;
  readonly #outer: ChildProcess;
  /** Control groups we made, the innermost first. */
  readonly #groups: string[] = [];

  /**
   * @param persistent flushed to /var from the beginning; otherwise volatile until `flush`
   * @param config further lines of journald.conf; `ReadKMsg=yes` is honoured
   */
  static async start({ persistent = true, config = '' } = {}): Promise<Journald> {
    const directory = mkdtempSync(join(tmpdir(), 'bartizan-journald-'));
    mkdirSync(join(directory, 'var'));
    writeFileSync(join(directory, 'journald.conf'), `${CONFIG}${config}\n`);
    writeFileSync(join(directory, 'site.sh'), SITE);
    const arguments_ = [
      '--mount',
      '--pid',
      '--net',
      '--fork',
      '--kill-child',
      '--mount-proc',
      '--propagation',
      'private',
    ];
    const outer = spawn(
      'unshare',
      [...arguments_, 'sh', join(directory, 'site.sh'), directory, persistent ? 'y' : ''],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    let said = '';
    outer.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    try {
      const pid = await waitFor('journald to listen', () => innerOf(outer));
      return new Journald(directory, outer, pid);
    } catch (cause) {
      outer.kill('SIGKILL');
      rmSync(directory, { recursive: true });
      throw new Error(`journald did not come up: ${said}`, { cause });
    }
  }

  private constructor(directory: string, outer: ChildProcess, pid: number) {
    this.directory = directory;
    this.#outer = outer;
    this.pid = pid;
  }

  /** Where the persistent journal is seen from outside. */
  get persistent(): string {
    return join(this.directory, 'var');
  }

  /** Where the volatile journal is seen from outside. It is on a tmpfs: journald deletes it nowhere else. */
  get volatile(): string {
    return `/proc/${this.pid}/root/run/log/journal`;
  }

  /** Runs a program inside to its end. @throws when it fails */
  run(program: string, args: readonly string[] = [], input = ''): string {
    return execFileSync('nsenter', this.#enter(program, args), { encoding: 'utf8', input, stdio: 'pipe' });
  }

  /** The same without waiting on the spot. */
  runAside(program: string, args: readonly string[] = []): Promise<void> {
    return new Promise((resolve, reject) => {
      execFile('nsenter', this.#enter(program, args), (error) => (error === null ? resolve() : reject(error)));
    });
  }

  /** Starts a program inside, as a service of this name for all that journald can tell. */
  spawnAs(unit: string, program: string, args: readonly string[], output: 'ignore' | 'pipe' = 'ignore'): ChildProcess {
    const group = join(cgroupRoot(), 'system.slice', unit);
    const made = mkdirSync(group, { recursive: true });
    for (let path = group; made !== undefined && path.startsWith(made); path = dirname(path)) this.#groups.push(path);
    const script = `echo $$ > ${group}/cgroup.procs; exec "$@"`;
    return spawn('nsenter', this.#enter('sh', ['-c', script, 'sh', program, ...args]), {
      stdio: ['ignore', output, 'pipe'],
    });
  }

  /** Starts a program inside. Its standard input and output are pipes. */
  spawn(program: string, args: readonly string[] = []): ChildProcessByStdio<Writable, Readable, null> {
    return spawn('nsenter', this.#enter(program, args), { stdio: ['pipe', 'pipe', 'inherit'] });
  }

  /** `logger`, by syslog(3)'s socket. It is gone before journald can look at it, or not. */
  log(tag: string, message: string): void {
    this.run('logger', ['-t', tag, '--', message]);
  }

  /** Entries with just these fields, by journald's native protocol. Values of one line each. */
  send(...entries: readonly Readonly<Record<string, string>>[]): void {
    for (const fields of entries) {
      const lines = Object.entries(fields).map(([name, value]) => `${name}=${value}\n`);
      this.run('logger', ['--journald'], lines.join(''));
    }
  }

  /** What was received is in the files when it returns. */
  sync(): void {
    this.run('journalctl', ['--sync']);
  }

  rotate(): void {
    this.run('journalctl', ['--rotate']);
  }

  /** Moves the volatile journal to the persistent one. */
  flush(): void {
    this.run('journalctl', ['--flush']);
  }

  /** Deletes all files but the one that is written to. */
  vacuum(): void {
    this.run('journalctl', ['--vacuum-time=1us', '--directory=/var/log/journal']);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#outer.once('exit', resolve));
    // Ends with it: everything in its process namespace.
    this.#outer.kill('SIGKILL');
    await ended;
    for (const group of this.#groups) {
      const isEmpty = (): true | undefined => readFileSync(join(group, 'cgroup.procs'), 'utf8') === '' || undefined;
      await waitFor(`${group} to be empty`, isEmpty);
      rmdirSync(group);
    }
    rmSync(this.directory, { recursive: true });
  }

  #enter(program: string, args: readonly string[]): string[] {
    return ['--target', String(this.pid), '--mount', '--pid', '--net', '--', program, ...args];
  }
}

/** A name no other test uses, for a unit that is a cgroup of the whole machine. */
export const unitName = (role: string): string => `${role}-${randomBytes(3).toString('hex')}.service`;

/** The hierarchy that systemd's programs look at. */
const cgroupRoot = (): string => (existsSync('/sys/fs/cgroup/unified') ? '/sys/fs/cgroup/unified' : '/sys/fs/cgroup');

/** Process id of the namespace's first process, once it is journald and listens. */
function innerOf(outer: ChildProcess): number | undefined {
  if (outer.exitCode !== null) throw new Error(`unshare ended with ${outer.exitCode}`);
  const children = readFileSync(`/proc/${outer.pid}/task/${outer.pid}/children`, 'utf8').trim();
  const pid = Number(children);
  if (children === '' || readFileSync(`/proc/${pid}/comm`, 'utf8') !== 'systemd-journal\n') return undefined;
  return existsSync(`/proc/${pid}/root/run/systemd/journal/stdout`) ? pid : undefined;
}

/** No limits on rate, nothing of this machine's kernel, and no waiting of minutes before files are written out. */
const CONFIG = `[Journal]
Storage=persistent
ReadKMsg=no
Audit=no
ForwardToSyslog=no
ForwardToWall=no
RateLimitIntervalSec=0
SyncIntervalSec=1s
`;

const SITE = `set -e
directory=$1
persistent=$2
ip link set lo up
mount -t tmpfs -o size=8m,mode=755 tmpfs /run
mkdir -p /run/systemd/journal /run/log/journal /run/sshd /var/log/journal
mount --bind "$directory/var" /var/log/journal
# Without this mark journald waits to be told that /var is there.
[ -z "$persistent" ] || touch /run/systemd/journal/flushed
touch /etc/systemd/journald.conf 2>/dev/null || true
mount --bind "$directory/journald.conf" /etc/systemd/journald.conf
mount -t tmpfs -o size=1m,mode=755 tmpfs /dev
mknod -m 666 /dev/null c 1 3
mknod -m 666 /dev/zero c 1 5
mknod -m 666 /dev/random c 1 8
mknod -m 666 /dev/urandom c 1 9
mknod -m 666 /dev/tty c 5 0
mknod -m 600 /dev/kmsg c 1 11
mkdir /dev/pts
mount -t devpts -o newinstance,ptmxmode=666 devpts /dev/pts
ln -s pts/ptmx /dev/ptmx
ln -s /run/systemd/journal/dev-log /dev/log
exec ${JOURNALD}
`;
