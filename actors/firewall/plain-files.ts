import type { Clock, Log } from '../../core/base/ports.ts';
import { messageOf } from '../../core/base/result.ts';
import { type Deadline, type Millis, millis, minutes, seconds } from '../../core/base/time.ts';
import type { PlainFolder } from './effects.ts';
import { setOf } from './elements.ts';
import { outermost } from './networks.ts';
import type { KernelBlock, KernelNetwork } from './port.ts';
import { blockedNetworkSet } from './table.ts';

export const RULES_FILE = 'confirmed.nft';
export const BLOCKS_FILE = 'blocks';

/** From a change to its writing; with that done the files are at most a second behind. */
const LAG: Millis = millis(500);
const RETRY: Millis = seconds(10);
/** A file of more lines than this is written anew at most once in `REST`. */
const LARGE = 10_000;
const REST: Millis = minutes(1);
/** Lines of what has changed that are put up with beside those of what stands. */
const SPARE = 1000;
const LINES_IN_A_PIECE = 1000;

export interface PlainFilesDeps {
  readonly folder: PlainFolder;
  readonly clock: Clock;
  readonly log: Log;
  /** Text for `nft -f`: the rules as confirmed. */
  readonly rules: () => string;
  readonly blocks: () => Iterable<KernelBlock>;
  readonly networks: () => Iterable<KernelNetwork>;
}

/**
 * What the kernel is to hold, as plain files from which it can be restored at a boot with `nft`, a shell and awk.
 *
 * `confirmed.nft` is text for `nft -f`. `blocks` has lines `SET ADDRESS EXPIRES ID`, for a network with its prefix, EXPIRES in seconds since 1970 or
 * `never`. Of several lines for one address the last counts; EXPIRES 0 says that it was released, and its ID is `-`. A line
 * with fewer than four fields was torn by a power cut and counts for nothing.
 *
 * A change is appended; the whole is written when half of it is outdated, and while it is large no more than once a
 * minute. A disk that refuses is told by `trouble()` and tried again every 10 s with the whole; the kernel never waits.
 */
export class PlainFiles {
  readonly #deps: PlainFilesDeps;
  /** Lines to append. */
  #changed: string[] = [];
  /** Lines of the blocked networks as last told, by network. */
  #networks: ReadonlyMap<string, string> = new Map();
  #isWholeDue = false;
  #isResting = false;
  /** Whether it was written by us: what an earlier run left is not gone by. */
  #isKnown = false;
  /** Lines in the file. */
  #lines = 0;
  /** Of them, when it was written whole. */
  #standing = 0;
  /** As last written. */
  #rules: string | undefined;
  #areRulesDue = false;
  #trouble: string | undefined;
  #cancel: (() => void) | undefined;
  #cancelRest: (() => void) | undefined;
  #cancelRemoval: (() => void) | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(deps: PlainFilesDeps) {
    this.#deps = deps;
  }

  /** Why the files are not as they should be; undefined when they are. */
  trouble(): string | undefined {
    return this.#trouble;
  }

  rulesChanged(): void {
    this.#areRulesDue = true;
    this.#schedule(LAG);
  }

  blocked(blocks: readonly KernelBlock[]): void {
    for (const block of blocks) this.#changed.push(lineOf(block));
    this.#schedule(LAG);
  }

  /** The blocked networks are others now. */
  networksChanged(): void {
    const lines = this.#networkLines();
    for (const [network, line] of lines) if (this.#networks.get(network) !== line) this.#changed.push(line);
    for (const network of this.#networks.keys()) {
      if (!lines.has(network)) this.#changed.push(`${networkSetOf(network)} ${network} 0 -\n`);
    }
    this.#networks = lines;
    this.#schedule(LAG);
  }

  released(ips: readonly string[]): void {
    for (const ip of ips) this.#changed.push(`${setOf(ip)} ${ip} 0 -\n`);
    this.#schedule(LAG);
  }

  /** Anything may have changed. */
  allChanged(): void {
    this.#cancelRemoval?.();
    this.#isWholeDue = true;
    this.rulesChanged();
  }

  /** Nothing is enforced any more, nor shall it be at the next boot: tried until it is so or something is enforced. */
  async removed(): Promise<void> {
    this.#forget();
    this.#writing = this.#writing.then(async () => {
      const done = await this.#attempt(async ({ folder }) => {
        await folder.remove(RULES_FILE);
        await folder.remove(BLOCKS_FILE);
      });
      if (!done) this.#cancelRemoval = this.#deps.clock.after(RETRY, () => void this.removed());
    });
    await this.#writing;
  }

  /** Writes what is due, now; resolves when it was tried. */
  async flushed(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#writing = this.#writing.then(() => this.#write());
    await this.#writing;
  }

  async close(): Promise<void> {
    this.#isResting = false;
    await this.flushed();
    this.#forget();
  }

  #forget(): void {
    this.#cancel?.();
    this.#cancelRest?.();
    this.#cancelRemoval?.();
    this.#cancel = undefined;
    this.#isResting = false;
    this.#changed = [];
    this.#isWholeDue = false;
    this.#areRulesDue = false;
    this.#isKnown = false;
    this.#rules = undefined;
  }

  #schedule(delay: Millis): void {
    this.#cancel ??= this.#deps.clock.after(delay, () => void this.flushed());
  }

  async #write(): Promise<void> {
    const isDue = this.#areRulesDue || this.#isWholeDue || this.#changed.length > 0;
    if (!isDue && !(this.#isKnown && this.#mustWriteWhole())) return;
    const done = await this.#attempt(async () => {
      if (this.#areRulesDue) await this.#writeRules();
      if (this.#mustWriteWhole()) await this.#writeWhole();
      else await this.#append();
    });
    if (done) return;
    this.#areRulesDue = true;
    this.#isKnown = false;
    this.#isResting = false;
    this.#schedule(RETRY);
  }

  async #attempt(write: (deps: PlainFilesDeps) => Promise<void>): Promise<boolean> {
    try {
      await write(this.#deps);
      this.#trouble = undefined;
      return true;
    } catch (thrown) {
      const first = this.#trouble === undefined;
      this.#trouble = `what a boot would restore is not up to date: ${messageOf(thrown)}`;
      if (first) this.#deps.log('error', 'plain files of the firewall cannot be written', { error: messageOf(thrown) });
      return false;
    }
  }

  async #writeRules(): Promise<void> {
    this.#areRulesDue = false;
    const text = this.#deps.rules();
    if (text === this.#rules) return;
    await this.#deps.folder.replace(RULES_FILE, [text]);
    this.#rules = text;
  }

  #mustWriteWhole(): boolean {
    if (this.#isResting) return false;
    if (this.#isWholeDue || !this.#isKnown) return true;
    return this.#lines + this.#changed.length > 2 * this.#standing + SPARE;
  }

  /** 500,000 blocks are 35 MB and take 0.2 s of CPU in pieces of 1,000. What changes meanwhile is appended afterwards. */
  async #writeWhole(): Promise<void> {
    this.#changed = [];
    this.#isWholeDue = false;
    this.#networks = this.#networkLines();
    const count = { lines: 0 };
    await this.#deps.folder.replace(BLOCKS_FILE, piecesOf(this.#deps.blocks(), this.#networks.values(), count));
    this.#isKnown = true;
    this.#lines = count.lines;
    this.#standing = count.lines;
    if (count.lines <= LARGE) return;
    this.#isResting = true;
    this.#cancelRest = this.#deps.clock.after(REST, () => {
      this.#isResting = false;
      this.#schedule(LAG);
    });
  }

  /** Of networks that overlap the widest, as in the kernel. */
  #networkLines(): ReadonlyMap<string, string> {
    return new Map(outermost([...this.#deps.networks()]).map((one) => [one.net.text, networkLine(one)]));
  }

  async #append(): Promise<void> {
    const lines = this.#changed;
    this.#changed = [];
    if (lines.length === 0) return;
    await this.#deps.folder.append(BLOCKS_FILE, lines.join(''));
    this.#lines += lines.length;
  }
}

function* piecesOf(
  blocks: Iterable<KernelBlock>,
  networks: Iterable<string>,
  count: { lines: number },
): Generator<string> {
  let piece = [...networks];
  count.lines += piece.length;
  for (const block of blocks) {
    piece.push(lineOf(block));
    count.lines++;
    if (piece.length < LINES_IN_A_PIECE) continue;
    yield piece.join('');
    piece = [];
  }
  yield piece.join('');
}

/** A block that ends within the second is still told. */
const lineOf = ({ ip, id, expiresAt }: KernelBlock): string => `${setOf(ip)} ${ip} ${endOf(expiresAt)} ${id}\n`;

const networkLine = ({ network, id, expiresAt }: KernelNetwork): string =>
  `${networkSetOf(network)} ${network} ${endOf(expiresAt)} ${id}\n`;

const networkSetOf = (network: string): string => blockedNetworkSet(network.includes(':') ? 6 : 4);
const endOf = (expiresAt: Deadline): string =>
  expiresAt === 'never' ? expiresAt : String(Math.ceil(expiresAt / 1000));
