import type { BrokerLink, Publication } from '../../../actors/controller/broker-link.ts';
import { Fleet } from '../../../actors/controller/fleet.ts';
import { Happenings } from '../../../actors/controller/happenings.ts';
import { KeyFolder, type SigningKey } from '../../../actors/controller/key-folder.ts';
import { Outgoing } from '../../../actors/controller/outgoing.ts';
import { Press } from '../../../actors/controller/press.ts';
import { makeSigner } from '../../../actors/link-wire/index.ts';
import { createRecords, MemoryStore, type Records } from '../../../actors/store/index.ts';
import { serialOf } from '../../../core/field/serial.ts';
import { seededRandom } from '../seeded-random.ts';
import { SimulatedClock } from '../simulated-clock.ts';

/** A broker that takes what is published, holds it back, or loses the connection over it. */
export class UnsteadyBroker implements BrokerLink {
  isConnected = true;
  /** What becomes of the next publications. */
  mode: 'taken' | 'held' | 'lost' = 'taken';
  readonly published: Publication[] = [];
  readonly #held: (() => void)[] = [];

  async publish(publication: Publication): Promise<void> {
    if (this.mode === 'lost') throw new Error('connection closed');
    this.published.push(publication);
    if (this.mode === 'held') await new Promise<void>((go) => this.#held.push(go));
  }

  release(): void {
    this.mode = 'taken';
    for (const go of this.#held.splice(0)) go();
  }

  async subscribe(): Promise<void> {}
  async unsubscribe(): Promise<void> {}
  async close(): Promise<void> {}
}

/** A store that counts how often it is looked through. */
class CountingStore extends MemoryStore {
  iterations = 0;

  override entries<V>(
    range: Parameters<MemoryStore['entries']>[0],
  ): ReturnType<typeof MemoryStore.prototype.entries<V>> {
    this.iterations++;
    return super.entries<V>(range);
  }
}

/** What the parts of a controller have that make orders, without its files. */
export async function pressingSite() {
  const [clock, random] = [new SimulatedClock(), seededRandom(1)];
  const store = new CountingStore();
  const records: Records = createRecords(store);
  const broker = new UnsteadyBroker();
  const link = (): BrokerLink => broker;
  const logged: string[] = [];
  const log = (_: string, message: string): void => void logged.push(message);
  const happenings = new Happenings(clock);
  const fleet = await Fleet.open(records, happenings);
  const press = new Press({ tenant: 'acme', clock, random, records, keys: new KeyFolder('/nowhere', random) });
  const { pem: _, ...key } = makeSigner(random.bytes(32));
  const signer: SigningKey = { ...key, name: 'ops' };
  /** Appliances that this controller serves; all of `members`, unless a test says otherwise. */
  const served = new Set<string>();
  const outgoing = () =>
    new Outgoing({ tenant: 'acme', clock, log, records, link, serves: (serial) => served.has(serial) });
  const members = (count: number) =>
    Array.from({ length: count }, (_, i) => {
      const member = fleet.heard(serialOf(Buffer.alloc(32, `${i}.`)));
      if (member === undefined) throw new Error('the book is full');
      served.add(member.serial);
      return member;
    });
  return {
    clock,
    random,
    store,
    records,
    broker,
    log,
    logged,
    happenings,
    fleet,
    press,
    signer,
    outgoing,
    members,
    served,
  };
}

/** What was begun before this has had its chance. */
export const settled = (): Promise<void> => new Promise((go) => setImmediate(go));
