import assert from 'node:assert/strict';
import type { FileSystemPort } from '../../actors/watchers/files/file-system.ts';
import { FileWatcher } from '../../actors/watchers/files/index.ts';
import type { Component } from '../../core/base/component.ts';
import { ChunkLedger, fingerprintOf, type LedgerLine, linesOfFile } from './chunk-ledger.ts';
import { fc } from './random.ts';
import type { SimulatedClock } from './simulated-clock.ts';

/** Where a log lies, seen from both sides: as its writer and logrotate, and through the port. */
export interface LogPlace {
  readonly fs: FileSystemPort;
  readonly clock: SimulatedClock;
  /** The log; nothing of its name is there at first. */
  readonly log: string;
  append(path: string, text: string): void;
  rename(from: string, to: string): void;
  /** As logrotate's `copytruncate` does. */
  copyAndTruncate(from: string, to: string): void;
  exists(path: string): boolean;
  contentOf(path: string): Buffer;
  /** Lets what is under way come to its end. */
  settle(): Promise<void>;
}

/** What happens to a log and to the follower, which lives and is killed. */
type Deed =
  | { readonly kind: 'lines'; readonly count: number }
  | { readonly kind: 'fragment' }
  | { readonly kind: 'rotate'; readonly how: 'renamed' | 'renamed and created' | 'copied and truncated' }
  | { readonly kind: 'start' }
  /** @field durable so many of the chunks that were taken and are not durable yet become so before */
  | { readonly kind: 'kill'; readonly durable: number }
  | { readonly kind: 'microtasks'; readonly count: number }
  | { readonly kind: 'settle' }
  | { readonly kind: 'pass'; readonly ms: number };

const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('lines' as const), count: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'fragment' as const }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('rotate' as const),
      how: fc.constantFrom('renamed', 'renamed and created', 'copied and truncated'),
    }),
  },
  { weight: 5, arbitrary: fc.constant({ kind: 'start' as const }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('kill' as const), durable: fc.integer({ min: 0, max: 3 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('microtasks' as const), count: fc.integer({ min: 1, max: 60 }) }),
  },
  { weight: 3, arbitrary: fc.constant({ kind: 'settle' as const }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 5000 }) }) },
);

export interface Lives {
  /** Rotated files that are there before the first sight: they are not read. */
  readonly leftovers: number;
  /** What the log is at the first sight. */
  readonly first: 'absent' | 'empty' | 'fragment' | 'lines';
  readonly deeds: readonly Deed[];
}

export const lives: fc.Arbitrary<Lives> = fc.record({
  leftovers: fc.integer({ min: 0, max: 2 }),
  first: fc.constantFrom('absent', 'empty', 'fragment', 'lines'),
  deeds: fc.array(deed, { minLength: 4, maxLength: 40 }),
});

/**
 * Plays lives of a follower, most of them too short to make much durable, on a log that is rotated meanwhile. In the end
 * every line of every generation since the first sight must have been committed once, and no loss been told.
 */
export class LivesStory {
  readonly #place: LogPlace;
  readonly #ledger = new ChunkLedger();
  readonly #expected: LedgerLine[] = [];
  readonly #told = new Set<string>();
  #watcher: FileWatcher | undefined;
  #written = 0;

  constructor(place: LogPlace) {
    this.#place = place;
  }

  async play({ leftovers, first, deeds }: Lives): Promise<void> {
    for (let age = leftovers; age > 0; age--) this.#place.append(`${this.#place.log}.${age}`, this.#line());
    if (first === 'fragment') this.#fragment();
    else if (first !== 'absent') this.#place.append(this.#place.log, first === 'lines' ? this.#line() : '');
    await this.#start();
    await this.#place.settle();
    this.#ledger.commit(1);
    for (const one of deeds) await this.#do(one);
    await this.#finish();
  }

  /** Nothing happens twice in one instant: a file's time of change tells. */
  async #do(deed: Deed): Promise<void> {
    this.#place.clock.advance(1);
    switch (deed.kind) {
      case 'lines':
        for (let i = 0; i < deed.count; i++) this.#place.append(this.#place.log, this.#line());
        return;
      case 'fragment':
        return this.#fragment();
      case 'rotate':
        return this.#rotate(deed.how);
      case 'start':
        return this.#watcher === undefined ? this.#start() : undefined;
      case 'kill':
        this.#ledger.commit(deed.durable);
        this.#ledger.crash();
        return this.#stop();
      case 'microtasks':
        for (let i = 0; i < deed.count; i++) await undefined;
        return;
      case 'settle':
        return this.#place.settle();
      case 'pass':
        return this.#pass(deed.ms);
    }
  }

  /** As logrotate: shifts the older ones, then renames, or copies and truncates. The writer has ended its line. */
  #rotate(how: Extract<Deed, { kind: 'rotate' }>['how']): void {
    const place = this.#place;
    const { log } = place;
    if (!place.exists(log)) return;
    const content = place.contentOf(log);
    if (content.length > 0 && content.at(-1) !== 0x0a) place.append(log, 'end\n');
    this.#expected.push(...linesOfFile(place.contentOf(log)));
    for (let age = 60; age > 0; age--)
      if (place.exists(`${log}.${age}`)) place.rename(`${log}.${age}`, `${log}.${age + 1}`);
    if (how === 'copied and truncated') place.copyAndTruncate(log, `${log}.1`);
    else place.rename(log, `${log}.1`);
    if (how === 'renamed and created') place.append(log, '');
  }

  #line(): string {
    return `line ${this.#written++}\n`;
  }

  #fragment(): void {
    this.#place.append(this.#place.log, `fragment ${this.#written++} `);
  }

  async #start(): Promise<void> {
    const { fs, clock, log } = this.#place;
    this.#watcher = new FileWatcher({
      entries: [{ path: log, parser: 'sshd', start: 'beginning' }],
      cursors: () => new Map(this.#ledger.cursors),
      sink: this.#ledger,
      report: ({ message = '' }: Component) => {
        if (/lost/.test(message)) this.#told.add(message);
      },
      fs,
      clock,
      fingerprintOf,
    });
    await this.#watcher.start((cause) => assert.fail(`the watcher crashed: ${String(cause)}`));
  }

  async #stop(): Promise<void> {
    const watcher = this.#watcher;
    this.#watcher = undefined;
    await watcher?.stop();
  }

  async #pass(length: number): Promise<void> {
    await this.#place.settle();
    for (let left = length; left > 0; left -= 5000) {
      this.#place.clock.advance(Math.min(5000, left));
      await this.#place.settle();
    }
  }

  async #finish(): Promise<void> {
    const { log } = this.#place;
    if (this.#watcher === undefined) await this.#start();
    await this.#pass(200_000);
    this.#ledger.commit();
    await this.#stop();
    if (this.#place.exists(log)) this.#expected.push(...linesOfFile(this.#place.contentOf(log)));
    assert.deepEqual(sorted(this.#ledger.lines), sorted(this.#expected));
    assert.deepEqual([...this.#told], [], 'no loss is told where none was');
  }
}

const sorted = (lines: readonly LedgerLine[]): readonly string[] =>
  lines.map(({ position, text }) => `${text} @ ${position}`).sort();
