import type { Clock } from '../../../core/base/ports.ts';
import { type Millis, minutes } from '../../../core/base/time.ts';
import type { FileStat } from './file-system.ts';
import type { Trust, TrustSetting } from './trust.ts';
import type { Ways } from './way.ts';

/** Directories on the way are looked at again after this long; owner and mode of the file itself with every look at it. */
const HOLDS: Millis = minutes(1);

/** What the lines of one followed path are worth, kept up to date. Worth nothing until it is known who may write them. */
export class FileTrust {
  readonly #path: string;
  readonly #setting: TrustSetting;
  readonly #parts: { readonly ways: Ways; readonly clock: Clock };
  readonly #tell: (trust: Trust) => void;
  #provenance: Trust['provenance'] = 'spoofable';
  #judgedAt: Millis | undefined;
  #rights = '';

  constructor(
    path: string,
    setting: TrustSetting,
    parts: { readonly ways: Ways; readonly clock: Clock },
    tell: (trust: Trust) => void,
  ) {
    this.#path = path;
    this.#setting = setting;
    this.#parts = parts;
    this.#tell = tell;
  }

  get provenance(): Trust['provenance'] {
    return this.#provenance;
  }

  /** @param stat of the file that is read */
  async judge(stat: FileStat): Promise<void> {
    this.#judgedAt = this.#parts.clock.now();
    this.#rights = rightsOf(stat);
    const trust = await this.#parts.ways.trustOf(this.#path, stat, this.#setting);
    this.#provenance = trust.provenance;
    this.#tell(trust);
  }

  /** The same, if it is time or the file's rights are others. */
  async renew(stat: FileStat): Promise<void> {
    const age = this.#parts.clock.now() - (this.#judgedAt ?? 0);
    if (age >= HOLDS || age < 0 || rightsOf(stat) !== this.#rights) await this.judge(stat);
  }
}

const rightsOf = ({ uid, gid, mode }: FileStat): string => `${uid} ${gid} ${mode}`;
