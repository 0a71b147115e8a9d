import type { Clock, Log } from '../../core/base/ports.ts';
import { messageOf, type Result } from '../../core/base/result.ts';
import { type Millis, millis, plus, seconds } from '../../core/base/time.ts';
import type { Command } from '../../core/link/order.ts';
import type { Commands } from './commands.ts';
import type { Desires } from './desires.ts';
import type { Member } from './fleet.ts';
import type { SigningKey } from './key-folder.ts';
import type { StandingOrders } from './standing-orders.ts';

export interface ConfirmerDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly commands: Commands;
  readonly desires: Desires;
  readonly orders: StandingOrders;
  readonly signer: () => Promise<Result<SigningKey, 'refused'>>;
}

type Confirm = Extract<Command, { kind: 'confirm' }>;

/** Confirmed again when the appliance still reports it after so long. */
const AGAIN = seconds(15);
/** A confirmation stands for so long. */
const STANDS = seconds(300);
/** From the first that is to be confirmed to the batch of them. */
const SOON = millis(50);
const AT_ONCE = 200;

/**
 * Confirms what the fleet desired once an appliance was heard after it: who can name the nonce has what was reported after the
 * change was in place. What another controller has ordered counts by its signature, as it stands at the appliance's topic: the shard
 * may have changed hands since. What somebody at the appliance put on trial is left to people.
 */
export class Confirmer {
  readonly #deps: ConfirmerDeps;
  readonly #confirmed = new Map<string, { readonly nonce: string; readonly at: Millis }>();
  readonly #pending = new Map<string, Member>();
  /** Those whose orders were asked for. */
  readonly #waiting = new Map<string, Member>();
  #cancel: (() => void) | undefined;

  constructor(deps: ConfirmerDeps) {
    this.#deps = deps;
    deps.orders.onFound((serial) => {
      const member = this.#waiting.get(serial);
      this.#waiting.delete(serial);
      if (member !== undefined) this.heard(member);
    });
  }

  heard(member: Member): void {
    const change = member.standing?.change;
    const isOurs = change?.state === 'awaiting' && change.nonce !== undefined && change.order !== undefined;
    if (!isOurs) {
      this.#forget(member.serial);
      return;
    }
    const last = this.#confirmed.get(member.serial);
    if (last?.nonce === change.nonce && plus(last.at, AGAIN) > this.#deps.clock.now()) return;
    this.#pending.set(member.serial, member);
    this.#cancel ??= this.#deps.clock.after(SOON, () => void this.#run());
  }

  /** Somebody else serves their shard now. */
  left(shard: number): void {
    for (const { serial, shard: own } of [...this.#waiting.values()]) if (own === shard) this.#forget(serial);
  }

  stop(): void {
    this.#cancel?.();
  }

  #forget(serial: string): void {
    this.#confirmed.delete(serial);
    this.#waiting.delete(serial);
    this.#deps.orders.forget(serial);
  }

  async #run(): Promise<void> {
    const some = [...this.#pending.values()].slice(0, AT_ONCE);
    for (const { serial } of some) this.#pending.delete(serial);
    try {
      await this.#confirm(some);
    } catch (cause) {
      this.#deps.log('error', 'changes could not be confirmed', { cause: messageOf(cause) });
    }
    this.#cancel = this.#pending.size === 0 ? undefined : this.#deps.clock.after(SOON, () => void this.#run());
  }

  async #confirm(members: readonly Member[]): Promise<void> {
    const { clock, commands, desires, orders, signer, log } = this.#deps;
    const words = new Map<string, Confirm>();
    const unknown: string[] = [];
    for (const member of members) {
      const { serial, standing } = member;
      const change = standing?.change;
      if (change?.nonce === undefined || change.order === undefined) continue;
      if (!orders.stands(serial, change.order) && !(await desires.isIssued(serial, change.order))) {
        this.#waiting.set(serial, member);
        unknown.push(serial);
        continue;
      }
      words.set(serial, { kind: 'confirm', change: change.id, nonce: change.nonce });
      this.#confirmed.set(serial, { nonce: change.nonce, at: clock.now() });
    }
    orders.ask(unknown);
    if (words.size === 0) return;
    const key = await signer();
    if (!key.ok) {
      log('error', 'changes cannot be confirmed', { cause: key.public });
      return;
    }
    const about = 'what was desired, after it was heard';
    await commands.send([...words.keys()], (serial) => words.get(serial), { signer: key.value, stands: STANDS, about });
  }
}
