import { timingSafeEqual } from 'node:crypto';
import { type ActorRefFrom, createActor, type SnapshotFrom } from 'xstate';
import { formatClaimCode, readClaimCode } from '../../core/api/claim-code.ts';
import type { ClaimRefusal } from '../../core/api/identity.ts';
import type { Clock, Log, Random } from '../../core/base/ports.ts';
import { type Failure, fail, type Result } from '../../core/base/result.ts';
import { type Millis, plus } from '../../core/base/time.ts';
import { identityKeys } from '../../core/keys/identity-keys.ts';
import type { StoreOp } from '../store/index.ts';
import { sha256, timersOf } from './effects.ts';
import { CLAIM_TRIES, CODE_LIFETIME, claimMachine } from './machine.ts';
import type { OrderedWriter } from './writer.ts';

/** The claim as it is kept: to be shown, never to be continued, since every start makes a new code. */
export interface ClaimRecord {
  /** SHA-256 of the code's bare characters. */
  readonly code: string;
  readonly createdAt: Millis;
  readonly expiresAt: Millis;
  readonly wrongTries: number;
}

export interface ClaimDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly writer: OrderedWriter;
}

export type ClaimStanding = 'open' | 'claimed' | 'expired' | 'exhausted';

/** Writes the new admin's credentials together with `also`, all or nothing. */
export type Grant<V> = (also: readonly StoreOp[]) => Promise<Result<V, 'failed'>>;

/** The one-time claim of an appliance that nobody administers yet. */
export class Claim {
  readonly #deps: ClaimDeps;
  readonly #machine: ActorRefFrom<typeof claimMachine>;
  #record: ClaimRecord | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(deps: ClaimDeps, isClaimed: boolean) {
    this.#deps = deps;
    const machine = claimMachine.provide({ actions: { forgetCode: () => this.#forget() } });
    this.#machine = createActor(machine, { input: { isClaimed }, clock: timersOf(deps.clock) });
  }

  /** Starts the lifetime. @returns the code, to be printed and then forgotten; undefined when the appliance is claimed */
  start(): string | undefined {
    this.#machine.start();
    if (this.claimed()) return undefined;
    const { clock, random } = this.#deps;
    const code = formatClaimCode(random.bytes(16));
    const createdAt = clock.now();
    const expiresAt = plus(createdAt, CODE_LIFETIME);
    this.#record = { code: sha256(readClaimCode(code) ?? ''), createdAt, expiresAt, wrongTries: 0 };
    return code;
  }

  /** What the store should hold of this claim now. */
  ops(): readonly StoreOp[] {
    return this.#record === undefined
      ? [{ del: identityKeys.claim }]
      : [{ put: identityKeys.claim, value: this.#record }];
  }

  claimed(): boolean {
    return this.#machine.getSnapshot().matches('claimed');
  }

  /** How the claim stands; only while it is `open` the code is worth anything. */
  standing(): ClaimStanding {
    const snapshot = this.#machine.getSnapshot();
    const ended = (['claimed', 'expired', 'exhausted'] as const).find((state) => snapshot.matches(state));
    return ended ?? 'open';
  }

  /** One attempt after another, so that of two right codes at once the second finds the appliance claimed. */
  attempt<V>(typed: string, peer: string, grant: Grant<V>): Promise<Result<V, ClaimRefusal>> {
    const turn = this.#turn.then(() => this.#attempt(typed, peer, grant));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  stop(): void {
    this.#machine.stop();
  }

  async #attempt<V>(typed: string, peer: string, grant: Grant<V>): Promise<Result<V, ClaimRefusal>> {
    const closed = refusalOf(this.#machine.getSnapshot());
    if (closed !== undefined) return closed;
    // What cannot be a code is a slip or noise, no try: it must not use up the owner's.
    if (readClaimCode(typed) === undefined)
      return fail('wrong', 'that is not a claim code: it has 26 letters and digits');
    if (!this.#isRight(typed)) return await this.#wrong(peer);
    this.#machine.send({ type: 'rightCode' });
    const granted = await grant([{ del: identityKeys.claim }]).catch((cause: unknown) => {
      this.#machine.send({ type: 'storeFailed' });
      throw cause;
    });
    if (granted.ok) {
      this.#record = undefined;
      this.#deps.log('info', 'appliance claimed', { peer });
    }
    this.#machine.send({ type: granted.ok ? 'stored' : 'storeFailed' });
    return granted;
  }

  async #wrong(peer: string): Promise<Failure<ClaimRefusal>> {
    this.#machine.send({ type: 'wrongCode' });
    const { wrongTries } = this.#machine.getSnapshot().context;
    const left = CLAIM_TRIES - wrongTries;
    if (this.#record !== undefined) this.#record = { ...this.#record, wrongTries };
    this.#deps.log('warn', 'wrong claim code', { peer, triesLeft: left });
    await this.#deps.writer.kept(this.ops());
    return fail('wrong', left > 0 ? `wrong claim code, ${left} tries left` : 'wrong claim code, no tries left');
  }

  #isRight(typed: string): boolean {
    const plain = readClaimCode(typed);
    if (plain === undefined || this.#record === undefined) return false;
    return timingSafeEqual(Buffer.from(sha256(plain)), Buffer.from(this.#record.code));
  }

  #forget(): void {
    if (this.#record === undefined) return;
    this.#record = undefined;
    this.#deps.writer.inBackground(this.ops());
  }
}

const NEW_CODE = 'restart the appliance for a new one';

function refusalOf(snapshot: SnapshotFrom<typeof claimMachine>): Failure<ClaimRefusal> | undefined {
  if (snapshot.matches('claimed')) return fail('already_claimed', 'this appliance has been claimed');
  if (snapshot.matches('expired')) return fail('expired', `the claim code has expired; ${NEW_CODE}`);
  if (snapshot.matches('exhausted')) {
    return fail('exhausted', `the claim code is void after ${CLAIM_TRIES} wrong tries; ${NEW_CODE}`);
  }
  return undefined;
}
