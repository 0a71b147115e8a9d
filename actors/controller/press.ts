import { uuidv7 } from '../../core/base/ids.ts';
import type { Clock, Random } from '../../core/base/ports.ts';
import { fail, ok, type Result } from '../../core/base/result.ts';
import { days, hours, type Millis, plus } from '../../core/base/time.ts';
import { generations } from '../../core/controller/records.ts';
import { nextGeneration } from '../../core/link/generations.ts';
import { lineOf, type Order, type OrderBody } from '../../core/link/order.ts';
import { type SealedOrder, seal } from '../link-wire/index.ts';
import type { Records } from '../store/index.ts';
import type { KeyFolder, SigningKey } from './key-folder.ts';

/** An order that is signed and not published yet. */
export interface Pressed extends SealedOrder {
  readonly order: Order;
}

/** An order that is to be numbered. */
export interface Wanted {
  readonly body: OrderBody;
  readonly to: string | 'everybody';
  /** A generation that is said to be there; see `nextGeneration`. */
  readonly above?: number;
}

export interface PressDeps {
  readonly tenant: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly records: Records;
  readonly keys: KeyFolder;
}

/** What is retained stands until another takes its place; the time is there for a key that was lost. */
const STANDS = days(3650);
const COMMAND_STANDS = hours(1);

/** Makes orders: numbers them, and signs them with the keys that are here. */
export class Press {
  readonly #deps: PressDeps;

  constructor(deps: PressDeps) {
    this.#deps = deps;
  }

  key(name: string): Promise<Result<SigningKey, 'refused'>> {
    return this.#deps.keys.key(name);
  }

  /**
   * Signs orders of lines. Their numbers are written down before they are given out, so none is given twice.
   * @returns one for each, in their order
   */
  async numbered(
    wanted: readonly Wanted[],
    signers: readonly SigningKey[],
  ): Promise<Result<readonly Result<Pressed, 'refused'>[], 'failed'>> {
    const { records } = this.#deps;
    const counted = await records.write(
      async (writes) => {
        const keys = wanted.map(({ body, to }) => [lineOf(body) ?? '', to] as const);
        const last = new Map(
          await Promise.all(keys.map(async (key) => [key.join(), (await writes.get(generations, key)) ?? 0] as const)),
        );
        const given: number[] = [];
        for (const [i, key] of keys.entries()) {
          const generation = nextGeneration(last.get(key.join()) ?? 0, wanted[i]?.above ?? 0);
          last.set(key.join(), generation);
          await writes.put(generations, key, generation);
          given.push(generation);
        }
        return given;
      },
      { sync: true },
    );
    if (!counted.ok) return fail('failed', counted.public);
    return ok(wanted.map(({ body, to }, i) => this.signed(body, { to, signers, generation: counted.value[i] ?? 0 })));
  }

  async one(wanted: Wanted, signers: readonly SigningKey[]): Promise<Result<Pressed, 'refused' | 'failed'>> {
    const made = await this.numbered([wanted], signers);
    return made.ok ? (made.value[0] as Result<Pressed, 'refused'>) : made;
  }

  /** A command; who is away gets it as long as it stands. */
  command(
    body: OrderBody,
    to: string,
    signer: SigningKey,
    stands: Millis = COMMAND_STANDS,
  ): Result<Pressed, 'refused'> {
    return this.signed(body, { to, signers: [signer], generation: 0, stands });
  }

  signed(
    body: OrderBody,
    {
      to,
      signers,
      generation,
      stands = STANDS,
    }: {
      readonly to: string | 'everybody';
      readonly signers: readonly SigningKey[];
      readonly generation: number;
      readonly stands?: Millis;
    },
  ): Result<Pressed, 'refused'> {
    const { clock, random, tenant } = this.#deps;
    const now = clock.now();
    const head = {
      id: uuidv7(now, random),
      tenant,
      appliance: to,
      generation,
      issuedAt: now,
      notAfter: plus(now, stands),
    };
    const order: Order = { ...head, ...body };
    const sealed = seal(order, signers);
    return sealed.ok ? ok({ ...sealed.value, order }) : fail('refused', sealed.public);
  }
}
