import type { Clock } from '../../../core/base/ports.ts';
import { fail, ok, type Result } from '../../../core/base/result.ts';
import { type Millis, seconds } from '../../../core/base/time.ts';
import type { AccountNames, FileCode, FileStat, FileSystemPort } from './file-system.ts';
import { judgeTrust, type Step, type Trust, type TrustSetting, unknownTrust, writersOf } from './trust.ts';

/** How long what was seen of a directory holds: thousands of files share their directories. */
const HOLDS: Millis = seconds(30);

/** As many as the kernel follows. */
const MOST_LINKS = 40;

interface Way {
  readonly steps: readonly Step[];
  /** Where the file lies. */
  readonly inside: Step;
}

/** Walks the way to log files, link by link, to find out who may change what is found there. */
export class Ways {
  readonly #fs: FileSystemPort;
  readonly #clock: Clock;
  #seen = new Map<string, Promise<Result<FileStat, FileCode>>>();
  #names: Promise<AccountNames> | undefined;
  #seenAt: Millis;

  constructor(fs: FileSystemPort, clock: Clock) {
    this.#fs = fs;
    this.#clock = clock;
    this.#seenAt = clock.now();
  }

  /** @param stat of the file that is read for `path`; it need not be the one the path leads to now */
  async trustOf(path: string, stat: FileStat, setting: TrustSetting): Promise<Trust> {
    this.#renew();
    const way = await this.#walk(path);
    if (!way.ok) return unknownTrust(way.public, setting);
    this.#names ??= this.#fs.accountNames();
    const { steps, inside } = way.value;
    return judgeTrust(writersOf(steps, { path, stat, inside }), setting, await this.#names);
  }

  /** Directories and links, those that links lead through included; and in which directory the file lies, or would. */
  async #walk(path: string): Promise<Result<Way, FileCode>> {
    const root = await this.#look('/');
    if (!root.ok) return root;
    const top: Step = { path: '', stat: root.value };
    const steps: Step[] = [top];
    /** The directories from the root to here. */
    let trail: readonly Step[] = [];
    const ahead = path.split('/');
    let links = 0;
    for (let part = ahead.shift(); part !== undefined; part = ahead.shift()) {
      if (part === '' || part === '.') continue;
      if (part === '..') {
        trail = trail.slice(0, -1);
        continue;
      }
      const inside = trail.at(-1) ?? top;
      const next = `${inside.path}/${part}`;
      const found = await this.#look(next);
      if (!found.ok && found.code !== 'absent') return found;
      if (!found.ok || (found.value.kind !== 'directory' && found.value.kind !== 'symbolic link')) break;
      const step = { path: next, stat: found.value, inside };
      steps.push(step);
      if (found.value.kind === 'directory') trail = [...trail, step];
      else {
        if (++links > MOST_LINKS) return fail('io', `${path}: too many symbolic links`);
        const target = await this.#fs.readLink(next);
        if (!target.ok) return target;
        ahead.unshift(...target.value.split('/'));
        if (target.value.startsWith('/')) trail = [];
      }
    }
    return ok({ steps, inside: trail.at(-1) ?? top });
  }

  /** Not of log files, which change often and are thousands. */
  #look(path: string): Promise<Result<FileStat, FileCode>> {
    const seen = this.#seen.get(path);
    if (seen !== undefined) return seen;
    const looked = this.#fs.look(path);
    this.#seen.set(path, looked);
    void looked.then((found) => {
      if (!found.ok || (found.value.kind !== 'directory' && found.value.kind !== 'symbolic link'))
        this.#seen.delete(path);
    });
    return looked;
  }

  #renew(): void {
    const now = this.#clock.now();
    if (now - this.#seenAt < HOLDS && now >= this.#seenAt) return;
    this.#seenAt = now;
    this.#seen = new Map();
    this.#names = undefined;
  }
}
