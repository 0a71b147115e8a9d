import type { Subject } from '../../../actors/change/index.ts';
import type { OrdersLink } from '../../../actors/controller-link/link.ts';
import type {
  By,
  Deeds,
  OrderNote,
  OrdersDesk,
  Outcome,
  Proposed,
} from '../../../actors/controller-link/orders/desk.ts';
import { Orders } from '../../../actors/controller-link/orders/orders.ts';
import type { Outgoing } from '../../../actors/controller-link/port.ts';
import { decodeResult } from '../../../actors/link-wire/index.ts';
import { createRecords, MemoryStore, type StorePort } from '../../../actors/store/index.ts';
import { fail, ok } from '../../../core/base/result.ts';
import type { Millis } from '../../../core/base/time.ts';
import type { Hex } from '../../../core/link/hex.ts';
import type { Command, OrderResult } from '../../../core/link/order.ts';
import type { Decided, HeldList } from '../../../core/link/order-books.ts';
import type { RunId } from '../../../core/link/reported.ts';
import { parseTopic, topicOf } from '../../../core/link/topics.ts';
import type { ListColumns } from '../../../core/respond/lists/columns.ts';
import { FakeChanges } from '../fake-changes.ts';
import { NOW, SERIAL, setOf, TENANT, type TestKey } from '../link-orders.ts';
import { seededRandom } from '../seeded-random.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import { identityOf } from './link-site.ts';

/** Never comes to an end: what a killed process had under way. */
const never = <T>(): Promise<T> => new Promise(() => {});

/** What survives a process: disk, kernel, settings, the broker. */
export class OrdersWorld {
  readonly clock = new SimulatedClock(NOW);
  readonly disk = new MemoryStore();
  readonly blocks = new Map<string, string>();
  readonly deeds: string[] = [];
  readonly notes: OrderNote[] = [];
  readonly lists = new Map<string, { readonly held: HeldList; readonly columns: ListColumns }>();
  readonly parts = new Map<Hex, Uint8Array>();
  /** Why a list that is in force now is none that was taken. */
  listTrouble: string | undefined;
  readonly published: Outgoing[] = [];
  readonly settings = new Map<string, unknown>();
  readonly changes: FakeChanges;
  readonly keys: readonly TestKey[];
  restarts = 0;
  isClockSet = true;
  /** Results reach the broker, which acknowledges none. */
  isMute = false;
  /** Scans come to no end. */
  isScanning = false;
  tenant = TENANT;
  enrolledAt: Millis = NOW;
  /** What proposals come to instead. */
  refusing: Proposed | undefined;

  constructor(...keys: readonly TestKey[]) {
    this.keys = keys;
    this.changes = new FakeChanges(this.clock, [this.#subject()]);
  }

  get results(): readonly OrderResult[] {
    return this.published.flatMap(({ topic, payload }) => {
      const read = parseTopic(topic)?.kind === 'result' ? decodeResult(payload) : undefined;
      return read?.ok ? [read.value] : [];
    });
  }

  resultOf(id: string): OrderResult | undefined {
    return this.results.findLast((one) => one.id === id);
  }

  /** Settings as a map that a trial changes and puts back. */
  #subject(): Subject {
    let before: ReadonlyMap<string, unknown> = new Map();
    return {
      name: 'settings',
      prepare: async (proposal) =>
        ok({
          plan: proposal,
          summary: 'settings',
          parts: [],
          before: '',
          after: '',
          spans: 'nothing',
          snapshot: { files: [] },
        }),
      apply: async (plan) => {
        before = new Map(this.settings);
        for (const { path, value } of plan as readonly Decided[]) this.settings.set(path, value);
        return ok({ takesEffect: 'now' });
      },
      resume: async () => ok(undefined),
      confirm: async () => ok(undefined),
      revert: async () => {
        this.settings.clear();
        for (const [path, value] of before) this.settings.set(path, value);
        return ok({ takesEffect: 'now' });
      },
      look: async () => ok('after'),
      probes: () => [],
    };
  }
}

/** One life of the process that obeys. */
export class OrdersLife {
  readonly world: OrdersWorld;
  readonly orders: Orders;
  reconnects = 0;
  /** It dies at this commit, counted from now; before or after it reached the disk. */
  dying: { commits: number; readonly isKept: boolean } | undefined;
  isDead = false;
  #connection = 0;

  constructor(world: OrdersWorld) {
    this.world = world;
    this.orders = new Orders({
      link: this.#link(),
      desk: this.#desk(),
      records: createRecords(this.#store()),
      clock: this.#clock(),
      random: seededRandom(),
      log: () => {},
      isClockSet: () => world.isClockSet,
    });
  }

  kill(): void {
    this.isDead = true;
  }

  /** A connection stands. */
  open(): void {
    this.orders.opened({ connection: ++this.#connection, broker: 'mqtts://broker' });
  }

  deliver(payload: Uint8Array): Promise<void> {
    const topic = topicOf({ tenant: TENANT, serial: SERIAL }, { kind: 'cmd' });
    return this.orders.receive({ topic, payload, isRetained: false });
  }

  #link(): OrdersLink {
    const { world } = this;
    return {
      get identity() {
        const keys = setOf(...world.keys);
        return { ...identityOf(NOW), tenant: world.tenant, serial: SERIAL, keys, enrolledAt: world.enrolledAt };
      },
      run: 'ab'.repeat(16) as RunId,
      send: async (message) => {
        if (this.isDead) return never();
        if (this.#connection === 0) return fail('not_connected', 'no connection');
        world.published.push(message);
        return world.isMute ? never() : ok(undefined);
      },
      subscribe: async (filters) => {
        for (const filter of filters) {
          const topic = parseTopic(filter);
          const payload = topic?.kind === 'list_part' ? world.parts.get(topic.sha256) : undefined;
          if (payload !== undefined) void this.orders.receive({ topic: filter, payload, isRetained: true });
        }
        return ok(undefined);
      },
      unsubscribe: async () => ok(undefined),
      reconnect: () => {
        this.reconnects++;
      },
      reportSoon: () => {},
      reportNow: () => {},
      replay: async () => ok({ numbers: 3 }),
    };
  }

  #clock() {
    const { clock } = this.world;
    return {
      now: () => clock.now(),
      after: (delay: Millis, run: () => void) => clock.after(delay, () => !this.isDead && run()),
    };
  }

  #store(): StorePort {
    const { disk } = this.world;
    return {
      commit: async (ops, options) => {
        if (this.isDead) return never();
        if (this.dying !== undefined && this.dying.commits-- <= 0) {
          this.isDead = true;
          if (this.dying.isKept) await disk.commit(ops, options);
          return never();
        }
        return disk.commit(ops, options);
      },
      get: (key) => disk.get(key),
      getBytes: (key) => disk.getBytes(key),
      entries: (range) => disk.entries(range),
      pages: (range) => disk.pages(range),
      openings: disk.openings,
      health: () => disk.health(),
    };
  }

  async #do(command: Command, { id }: By, deed: () => void): Promise<Outcome> {
    if (this.isDead) return never();
    this.world.deeds.push(`${command.kind} ${id}`);
    deed();
    return { state: 'done', text: 'done' };
  }

  #desk(): OrdersDesk {
    const { world } = this;
    const put = (target: string, what: string) => () => void world.blocks.set(target, what);
    const deeds: Deeds = {
      block: (command, by) => this.#do(command, by, put(command.target, `blocked ${command.reason}`)),
      unblock: (command, by) => this.#do(command, by, put(command.target, 'free')),
      allow: (command, by) => this.#do(command, by, put(`allow ${command.target}`, 'allowed')),
      remove_allow: (command, by) => this.#do(command, by, put(`allow ${command.target}`, 'none')),
      scan: (command, by) => (world.isScanning ? never() : this.#do(command, by, () => {})),
      diagnostics: async (command, by) => {
        const outcome = await this.#do(command, by, () => {});
        return { ...outcome, state: 'done', detail: Uint8Array.of(1, 2, 3) };
      },
    };
    return {
      deeds,
      changes: world.changes,
      audit: async (note) => void (this.isDead || world.notes.push(note)),
      restart: () => void (this.isDead || world.restarts++),
      desired: {
        read: ({ sections }) =>
          ok(
            sections.flatMap(({ name, values }) =>
              Object.entries(values).map(([k, value]) => ({ path: `${name}.${k}`, value })),
            ),
          ),
        propose: (decided, terms) => (this.isDead ? never() : this.#propose(decided, terms)),
        differing: (decided) =>
          decided.filter(({ path, value }) => world.settings.get(path) !== value).map(({ path }) => path),
      },
      lists: this.#lists(),
    };
  }

  async #propose(
    decided: readonly Decided[],
    terms: Parameters<OrdersDesk['desired']['propose']>[1],
  ): Promise<Proposed> {
    const { changes, refusing } = this.world;
    if (refusing !== undefined) return refusing;
    const asked = await changes.propose({ subject: 'settings', proposal: decided, confirmedBy: 'word', ...terms });
    if (asked.ok) return { kind: 'on_trial', change: asked.value };
    return { kind: asked.code === 'pending' ? 'pending' : 'failed', text: asked.public };
  }

  #lists(): OrdersDesk['lists'] {
    const { lists } = this.world;
    const told = () => (this.world.listTrouble === undefined ? ok(undefined) : fail('failed', this.world.listTrouble));
    const dead = (): Promise<void> | undefined => (this.isDead ? never() : undefined);
    return {
      all: () => new Map([...lists].map(([name, { held }]) => [name, held])),
      columnsOf: (name) => lists.get(name)?.columns,
      put: async (name, held, columns) => {
        await dead();
        lists.set(name, { held, columns });
        return told();
      },
      withdraw: async (name) => {
        await dead();
        lists.delete(name);
        return told();
      },
    };
  }
}

/** Lets everything that can go on go on. */
export async function quiet(): Promise<void> {
  for (let i = 0; i < 12; i++) await new Promise((resolve) => setImmediate(resolve));
}
