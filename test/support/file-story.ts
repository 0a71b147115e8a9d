import assert from 'node:assert/strict';
import type { LedgerLine } from './chunk-ledger.ts';
import { linesOfFile } from './chunk-ledger.ts';
import { FollowedFiles } from './followed-files.ts';
import { fc, seeded } from './random.ts';

/** What may happen to a log and its follower. Amounts are small numbers that the story gives a meaning. */
export type Deed =
  | { readonly kind: 'lines'; readonly count: number }
  | { readonly kind: 'fragment' }
  | { readonly kind: 'rotate'; readonly create: boolean }
  | { readonly kind: 'copytruncate' }
  /** Another log grows; where files take turns in being open, this one has to make room. */
  | { readonly kind: 'other' }
  /** The writer reopens its log. */
  | { readonly kind: 'reopen' }
  | { readonly kind: 'commit'; readonly count: number }
  | { readonly kind: 'kill' }
  | { readonly kind: 'start' }
  | { readonly kind: 'refuse'; readonly count: number }
  | { readonly kind: 'microtasks'; readonly count: number }
  | { readonly kind: 'settle' }
  | { readonly kind: 'pass'; readonly ms: number };

const count = fc.integer({ min: 1, max: 5 });

export const deeds: fc.Arbitrary<readonly Deed[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ kind: fc.constant('lines' as const), count }) },
    { weight: 2, arbitrary: fc.constant({ kind: 'fragment' as const }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('rotate' as const),
        create: fc.boolean(),
        dated: fc.constant(false as boolean),
      }),
    },
    { weight: 2, arbitrary: fc.constant({ kind: 'copytruncate' as const }) },
    { weight: 4, arbitrary: fc.constant({ kind: 'reopen' as const }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('commit' as const), count }) },
    { weight: 2, arbitrary: fc.constant({ kind: 'kill' as const }) },
    { weight: 3, arbitrary: fc.constant({ kind: 'start' as const }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('refuse' as const), count }) },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('microtasks' as const), count: fc.integer({ max: 40, min: 1 }) }),
    },
    { weight: 3, arbitrary: fc.constant({ kind: 'settle' as const }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 5000 }) }) },
  ),
  { minLength: 5, maxLength: 40 },
);

/** Under what circumstances a story happens. */
export interface Setting {
  readonly seed: number;
  /** Rotated files are named by date instead of numbers. */
  readonly dated: boolean;
  /** inotify says nothing. */
  readonly deaf: boolean;
  /** Only one file may be open at a time. */
  readonly crowded: boolean;
}

export const settings: fc.Arbitrary<Setting> = fc.record({
  seed: fc.nat(),
  dated: fc.boolean(),
  deaf: fc.boolean(),
  crowded: fc.boolean(),
});

const LOG = '/log/a.log';
const OTHER = '/log/b.log';

/**
 * Plays deeds on a log that is rotated by rename or copytruncate while its follower reads, is killed and started again.
 * The writer keeps writing to the file it has open until it reopens, as rsyslog does. At the end everything is read and
 * committed, and the committed lines must be those written: each once.
 */
export class FileStory {
  readonly files: FollowedFiles;
  readonly #dated: boolean;
  readonly #random: () => number;
  /** The inode the writer has open. */
  #writing: string;
  /** Lines of files that were truncated since. */
  readonly #expected: LedgerLine[] = [];
  /** Every file that was ever the log. */
  readonly #inodes: string[] = [];
  #written = 0;
  #rotations = 0;
  #refusals = 0;

  constructor({ seed, dated, deaf, crowded }: Setting) {
    this.files = new FollowedFiles([LOG, OTHER], crowded ? { openFiles: 1 } : {});
    this.#dated = dated;
    this.files.fs.isDeaf = deaf;
    this.#random = seeded(seed);
    this.files.fs.turns = () => 1 + Math.floor(this.#random() * 3);
    this.files.ledger.refuses = () => this.#refusals-- > 0;
    this.#writing = this.#open();
  }

  async play(story: readonly Deed[]): Promise<void> {
    await this.files.start();
    await this.files.settle();
    this.files.ledger.commit();
    for (const deed of story) await this.#do(deed);
    await this.#finish();
  }

  async #do(deed: Deed): Promise<void> {
    const { files } = this;
    switch (deed.kind) {
      case 'lines':
        for (let i = 0; i < deed.count; i++) files.fs.appendTo(this.#writing, `line ${this.#written++}\n`);
        return;
      case 'fragment':
        return files.fs.appendTo(this.#writing, `fragment ${this.#written++} `);
      case 'rotate':
        return this.#rotate(deed.create);
      case 'copytruncate':
        return this.#copytruncate();
      case 'other':
        files.fs.append(OTHER, `other line ${this.#written++}\n`);
        return;
      case 'reopen':
        this.#writing = this.#open();
        return;
      case 'commit':
        return files.ledger.commit(deed.count);
      case 'kill':
        return files.kill();
      case 'start':
        return files.isRunning ? undefined : files.start();
      case 'refuse':
        this.#refusals = deed.count;
        return;
      case 'microtasks':
        for (let i = 0; i < deed.count; i++) await undefined;
        return;
      case 'settle':
        return files.settle();
      case 'pass':
        return files.pass(deed.ms);
    }
  }

  /** As logrotate: shifts the older ones, renames, creates the new one if told to. The last rotation's writer has reopened. */
  #rotate(create: boolean): void {
    this.#writing = this.#open();
    this.files.fs.rename(LOG, this.#rotatedName());
    if (create) this.#open();
  }

  /** All is read by then, but a read may be under way. */
  async #copytruncate(): Promise<void> {
    const { files } = this;
    this.#writing = this.#open();
    if (!files.isRunning) return;
    await files.pass(70_000, 5000);
    files.fs.deny(LOG, false);
    for (let i = Math.floor(this.#random() * 20); i > 0; i--) await undefined;
    files.fs.copy(LOG, this.#rotatedName());
    this.#expected.push(...linesOfFile(files.fs.contentOf(this.#writing)));
    files.fs.truncate(LOG);
    for (let i = Math.floor(this.#random() * 3); i > 0; i--) await undefined;
    files.fs.appendTo(this.#writing, `truncated ${this.#written++} and longer than it was before\n`);
  }

  /** Where the log goes next; numbered ones make room first. */
  #rotatedName(): string {
    if (this.#dated) return `${LOG}-202601${String(10 + this.#rotations++)}`;
    const { fs } = this.files;
    for (let age = 40; age > 0; age--) if (fs.exists(`${LOG}.${age}`)) fs.rename(`${LOG}.${age}`, `${LOG}.${age + 1}`);
    return `${LOG}.1`;
  }

  #open(): string {
    const ino = this.files.fs.append(LOG);
    if (!this.#inodes.includes(ino)) this.#inodes.push(ino);
    return ino;
  }

  async #finish(): Promise<void> {
    const { files } = this;
    this.#refusals = 0;
    if (!files.isRunning) await files.start();
    await files.pass(200_000, 5000);
    files.ledger.commit();
    await files.stop();
    if (files.fs.exists(OTHER)) this.#inodes.push(files.fs.append(OTHER));
    for (const ino of this.#inodes) this.#expected.push(...linesOfFile(files.fs.contentOf(ino)));
    assert.deepEqual(sorted(files.ledger.lines), sorted(this.#expected));
    assert.deepEqual([files.fs.openFiles, files.fs.watches, files.clock.pending], [0, 0, 0], 'everything is released');
  }
}

const sorted = (lines: readonly LedgerLine[]): readonly string[] =>
  lines.map(({ position, text }) => `${text} @ ${position}`).sort();
