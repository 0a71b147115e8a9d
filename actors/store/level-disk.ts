import { join } from 'node:path';
import type { Clock } from '../../core/base/ports.ts';
import { fail, ok, type Result } from '../../core/base/result.ts';
import { seconds } from '../../core/base/time.ts';
import { Copies } from './copies.ts';
import type { Base, Disk, Opened } from './disk.ts';
import * as files from './effects.ts';
import { type Fault, type FaultKind, faultOf } from './fault.ts';
import { inspect, type Mend } from './inspection.ts';
import { LevelBase, OPEN_BYTES } from './level.ts';

/** How long looking at the files may hold a start up: some 200 MB. Of the rest, what is damaged shows when it is read. */
const INSPECTION_TIME = seconds(1);
/** No file larger than this is copied into memory for `openReadable`; a manifest or log of ours is far smaller. */
const SHADOW_LIMIT = 16 << 20;

export interface LevelDiskOptions {
  /** The store's directory; the ones for copies lie beside it. */
  readonly directory: string;
  /** A directory in memory (tmpfs), for reading a store whose disk takes no writes. */
  readonly runtimeDirectory: string;
  readonly clock: Clock;
}

/** Where a store was found damaged, and how. */
type Damaged = { readonly damage: string };
type Checked = Omit<Opened, 'copy'>;

/** The store on a file system. A damaged one is repaired, or set aside and begun anew; never without saying so. */
export class LevelDisk implements Disk {
  readonly #directory: string;
  readonly #runtime: string;
  readonly #clock: Clock;
  readonly #copies: Copies;
  #claimed = false;

  constructor({ directory, runtimeDirectory, clock }: LevelDiskOptions) {
    this.#directory = directory;
    this.#runtime = runtimeDirectory;
    this.#clock = clock;
    this.#copies = new Copies(directory, clock);
  }

  async open({ thorough = false } = {}): Promise<Result<Opened, FaultKind>> {
    try {
      return ok(await this.#open(thorough));
    } catch (thrown) {
      const fault = faultOf(thrown);
      return fail(fault.kind, explain(this.#directory, fault), thrown);
    }
  }

  async openReadable(): Promise<Base | undefined> {
    let shadow: string | undefined;
    try {
      shadow = await files.shadowStore(this.#directory, this.#runtime, SHADOW_LIMIT);
      return new ShadowBase(await LevelBase.open(shadow, { create: false }), shadow);
    } catch {
      if (shadow !== undefined) await files.removeDirectory(shadow);
      return undefined;
    }
  }

  async writable(bytes: number): Promise<Result<void, FaultKind>> {
    try {
      await files.probeDisk(this.#directory);
      await this.#requireRoom(bytes + OPEN_BYTES);
      return ok(undefined);
    } catch (thrown) {
      const { kind, message } = faultOf(thrown);
      return fail(kind, message, thrown);
    }
  }

  async bytes(): Promise<number> {
    return (await files.contentsOf(this.#directory).catch(() => ({ bytes: 0 }))).bytes;
  }

  /** Gives the directory free for others. */
  async close(): Promise<void> {
    if (this.#claimed) await files.unclaimStore(this.#directory).catch(() => undefined);
    this.#claimed = false;
  }

  async #open(thorough: boolean): Promise<Opened> {
    if (!this.#claimed) await files.claimStore(this.#directory);
    this.#claimed = true;
    await this.#refuseLocked();
    await this.#copies.restore();
    const found = await files.contentsOf(this.#directory);
    if (!found.current && found.tables.length === 0 && found.logBytes === 0) return this.#create('new');
    await this.#copies.keep();
    const inspected = await inspect(this.#directory, {
      deadline: this.#clock.now() + INSPECTION_TIME,
      now: () => this.#clock.now(),
    });
    if (inspected.logs.length > 0) await this.#mend(inspected.logs);
    const damage = found.current ? inspected.tableDamage : 'CURRENT is missing';
    const opened = damage === undefined ? await this.#openAsIs(thorough) : { damage };
    if ('damage' in opened) return this.#repair(opened.damage, inspected.tables);
    if (opened.state === 'ok' && inspected.logDamage === undefined) {
      await orClose(opened.base, this.#copies.discard());
      return opened;
    }
    return this.#withCopy({ ...opened, state: 'repaired', message: opened.message ?? inspected.logDamage ?? '' });
  }

  async #create(state: 'new' | 'replaced', message?: string): Promise<Checked> {
    await files.ensureDirectory(this.#directory);
    const base = await LevelBase.open(this.#directory, { create: true });
    return message === undefined ? { base, state } : { base, state, message };
  }

  /** Puts mended files in the place of damaged ones. */
  async #mend(mends: readonly Mend[]): Promise<void> {
    await this.#requireRoom((await this.bytes()) + OPEN_BYTES);
    await this.#copies.ensure();
    for (const { name, mended } of mends) await files.replaceFile(join(this.#directory, name), mended);
  }

  /** Throws for a fault that is no damage; the copy made before is then taken up by the next try. */
  async #openAsIs(thorough: boolean): Promise<Checked | Damaged> {
    let base: LevelBase | undefined;
    try {
      base = await LevelBase.open(this.#directory, { create: false });
      const broken = thorough ? await base.readIntact(async () => {}) : 0;
      if (broken === 0) return { base, state: 'ok' };
      const salvaged = await this.#salvage(base);
      return { base: salvaged, state: 'repaired', message: `${broken} damaged records were left out` };
    } catch (thrown) {
      await base?.close();
      const { kind, message } = faultOf(thrown);
      if (kind !== 'damaged') throw thrown;
      return { damage: message };
    }
  }

  /** Takes what is intact over into a new store. */
  async #salvage(from: LevelBase): Promise<LevelBase> {
    const target = `${this.#directory}.salvaged`;
    await this.#requireRoom((await this.bytes()) + OPEN_BYTES);
    await files.removeDirectory(target);
    const to = await LevelBase.open(target, { create: true });
    try {
      await from.readIntact((page) => to.writeRaw(page, true));
    } finally {
      await to.close();
    }
    await from.close();
    await files.removeDirectory(this.#directory);
    await files.moveDirectory(target, this.#directory);
    return LevelBase.open(this.#directory, { create: false });
  }

  /**
   * LevelDB's own repair, which moves logs away even when it cannot write what they held: hence the room first. Where it
   * does not help, the store is set aside and a new one begun.
   */
  async #repair(damage: string, tables: readonly Mend[]): Promise<Opened> {
    await this.#requireRoom((await this.bytes()) + OPEN_BYTES);
    const kept = await this.#copies.ensure();
    await this.#mend(tables);
    await LevelBase.repair(this.#directory).catch(() => undefined);
    const opened = await this.#openAsIs(true);
    if ('damage' in opened) return this.#replace(`${damage}; after the repair: ${opened.damage}`);
    if (kept) await files.removeLost(this.#directory);
    const message = opened.message === undefined ? damage : `${damage}; ${opened.message}`;
    return this.#withCopy({ ...opened, state: 'repaired', message });
  }

  async #replace(damage: string): Promise<Opened> {
    if (!(await this.#copies.has())) await this.#copies.take();
    else await files.removeDirectory(this.#directory);
    return this.#withCopy(await this.#create('replaced', damage));
  }

  async #withCopy(opened: Checked): Promise<Opened> {
    const copy = await orClose(opened.base, this.#copies.file());
    return copy === undefined ? opened : { ...opened, copy };
  }

  async #requireRoom(bytes: number): Promise<void> {
    const free = await files.freeBytes(this.#directory);
    if (free < bytes) {
      throw Object.assign(new Error(`${free} bytes are free on the disk, ${bytes} are needed`), { code: 'ENOSPC' });
    }
  }

  /** Before anything is touched: neither the copies nor LevelDB's repair ask for the lock. */
  async #refuseLocked(): Promise<void> {
    const holder = await files.lockHolder(this.#directory);
    if (holder !== undefined) throw files.lockedBy(holder);
  }
}

/** The outcome of a last step; when it fails the store is closed again, for its lock would keep ourselves out. */
const orClose = <V>(base: Base, step: Promise<V>): Promise<V> =>
  step.catch(async (thrown) => {
    await base.close();
    throw thrown;
  });

/** In words for the operator. */
function explain(directory: string, { kind, message }: Fault): string {
  if (kind !== 'locked') return `${directory}: ${message}`;
  const who = /in use by .*/.exec(message)?.[0] ?? 'in use by another process';
  return `${directory} is ${who}: another bartizan runs with this state directory`;
}

/** A store opened through `shadowStore`; goes away with its directory. Never written to. */
class ShadowBase implements Base {
  readonly #base: LevelBase;
  readonly #directory: string;

  constructor(base: LevelBase, directory: string) {
    this.#base = base;
    this.#directory = directory;
  }

  readonly get: Base['get'] = (key) => this.#base.get(key);
  readonly getRaw: Base['getRaw'] = (key) => this.#base.getRaw(key);
  readonly iterate: Base['iterate'] = (range) => this.#base.iterate(range);
  readonly write: Base['write'] = () => Promise.reject(Object.assign(new Error('read only'), { code: 'EROFS' }));

  async close(): Promise<void> {
    await this.#base.close();
    await files.removeDirectory(this.#directory);
  }
}
