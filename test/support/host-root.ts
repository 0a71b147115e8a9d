import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { HostVerb } from '../../actors/host/index.ts';
import { ROOT } from './root.ts';

/** Whose the state is; nobody needs to be in the list of users. */
const DAEMON = 64_007;
export const NO_HOST: string | false = process.getuid?.() === 0 ? false : 'needs root to act as another user';

/** A machine below a folder, on which `systemd/host` runs with programs that only note how they were called. */
export class HostRoot implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), 'bartizan-host-'));

  constructor(osRelease = 'ID=debian\nIMAGE_ID=bartizan\n') {
    chmodSync(this.root, 0o755);
    this.write('etc/os-release', osRelease);
    this.write('proc/sys/kernel/hostname', 'before\n');
    for (const zone of ['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Etc/GMT+12']) {
      this.write(`usr/share/zoneinfo/${zone}`, '');
    }
    for (const program of ['busctl', 'systemctl']) {
      this.write(`bin/${program}`, `#!/bin/sh\n[ "$1" = cat ] || echo ${program} "$@" >>${this.root}/called\n`, 0o755);
    }
    // The image has no diffutils.
    this.write('bin/cmp', '#!/bin/sh\nexit 127\n', 0o755);
    for (const own of ['run/bartizan/requests', 'var/lib/bartizan/host']) {
      mkdirSync(dirname(this.at(own)), { recursive: true });
      mkdirSync(this.at(own), { mode: 0o700 });
      chownSync(this.at(own), DAEMON, DAEMON);
      chownSync(dirname(this.at(own)), DAEMON, DAEMON);
    }
    mkdirSync(this.at('data'));
  }

  at(path: string): string {
    return join(this.root, path);
  }

  write(path: string, text: string | Uint8Array, mode = 0o644): void {
    mkdirSync(dirname(this.at(path)), { recursive: true });
    writeFileSync(this.at(path), text, { mode });
  }

  /** As the daemon writes. */
  render(text: string | Uint8Array): void {
    this.write(RENDERED, text, 0o600);
    this.own(RENDERED);
  }

  own(path: string): void {
    lchownSync(this.at(path), DAEMON, DAEMON);
  }

  /** As the daemon asks. @returns the mark of the request */
  ask(verb: string): string {
    this.write(`run/bartizan/requests/${verb}`, '', 0o600);
    this.own(`run/bartizan/requests/${verb}`);
    return this.markOf(verb);
  }

  markOf(verb: string): string {
    const { ino, mtimeNs } = statSync(this.at(`run/bartizan/requests/${verb}`), { bigint: true });
    return `${ino} ${mtimeNs / 1_000_000_000n}.${String(mtimeNs % 1_000_000_000n).padStart(9, '0')}`;
  }

  run(mode: 'requests' | 'boot' = 'requests'): SpawnSyncReturns<string> {
    return spawnSync('sh', [join(ROOT, 'systemd/host'), mode, '/var/lib/bartizan', this.root], {
      encoding: 'utf8',
      timeout: 30_000,
      env: { PATH: `${this.at('bin')}:${process.env['PATH']}` },
    });
  }

  /** Asks and has it done. @returns the first line of the answer */
  do(verb: HostVerb): string {
    const mark = this.ask(verb);
    this.run();
    const [said = '', whose] = (this.text(`run/bartizan-host/answers/${verb}`) ?? '').split('\n');
    return whose === `for ${mark}` ? said : `no answer to ${mark}: ${whose}`;
  }

  text(path: string): string | undefined {
    return existsSync(this.at(path)) ? readFileSync(this.at(path), 'utf8') : undefined;
  }

  names(path: string): readonly string[] {
    return existsSync(this.at(path)) ? readdirSync(this.at(path)).sort() : [];
  }

  /** Programs that were called, a line each, since this was asked last. */
  get called(): readonly string[] {
    const lines = (this.text('called') ?? '').split('\n').filter((line) => line !== '');
    rmSync(this.at('called'), { force: true });
    return lines;
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

export const RENDERED = 'var/lib/bartizan/host/rendered';
