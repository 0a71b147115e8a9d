import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FileWatcher, type Limits } from '../../actors/watchers/files/index.ts';
import type { Component } from '../../core/base/component.ts';
import { millis } from '../../core/base/time.ts';
import { ChunkLedger, fingerprintOf } from './chunk-ledger.ts';
import { realClock } from './real-clock.ts';
import { realFiles } from './real-files.ts';
import { until } from './until.ts';

/** Quick where nobody waits for people; inotify alone must do where a test is about it. */
export const QUICK: Partial<Limits> = { pollInterval: millis(100), grace: millis(50) };

/** Follows `names` in a directory of its own; the watcher is stopped when the test ends. */
export async function follow(t: TestContext, names: readonly string[], limits: Partial<Limits> = QUICK) {
  const world = realFiles(t);
  const ledger = new ChunkLedger();
  const components = new Map<string, Component>();
  const entries = names.map((name) => ({ path: `${world.root}/${name}`, parser: 'sshd', start: 'beginning' as const }));
  const report = (component: Component): void => void components.set(component.name, component);
  const parts = { entries, sink: ledger, fs: world.fs, clock: realClock, report, fingerprintOf, limits };
  const watcher = new FileWatcher({ ...parts, cursors: () => new Map(ledger.cursors) });
  const start = (): Promise<void> => watcher.start((cause) => assert.fail(`crashed: ${String(cause)}`));
  t.after(() => watcher.stop());
  const read = (...texts: string[]): Promise<void> =>
    until(`lines ${texts.join()}, got ${ledger.texts.join()}`, () => ledger.texts.length >= texts.length).then(() =>
      assert.deepEqual(ledger.texts, texts),
    );
  const component = (name: string): Component | undefined => components.get(`file:${world.root}/${name}`);
  return { ...world, ledger, watcher, start, read, component, log: `${world.root}/a.log` };
}

/** Follows `path` in a process that `launcher` starts, until its component is as wanted. */
export async function followFrom(
  launcher: readonly [string, ...string[]],
  path: string,
  wanted: (component: Component) => boolean,
): Promise<Component> {
  const child = fileURLToPath(new URL('./lone-follower.js', import.meta.url));
  const [command, ...args] = [...launcher, process.execPath, child, path];
  const follower = spawn(command ?? '', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(follower, 'exit');
  try {
    for await (const line of createInterface({ input: follower.stdout })) {
      const component = JSON.parse(line) as Component;
      if (wanted(component)) return component;
    }
    throw new Error('the follower ended');
  } finally {
    follower.kill('SIGKILL');
    await ended;
  }
}
