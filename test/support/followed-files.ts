import assert from 'node:assert/strict';
import { type FileEntry, FileWatcher, type Limits } from '../../actors/watchers/files/index.ts';
import type { Component } from '../../core/base/component.ts';
import { ChunkLedger, fingerprintOf } from './chunk-ledger.ts';
import { FakeFileSystem } from './fake-file-system.ts';
import { SimulatedClock } from './simulated-clock.ts';

/** A file watcher over a file system in memory, on a simulated clock, in front of a ledger. */
export class FollowedFiles {
  readonly clock = new SimulatedClock();
  readonly fs = new FakeFileSystem(() => this.clock.now());
  readonly ledger = new ChunkLedger();
  readonly components = new Map<string, Component>();
  readonly #entries: readonly FileEntry[];
  readonly #limits: Partial<Limits>;
  #watcher: FileWatcher | undefined;

  constructor(entries: readonly (string | Partial<FileEntry>)[], limits: Partial<Limits> = {}) {
    const whole = { path: '/log/a.log', parser: 'sshd', start: 'beginning' } as const;
    this.#entries = entries.map((entry) => ({ ...whole, ...(typeof entry === 'string' ? { path: entry } : entry) }));
    this.#limits = limits;
    this.fs.mkdir('/log');
  }

  get isRunning(): boolean {
    return this.#watcher !== undefined;
  }

  /** Starts from the committed cursors. */
  async start(): Promise<void> {
    const { fs, clock, ledger } = this;
    const report = (component: Component): void => void this.components.set(component.name, component);
    const parts = { entries: this.#entries, fs, clock, sink: ledger, report, fingerprintOf, limits: this.#limits };
    this.#watcher = new FileWatcher({ ...parts, cursors: () => new Map(ledger.cursors) });
    await this.#watcher.start((cause) => assert.fail(`the watcher crashed: ${String(cause)}`));
  }

  async stop(): Promise<void> {
    const watcher = this.#watcher;
    this.#watcher = undefined;
    await watcher?.stop();
  }

  /** As when the process is killed: what was not committed is lost. */
  async kill(): Promise<void> {
    this.ledger.crash();
    await this.stop();
  }

  /** Lets everything under way come to its end, without time passing. */
  settle(): Promise<void> {
    return this.fs.settle();
  }

  /** Lets time pass in steps, everything settling in between. */
  async pass(length: number, step = 500): Promise<void> {
    await this.settle();
    for (let left = length; left > 0; left -= step) {
      this.clock.advance(Math.min(step, left));
      await this.settle();
    }
  }

  component(path = '/log/a.log'): Component {
    const component = this.components.get(`file:${path}`);
    assert.ok(component !== undefined, `no component for ${path}`);
    return component;
  }
}

/** Starts following after `prepare` has set the scene. */
export async function follow(
  prepare: (files: FollowedFiles) => void,
  entries: readonly (string | Partial<FileEntry>)[] = ['/log/a.log'],
  limits: ConstructorParameters<typeof FollowedFiles>[1] = {},
): Promise<FollowedFiles> {
  const files = new FollowedFiles(entries, limits);
  prepare(files);
  await files.start();
  await files.settle();
  return files;
}
