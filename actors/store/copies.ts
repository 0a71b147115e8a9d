import type { Clock } from '../../core/base/ports.ts';
import { rfc3339 } from '../../core/base/time.ts';
import * as files from './effects.ts';

/** Damaged copies kept; older ones go. */
const KEPT = 2;
/** Below this many free bytes only the newest damaged copy is kept. */
const SCARCE_BYTES = 64 << 20;

/**
 * The copies beside a store: `<store>.before-open` while it is being opened, `<store>.damaged-<time>` for good. As long
 * as the first exists nothing has been acknowledged since it was made, so a start that was killed half-way through a
 * repair begins again from it. Every step that matters is one rename.
 */
export class Copies {
  readonly #store: string;
  readonly #before: string;
  readonly #clock: Clock;

  constructor(store: string, clock: Clock) {
    this.#store = store;
    this.#before = `${store}.before-open`;
    this.#clock = clock;
  }

  /** Puts back what an interrupted opening was working on. */
  async restore(): Promise<void> {
    await files.removeDirectory(this.#unfinished);
    await files.removeDirectory(this.#discarded);
    if (!(await this.has())) return;
    await files.removeDirectory(this.#store);
    await files.moveDirectory(this.#before, this.#store);
  }

  /** Keeps the store as it is, by hard links. @returns false where the file system has none */
  async keep(): Promise<boolean> {
    try {
      await files.linkStore(this.#store, this.#unfinished);
      await files.moveDirectory(this.#unfinished, this.#before);
      return true;
    } catch {
      await files.removeDirectory(this.#unfinished).catch(() => undefined);
      return false;
    }
  }

  has(): Promise<boolean> {
    return files.exists(this.#before);
  }

  /** Makes the store itself the copy. */
  take(): Promise<void> {
    return files.moveDirectory(this.#store, this.#before);
  }

  /** Keeps the store as it is, if need be by copying. @returns false when that would leave the disk nearly full */
  async ensure(): Promise<boolean> {
    if (await this.has()) return true;
    const { bytes } = await files.contentsOf(this.#store);
    if ((await files.freeBytes(this.#store)) < 3 * bytes + SCARCE_BYTES) return false;
    await files.copyStore(this.#store, this.#unfinished);
    await files.moveDirectory(this.#unfinished, this.#before);
    return true;
  }

  /** The opening went well: the copy is not needed. */
  async discard(): Promise<void> {
    if (!(await this.has())) return;
    await files.moveDirectory(this.#before, this.#discarded);
    await files.removeDirectory(this.#discarded);
  }

  /** The store was damaged: the copy stays, older ones go. @returns where, or `undefined` when there is no copy */
  async file(): Promise<string | undefined> {
    if (!(await this.has())) return undefined;
    const stamp = `${this.#store}.damaged-${rfc3339(this.#clock.now()).replace(/[-:]/g, '')}`;
    let copy = stamp;
    for (let n = 2; await files.exists(copy); n++) copy = `${stamp}-${n}`;
    await files.moveDirectory(this.#before, copy);
    const all = [...(await files.siblings(this.#store, '.damaged-'))].reverse();
    const scarce = (await files.freeBytes(this.#store)) < SCARCE_BYTES;
    for (const old of all.slice(scarce ? 1 : KEPT)) await files.removeDirectory(old);
    return copy;
  }

  get #unfinished(): string {
    return `${this.#before}.unfinished`;
  }

  get #discarded(): string {
    return `${this.#before}.discarded`;
  }
}
