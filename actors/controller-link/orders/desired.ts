import type { Clock, Log, Random } from '../../../core/base/ports.ts';
import { messageOf, ok, type Result } from '../../../core/base/result.ts';
import type { Change, ChangeId, Word } from '../../../core/change/change.ts';
import { type DesiredEvent, decideDesired, noted } from '../../../core/link/desired.ts';
import type { Taken } from '../../../core/link/generations.ts';
import { type Hex, hexOf } from '../../../core/link/hex.ts';
import type { Accepted } from '../../../core/link/judge.ts';
import type { Desired } from '../../../core/link/order.ts';
import type { DesiredTrial } from '../../../core/link/order-books.ts';
import type { BookChange, NotKept, OrderBench } from './bench.ts';
import type { Nonce, OrdersDesk } from './desk.ts';

const NONCE_BYTES = 16;
/** Changes that are looked through for one whose id nobody came to write down. */
const LATEST = 20;

export interface DesiredDeps {
  readonly bench: OrderBench;
  readonly desk: Pick<OrdersDesk, 'desired' | 'changes' | 'audit'>;
  /** Opens a connection anew, which proves that it can be opened as things stand. */
  readonly reconnect: () => void;
  readonly reportSoon: () => void;
  readonly broker: () => string;
  /** Hands an envelope over once more: what it waited for is over. */
  readonly again: (envelope: Uint8Array) => void;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Random;
  readonly log: Log;
}

/**
 * Brings what the fleet desires about through the changes, on trial and confirmed by the fleet's word over a connection that was
 * opened after the change. What is about to be proposed is written down first, so that a start in the midst of it knows
 * its own change again and no configuration is tried twice.
 */
export class DesiredKeeper {
  readonly #deps: DesiredDeps;
  #nonce: Nonce | undefined;
  /** The newest order that came while another change was on trial. */
  #held: Held | undefined;
  #isProposing = false;
  #unsubscribe: (() => void) | undefined;
  #steps: Promise<unknown> = Promise.resolve();

  constructor(deps: DesiredDeps) {
    this.#deps = deps;
  }

  /** Of the change that is in place, over the present connection. */
  get nonce(): (Nonce & { readonly order?: Hex }) | undefined {
    const { trial } = this.#deps.bench;
    if (this.#nonce === undefined) return undefined;
    return trial?.change === this.#nonce.change ? { ...this.#nonce, order: trial.order.order } : this.#nonce;
  }

  /** Takes up a trial that an earlier process has left. */
  async resume(): Promise<void> {
    const { bench, desk } = this.#deps;
    this.#unsubscribe = desk.changes.onChange((change) => this.#step(() => this.#changed(change)));
    const { trial } = bench;
    if (trial === undefined) return;
    const change = await this.#changeOf(trial);
    // Nothing came of it: the order is there still, and new.
    if (change === undefined && trial.change === undefined) await this.#write({ trial: undefined });
    else if (change === undefined) await this.#end(trial, { kind: 'reverted', text: 'what became of it is not known' });
    else await this.#began(trial, change);
  }

  stop(): void {
    this.#unsubscribe?.();
  }

  /** A connection stands: it proves what is in place. */
  opened(): void {
    const pending = this.#deps.desk.changes.pending();
    this.#nonce =
      pending?.change.state === 'awaiting'
        ? { change: pending.change.id, nonce: hexOf(this.#deps.random.bytes(NONCE_BYTES)) }
        : undefined;
  }

  closed(): void {
    this.#nonce = undefined;
  }

  /** An order that the judge accepted. Resolves when what must not be lost is written down. */
  async take({ order, digest, signers: [signer] }: Accepted, envelope: Uint8Array): Promise<void> {
    if (order.kind !== 'desired') return;
    const { bench, desk, reportSoon, clock } = this.#deps;
    const taken: Taken = { generation: order.generation, order: digest };
    const step = decideDesired(bench.desired, order, digest, this.#other());
    if (step.kind === 'nothing') return;
    if (step.kind !== 'propose') {
      if (step.kind === 'waiting') this.#hold({ generation: order.generation, envelope });
      await this.#note(taken, step);
      return;
    }
    const read = desk.desired.read(order.desired);
    if (!read.ok) {
      const refusal = { kind: 'refused', text: read.public } as const;
      await this.#audit(taken, signer.name, refusal);
      await this.#note(taken, refusal);
      return;
    }
    const trial: DesiredTrial = {
      order: taken,
      key: signer.name,
      at: clock.now(),
      change: undefined,
      decided: read.value,
    };
    if (!(await this.#write({ trial })).ok) return;
    this.#isProposing = true;
    const word: Word = { actor: signer.name, origin: 'controller', peer: this.#deps.broker() };
    this.#step(() => this.#propose(order.desired, { trial, word, envelope }));
    reportSoon();
  }

  /** What keeps a configuration from being proposed now, for people. */
  #other(): string | undefined {
    const pending = this.#deps.desk.changes.pending();
    if (pending !== undefined) return pending.change.summary;
    return this.#isProposing || this.#deps.bench.trial !== undefined ? 'an earlier order of the fleet' : undefined;
  }

  async #propose(
    { trial: length }: Desired,
    { trial, word, envelope }: { trial: DesiredTrial; word: Word; envelope: Uint8Array },
  ): Promise<void> {
    const { desired } = this.#deps.desk;
    try {
      const proposed = await desired.propose(trial.decided, { word, trial: length });
      switch (proposed.kind) {
        case 'on_trial':
          return await this.#began(trial, proposed.change);
        case 'same':
          return await this.#end(trial, { kind: 'confirmed' });
        case 'pending':
          this.#hold({ generation: trial.order.generation, envelope });
          await this.#write({ trial: undefined });
          await this.#note(trial.order, { kind: 'waiting', text: proposed.text });
          return;
        default:
          return await this.#end(trial, {
            kind: proposed.kind === 'failed' ? 'reverted' : 'refused',
            text: proposed.text,
          });
      }
    } finally {
      this.#isProposing = false;
      if (this.#other() === undefined) this.#release();
    }
  }

  /** It is a change now, or was one. */
  async #began(trial: DesiredTrial, change: Change): Promise<void> {
    const { desk } = this.#deps;
    const ours = { ...trial, change: change.id };
    await this.#write(({ desired }) => ({
      trial: ours,
      desired: noted(desired, trial.order, { kind: 'on_trial' }),
    }));
    const now = (await desk.changes.get(change.id)) ?? change;
    if (isEnded(now)) await this.#end(ours, endOf(now));
  }

  async #changed(change: Change): Promise<void> {
    const { bench, reconnect, reportSoon, broker } = this.#deps;
    const { trial } = bench;
    if (change.state === 'awaiting' && this.#nonce?.change !== change.id) reconnect();
    if (isEnded(change)) {
      this.#nonce = undefined;
      if (trial?.change === change.id) await this.#end(trial, endOf(change));
      this.#release();
      // What has cut the link off may be undone: nobody waits out a pause for that.
      if (broker() === '') reconnect();
    }
    reportSoon();
  }

  /** What waited has its turn. */
  #release(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.#deps.again(held.envelope);
  }

  /** An older one that comes again does not displace it. */
  #hold(held: Held): void {
    if (this.#held === undefined || this.#held.generation <= held.generation) this.#held = held;
  }

  async #end({ order, key, decided }: DesiredTrial, event: Ending): Promise<void> {
    await this.#audit(order, key, event);
    const now = event.kind === 'confirmed' ? { decided } : {};
    await this.#write(({ desired }) => ({ ...now, trial: undefined, desired: noted(desired, order, event) }));
    this.#deps.reportSoon();
  }

  #audit(order: Taken, actor: string, event: Ending): Promise<void> {
    const { desk, broker } = this.#deps;
    return desk.audit({
      action: 'order_desired',
      target: `generation ${order.generation}`,
      actor,
      details: { state: event.kind, text: 'text' in event ? event.text : '' },
      order: undefined,
      isRefused: event.kind !== 'confirmed',
      broker: broker(),
    });
  }

  async #note(order: Taken, event: DesiredEvent): Promise<void> {
    await this.#write(({ desired }) => ({ desired: noted(desired, order, event) }));
    this.#deps.reportSoon();
  }

  async #write(change: BookChange): Promise<Result<void, NotKept>> {
    const written = await this.#deps.bench.write(change);
    if (written.ok) return ok(undefined);
    this.#deps.log('error', 'how the desired configuration stands cannot be kept', { error: written.public });
    return written;
  }

  /** The change that a trial has become, on trial still or ended. */
  async #changeOf({ change: id, at }: DesiredTrial): Promise<Change | undefined> {
    const { changes } = this.#deps.desk;
    const pending = changes.pending()?.change;
    if (id !== undefined) return pending?.id === id ? pending : changes.get(id as ChangeId);
    const isOurs = ({ subject, word, proposedAt }: Change): boolean =>
      subject === 'settings' && word.origin === 'controller' && proposedAt >= at;
    if (pending !== undefined && isOurs(pending)) return pending;
    return (await changes.list(LATEST)).find(isOurs);
  }

  #step(run: () => Promise<void>): void {
    this.#steps = this.#steps.then(run).catch((cause: unknown) => {
      this.#deps.log('error', 'a step of the desired configuration failed', { error: messageOf(cause) });
    });
  }
}

interface Held {
  readonly generation: number;
  readonly envelope: Uint8Array;
}

/** How a trial ends, or what was never one. */
type Ending = { readonly kind: 'confirmed' } | { readonly kind: 'reverted' | 'refused'; readonly text: string };

const isEnded = ({ state }: Change): boolean => state === 'confirmed' || state === 'reverted';

const endOf = ({ state, verdict }: Change): Ending =>
  state === 'confirmed' ? { kind: 'confirmed' } : { kind: 'reverted', text: verdict?.why ?? 'it was reverted' };
