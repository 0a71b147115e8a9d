import { envelopeReader } from '../../actors/link-wire/index.ts';
import type { Id } from '../../core/base/ids.ts';
import type { Millis } from '../../core/base/time.ts';
import { CommandWindow, type KeptCommand } from '../../core/link/commands.ts';
import { type DesiredBook, decideDesired, NOTHING_DESIRED, noted } from '../../core/link/desired.ts';
import type { EnvelopeReader } from '../../core/link/envelope.ts';
import { advanced, type Generations } from '../../core/link/generations.ts';
import { type Accepted, judge, type Verdict } from '../../core/link/judge.ts';
import type { KeyRing } from '../../core/link/keys.ts';
import { type Command, lineOf } from '../../core/link/order.ts';
import { NOW, SERIAL, TENANT } from './link-orders.ts';

/** All that orders have changed. */
export interface Effects {
  readonly blocks: Readonly<Record<string, string>>;
  readonly allows: Readonly<Record<string, string>>;
  readonly lists: Readonly<Record<string, number>>;
  readonly desired: DesiredBook['confirmed'];
  readonly keys: number;
  /** What was done in the order of doing. */
  readonly done: readonly Id[];
}

/** An appliance as small as it can be: judges, keeps what has to be kept, and confirms all that is desired at once. */
export class ModelAppliance {
  now: Millis = NOW;
  readonly accepted: Accepted[] = [];
  #ring: KeyRing;
  #taken: Generations = new Map();
  #commands = new CommandWindow();
  #kept: KeptCommand[] = [];
  #desired: DesiredBook = NOTHING_DESIRED;
  readonly #reader: EnvelopeReader;
  readonly #blocks: Record<string, string> = {};
  readonly #allows: Record<string, string> = {};
  readonly #lists: Record<string, number> = {};
  readonly #done: Id[] = [];

  constructor(ring: KeyRing, reader: EnvelopeReader = envelopeReader) {
    this.#ring = ring;
    this.#reader = reader;
  }

  deliver(bytes: Uint8Array): Verdict {
    const verdict = judge(bytes, {
      reader: this.#reader,
      recipient: { tenant: TENANT, role: 'appliance', serial: SERIAL },
      ring: this.#ring,
      taken: this.#lines(),
      commands: this.#commands,
      clock: { now: this.now, isSet: true },
    });
    if (verdict.kind === 'accepted' && this.#act(verdict)) this.accepted.push(verdict);
    return verdict;
  }

  /** Forgets what may be forgotten, and comes back with what is on disk. */
  restart(): void {
    const over = new Set(this.#commands.forget(this.now));
    this.#kept = this.#kept.filter(({ id }) => !over.has(id));
    this.#commands = new CommandWindow({ commands: structuredClone(this.#kept), floor: this.#commands.floor });
  }

  get effects(): Effects {
    return {
      blocks: this.#blocks,
      allows: this.#allows,
      lists: this.#lists,
      desired: this.#desired.confirmed,
      keys: this.#ring.generation,
      done: this.#done,
    };
  }

  #lines(): Generations {
    const { taken } = this.#desired;
    return taken === undefined ? this.#taken : advanced(this.#taken, 'desired', taken);
  }

  #act({ order, digest }: Accepted): boolean {
    const taken = { generation: order.generation, order: digest };
    switch (order.kind) {
      case 'command':
        this.#kept.push(this.#commands.take(order));
        this.#command(order.command);
        this.#done.push(order.id);
        return true;
      case 'keys':
        this.#ring = { generation: order.generation, keys: order.keys.keys };
        return true;
      case 'desired': {
        const step = decideDesired(this.#desired, order, digest, undefined);
        if (step.kind === 'conflict') this.#desired = noted(this.#desired, taken, step);
        if (step.kind !== 'propose') return false;
        this.#desired = noted(noted(this.#desired, taken, { kind: 'on_trial' }), taken, { kind: 'confirmed' });
        break;
      }
      case 'list':
        this.#lists[order.list.name] = order.list.withdrawn ? 0 : order.list.entries;
        break;
      case 'lease':
        throw new Error('an appliance does nothing about leases');
    }
    if (order.kind === 'list') this.#taken = advanced(this.#taken, lineOf(order) ?? '', taken);
    return true;
  }

  #command(command: Command): void {
    if (command.kind === 'block' || command.kind === 'unblock') this.#blocks[command.target] = command.kind;
    if (command.kind === 'allow' || command.kind === 'remove_allow') this.#allows[command.target] = command.kind;
  }
}
