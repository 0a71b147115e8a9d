import type { BootClock, ChangeDisk, Subject } from '../../../actors/change/index.ts';
import { ChangeService } from '../../../actors/change/service.ts';
import { createRecords, type StorePort } from '../../../actors/store/index.ts';
import type { Clock, Log, LogLevel, Random } from '../../../core/base/ports.ts';
import { type Millis, millis, minutes } from '../../../core/base/time.ts';
import type { Change, Word } from '../../../core/change/change.ts';
import type { ChangeRequest } from '../../../core/change/changes.ts';
import { FakeKernel } from '../../../native/nft/fake.ts';
import type { NftPort } from '../../../native/nft/index.ts';
import { MemoryStore } from '../memory-store.ts';
import { seeded } from '../random.ts';
import { seededRandom } from '../seeded-random.ts';
import { settled } from '../settled.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import { FakeUnderTest } from './fake-under-test.ts';
import { Life } from './life.ts';
import { SimDisk } from './sim-disk.ts';

/** A subject and what the harness must know of it to tell which of its two states a machine is in. */
export interface UnderTest {
  readonly name: string;
  /** Changes what `seed` left, and is judged good. */
  readonly proposal: unknown;
  /** The files as they are before anything happens. */
  seed(disk: SimDisk): void;
  /** What loads the kernel at boot, before the program runs: from plain files alone. */
  boot(disk: SimDisk, nft: NftPort): Promise<void>;
  /** With all that it starts with. */
  make(parts: SubjectParts): Subject | Promise<Subject>;
  /** Ends what `make` started, in order. */
  stop?(): Promise<void>;
  /** What file and kernel hold: `before` the proposal or `after` it, both for good, `trial`: after it, on trial; else what they hold. */
  holds(disk: SimDisk, kernel: FakeKernel): Promise<'before' | 'trial' | 'after' | string>;
}

/** The machine as one process has it. */
export interface SubjectParts {
  readonly disk: ChangeDisk;
  readonly nft: NftPort;
  readonly clock: Clock;
  readonly log: Log;
}

export interface LogEntry {
  readonly level: LogLevel;
  readonly message: string;
  readonly about: Readonly<Record<string, unknown>>;
}

export const OPERATOR: Word = { actor: 'ops', origin: 'web_ui', peer: '192.0.2.9' };

/** A machine with its disk, kernel, clocks and store, on which the change service lives, dies and is started again. */
export class ChangeWorld {
  readonly clock = new SimulatedClock();
  readonly disk = new SimDisk();
  readonly store = new MemoryStore();
  readonly log: LogEntry[] = [];
  readonly published: Change[] = [];
  readonly restarts: Millis[] = [];
  readonly crashes: unknown[] = [];
  readonly subject: UnderTest;
  readonly #random: () => number;
  readonly #ids: Random;
  #kernel: FakeKernel;
  #life = new Life();
  #service: ChangeService | undefined;
  /** Wall clock minus boot-time clock. */
  #offset: number;
  #boots = 1;

  constructor({ seed, subject = new FakeUnderTest() }: { readonly seed?: number; readonly subject?: UnderTest } = {}) {
    this.subject = subject;
    this.#random = seeded(seed);
    this.#ids = seededRandom(seed);
    this.#offset = this.clock.now() - minutes(10);
    this.#kernel = this.#newKernel();
    this.disk.put('/var/lib/edge/lock', '');
    subject.seed(this.disk);
  }

  get service(): ChangeService {
    if (this.#service === undefined) throw new Error('not started');
    return this.#service;
  }

  get life(): Life {
    return this.#life;
  }

  get kernel(): FakeKernel {
    return this.#kernel;
  }

  get bootClock(): BootClock {
    return { bootId: `boot-${this.#boots}`, now: () => millis(this.clock.now() - this.#offset) };
  }

  /** What file and kernel hold now. */
  holds(): Promise<string> {
    return this.subject.holds(this.disk, this.#kernel);
  }

  /** The first boot of the machine: nothing is confirmed yet but what was there. */
  async boot(): Promise<this> {
    await this.subject.boot(this.disk, this.#kernel.open());
    return this;
  }

  /** Starts the program, in a life that may be a short one; resolves when it has started or died. */
  async start(life = new Life()): Promise<this> {
    this.#life = life;
    const disk = this.disk.of(life);
    const clock = life.clockOf(this.clock);
    const log: Log = (level, message, about = {}) => void (life.isDead || this.log.push({ level, message, about }));
    const made = await Promise.race([this.subject.make({ disk, nft: this.#nftOf(life), clock, log }), life.died]);
    if (made === undefined) return this;
    this.#service = new ChangeService({
      stateDirectory: '/var/lib/edge',
      disk,
      own: { uid: 0, gid: 0 },
      records: createRecords(this.#storeOf(life)),
      clock,
      bootClock: this.bootClock,
      random: this.#ids,
      log,
      subjects: [made],
      requestRestart: (after) => this.restarts.push(after),
      publish: (change) => this.published.push(change),
    });
    await Promise.race([this.#service.start((cause) => this.crashes.push(cause)), life.died]);
    return this;
  }

  /** In order, as for a restart. */
  async stop(): Promise<void> {
    await this.service.stop();
    await this.subject.stop?.();
  }

  propose(request: Partial<ChangeRequest> = {}): ReturnType<ChangeService['propose']> {
    return this.service.propose({
      subject: this.subject.name,
      proposal: this.subject.proposal,
      word: OPERATOR,
      trial: minutes(5),
      confirmedBy: 'word',
      ...request,
    });
  }

  /** A word over a connection that was opened just now. */
  confirm(id: Change['id']): ReturnType<ChangeService['confirm']> {
    return this.service.confirm({ id, word: OPERATOR, connection: { openedAt: this.clock.now() } });
  }

  /** Time goes by on all clocks, a second at a time; what falls due happens. */
  async advance(length: number): Promise<void> {
    for (let left = length; left >= 0; left -= 1000) {
      this.clock.advance(Math.min(left, 1000));
      await settled();
    }
  }

  /** Somebody sets the wall clock. */
  setWall(by: number): void {
    this.#offset += by;
    this.clock.set(this.clock.now() + by);
  }

  /** The machine sleeps: wall and boot-time clock go on, timers stand still. */
  suspend(length: number): void {
    this.clock.set(this.clock.now() + length);
  }

  kill(): void {
    this.#life.kill();
  }

  /** The machine loses power and boots: memory and kernel are gone, of the disk what had to stay. */
  async cutPower(): Promise<void> {
    this.kill();
    this.disk.cutPower(this.#random);
    await this.#bootAnew();
  }

  /** The machine is booted in order; the program dies without a word. */
  async reboot(): Promise<void> {
    this.kill();
    await this.#bootAnew();
  }

  async #bootAnew(): Promise<void> {
    this.#boots++;
    this.#offset = this.clock.now() - 20_000;
    this.#kernel = this.#newKernel();
    await this.boot();
  }

  /** Timeouts of elements run on a clock that nobody sets. */
  #newKernel(): FakeKernel {
    const clock: Clock = { now: () => this.bootClock.now(), after: (delay, run) => this.clock.after(delay, run) };
    return new FakeKernel(clock);
  }

  /** A transaction is a step, reading is none. */
  #nftOf(life: Life): NftPort {
    const nft = this.#kernel.open();
    return {
      ensure: (table) => life.step('kernel ensure', () => nft.ensure(table)),
      drop: (table) => life.step('kernel drop', () => nft.drop(table)),
      commit: (table, ops) => life.step('kernel commit', () => nft.commit(table, ops)),
      load: (table, set, keys) => life.step('kernel load', () => nft.load(table, set, keys)),
      find: (table, set, keys) => life.look(() => nft.find(table, set, keys)),
      count: (table, set) => life.look(() => nft.count(table, set)),
      fingerprint: (table) => life.look(() => nft.fingerprint(table)),
      baseChains: () => life.look(() => nft.baseChains()),
      watch: (table, seen) => life.look(() => nft.watch(table, seen)),
      list: (table, set) => life.look(() => nft.list(table, set)),
      counters: (table) => life.look(() => nft.counters(table)),
      localAddresses: () => life.look(() => nft.localAddresses()),
      close: () => nft.close(),
    };
  }

  #storeOf(life: Life): StorePort {
    const { store } = this;
    return {
      commit: (ops, options) => life.step('store commit', () => store.commit(ops, options)),
      get: (key) => life.look(() => store.get(key)),
      getBytes: (key) => life.look(() => store.getBytes(key)),
      entries: (range) => store.entries(range),
      pages: (range) => store.pages(range),
      openings: store.openings,
      health: () => store.health(),
    };
  }
}
