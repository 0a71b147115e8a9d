import { hash } from 'node:crypto';
import type { Clock, Log } from '../../core/base/ports.ts';
import { messageOf, type Result } from '../../core/base/result.ts';
import { type Millis, millis } from '../../core/base/time.ts';
import { type Difference, differences, merged, needsRebase, parentOf } from '../../core/controller/desired.ts';
import { contents, type DesiredContent, type DesiredRecord, desires } from '../../core/controller/records.ts';
import type { Hex } from '../../core/link/hex.ts';
import type { OrderBody } from '../../core/link/order.ts';
import type { DesiredState } from '../../core/link/reported.ts';
import { topicOf } from '../../core/link/topics.ts';
import type { Records, StoreCode } from '../store/index.ts';
import type { BrokerLink } from './broker-link.ts';
import type { Fleet, Member } from './fleet.ts';
import type { Happenings } from './happenings.ts';
import type { SigningKey } from './key-folder.ts';
import type { Press, Pressed } from './press.ts';

export interface DesiresDeps {
  readonly tenant: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly records: Records;
  readonly fleet: Fleet;
  readonly happenings: Happenings;
  readonly press: Press;
  readonly link: () => BrokerLink;
}

export interface DesireOptions {
  readonly content: DesiredContent;
  readonly merge: boolean;
  readonly over: boolean;
  readonly trial: Millis;
  readonly signer: SigningKey;
}

/** What was issued to one appliance, or why not. */
export type DesireOutcome =
  | { readonly serial: string; readonly generation: number; readonly order: Hex }
  | { readonly serial: string; readonly refused: string };

interface Draft {
  readonly serial: string;
  readonly body: Extract<OrderBody, { kind: 'desired' }>;
  readonly content: DesiredContent;
  readonly above: number;
  readonly history: readonly { readonly generation: number }[];
}

/** Orders of one appliance that are kept for the record. */
const MOST_KEPT = 50;
/** Appliances whose orders are written down in one batch. */
const AT_ONCE = 200;
/** From the first of some that say how they stand to the batch of them. */
const SOON = millis(100);
const NOTHING: DesiredContent = { sections: [], rules: [] };

/** Says what configuration appliances are to have, and keeps what was said. */
export class Desires {
  readonly #deps: DesiresDeps;
  /** The last order issued to each, as far as this run has issued any. */
  readonly #last = new Map<string, Hex>();
  readonly #pending = new Map<string, Heard>();
  #cancel: (() => void) | undefined;

  constructor(deps: DesiresDeps) {
    this.#deps = deps;
  }

  /** Newest first. */
  async history(serial: string): Promise<readonly (DesiredRecord & { readonly generation: number })[]> {
    const found: (DesiredRecord & { readonly generation: number })[] = [];
    for await (const [[, generation], record] of this.#deps.records.list(desires, [serial], { reverse: true })) {
      found.push({ generation, ...record });
    }
    return found;
  }

  /** What is desired of it now; nothing where nothing is. */
  async content(serial: string): Promise<DesiredContent> {
    const [last] = await this.history(serial);
    return last === undefined ? NOTHING : ((await this.#deps.records.get(contents, [last.content])) ?? NOTHING);
  }

  async diff(serial: string, content: DesiredContent, merge: boolean): Promise<readonly Difference[]> {
    const before = await this.content(serial);
    return differences(before, merge ? merged(before, content) : content);
  }

  /** Issues an order to each, retained until the next. */
  async set(members: readonly Member[], options: DesireOptions): Promise<readonly DesireOutcome[]> {
    const outcomes: DesireOutcome[] = [];
    for (let i = 0; i < members.length; i += AT_ONCE) {
      outcomes.push(...(await this.#setSome(members.slice(i, i + AT_ONCE), options)));
    }
    return outcomes;
  }

  /**
   * Notes how an appliance stands, and issues its last order anew where that came too late to follow what it names. Thousands
   * may say so at once: they are looked after one some after the other.
   */
  reported(member: Member, state: DesiredState, signer: SigningKey | undefined): void {
    this.#pending.set(member.serial, { member, state, signer });
    this.#cancel ??= this.#deps.clock.after(SOON, () => void this.#note());
  }

  /** Whether an order is one of those that were issued to an appliance. */
  async isIssued(serial: string, order: Hex): Promise<boolean> {
    if (this.#last.get(serial) === order) return true;
    return (await this.history(serial)).some((one) => one.order === order);
  }

  /**
   * Issues anew what was signed by a key that is believed no longer, and was not taken yet as far as is known.
   * @param isServed of a shard: what another controller may have ordered since is not written over
   */
  async signAnew(key: string, signer: SigningKey, isServed: (shard: number) => boolean): Promise<void> {
    for (const member of this.#deps.fleet.meant({ kind: 'all' })) {
      if (!isServed(member.shard)) continue;
      const [last] = await this.history(member.serial);
      if (last?.key !== key || (last.standing !== undefined && last.standing.is !== 'waiting')) continue;
      await this.#again({ member, signer, content: last.content, trial: last.trial });
    }
  }

  stop(): void {
    this.#cancel?.();
  }

  async #note(): Promise<void> {
    const some = [...this.#pending.values()].slice(0, AT_ONCE);
    for (const { member } of some) this.#pending.delete(member.serial);
    try {
      await this.#noteSome(some);
    } catch (cause) {
      this.#deps.log('error', 'how appliances stand was not written down', { cause: messageOf(cause) });
    }
    this.#cancel = this.#pending.size === 0 ? undefined : this.#deps.clock.after(SOON, () => void this.#note());
  }

  async #noteSome(some: readonly Heard[]): Promise<void> {
    const { records, clock } = this.#deps;
    const at = clock.now();
    const late: Again[] = [];
    await records.write(async (writes) => {
      for (const heard of some) {
        const { member, state } = heard;
        const history = await this.history(member.serial);
        const known = history.find(({ order }) => order === state.order);
        if (known !== undefined && known.standing?.is !== state.standing) {
          const { generation, ...record } = known;
          const standing = { is: state.standing, text: state.text, at };
          await writes.put(desires, [member.serial, generation], { ...record, standing });
        }
        const [last] = history;
        if (last !== undefined && needsRebase(state, history)) late.push({ ...heard, ...last });
      }
    });
    for (const one of late) await this.#again(one);
  }

  async #again({ member, signer, content: name, trial }: Again): Promise<void> {
    const content = await this.#deps.records.get(contents, [name]);
    if (content === undefined || signer === undefined) return;
    const [again] = await this.#setSome([member], { content, merge: false, over: false, trial, signer });
    this.#deps.log('info', 'what is desired was issued anew', { ...again });
  }

  async #setSome(members: readonly Member[], options: DesireOptions): Promise<readonly DesireOutcome[]> {
    const drafts = await Promise.all(members.map((member) => this.#draft(member, options)));
    const made = drafts.flatMap((draft) => ('refused' in draft ? [] : [draft]));
    const pressed = await this.#deps.press.numbered(
      made.map(({ body, serial, above }) => ({ body, to: serial, above })),
      [options.signer],
    );
    if (!pressed.ok) return members.map(({ serial }) => ({ serial, refused: pressed.public }));
    const issued = made.map((draft, i) => ({ draft, pressed: pressed.value[i] as Result<Pressed, 'refused'> }));
    const kept = await this.#keep(issued, options);
    if (!kept.ok) return members.map(({ serial }) => ({ serial, refused: kept.public }));
    const outcomes = issued.map(({ draft: { serial }, pressed: one }): DesireOutcome => {
      if (!one.ok) return { serial, refused: one.public };
      this.#last.set(serial, one.value.digest);
      return { serial, generation: one.value.order.generation, order: one.value.digest };
    });
    void this.#publish(
      issued.flatMap(({ draft: { serial }, pressed: one }) =>
        one.ok ? [{ serial, generation: one.value.order.generation, payload: one.value.bytes }] : [],
      ),
    );
    return [...drafts.flatMap((draft) => ('refused' in draft ? [draft] : [])), ...outcomes];
  }

  async #draft(member: Member, options: DesireOptions): Promise<Draft | { serial: string; refused: string }> {
    const { serial, standing } = member;
    const history = await this.history(serial);
    const parent = parentOf(standing?.desired, history, options.over);
    if (!parent.ok) return { serial, refused: parent.public };
    const content = options.merge ? merged(await this.content(serial), options.content) : options.content;
    const body = { kind: 'desired', desired: { parent: parent.value, ...content, trial: options.trial } } as const;
    return { serial, body, content, above: standing?.desired.generation ?? 0, history };
  }

  #keep(
    issued: readonly { readonly draft: Draft; readonly pressed: Result<Pressed, 'refused'> }[],
    { signer, trial }: DesireOptions,
  ): Promise<Result<void, StoreCode>> {
    const { records, clock } = this.#deps;
    return records.write(
      async (writes) => {
        for (const { draft, pressed } of issued) {
          if (!pressed.ok) continue;
          const { order, digest } = pressed.value;
          const { parent } = draft.body.desired;
          const name = hash('sha256', JSON.stringify(draft.content)) as Hex;
          await writes.put(contents, [name], draft.content);
          await writes.put(desires, [draft.serial, order.generation], {
            id: order.id,
            order: digest,
            ...(parent === undefined ? {} : { parent }),
            content: name,
            at: clock.now(),
            key: signer.name,
            trial,
            envelope: Buffer.from(pressed.value.bytes).toString('base64'),
          });
          for (const { generation } of draft.history.slice(MOST_KEPT - 1)) {
            await writes.delete(desires, [draft.serial, generation]);
          }
        }
      },
      { sync: true },
    );
  }

  /** Publishes, then notes that the broker has them. What it did not get is published when this controller starts again. */
  async #publish(orders: readonly Publishing[]): Promise<void> {
    const { link, tenant, log, records } = this.#deps;
    const published: Publishing[] = [];
    const publish = async (order: Publishing): Promise<void> => {
      const { serial, payload } = order;
      const topic = topicOf({ tenant, serial }, { kind: 'desired' });
      await link().publish({ topic, payload, retain: true, message: 'Envelope' });
      published.push(order);
    };
    const done = await Promise.allSettled(orders.map(publish));
    const failed = done.find((one) => one.status === 'rejected');
    if (failed !== undefined) log('warn', 'what is desired was not published', { cause: messageOf(failed.reason) });
    await records.write(async (writes) => {
      for (const { serial, generation } of published) {
        const record = await writes.get(desires, [serial, generation]);
        if (record === undefined) continue;
        const { envelope: _, ...rest } = record;
        await writes.put(desires, [serial, generation], rest);
      }
    });
  }

  /** Publishes the last order of each appliance that the broker did not get before this controller stopped. */
  async publishLeft(): Promise<void> {
    const left = new Map<string, Publishing>();
    for await (const [[serial, generation], { envelope }] of this.#deps.records.list(desires, [])) {
      if (envelope === undefined) left.delete(serial);
      else left.set(serial, { serial, generation, payload: Buffer.from(envelope, 'base64') });
    }
    if (left.size > 0) await this.#publish([...left.values()]);
  }
}

interface Heard {
  readonly member: Member;
  readonly state: DesiredState;
  readonly signer: SigningKey | undefined;
}

/** What is to be said once more, of the content of that name. */
interface Again extends Pick<Heard, 'member' | 'signer'> {
  readonly content: Hex;
  readonly trial: Millis;
}

interface Publishing {
  readonly serial: string;
  readonly generation: number;
  readonly payload: Uint8Array;
}

/** Whether an appliance has come to an end with an order. */
export function settledAt(
  member: Member,
  order: Hex,
): { readonly standing: string; readonly text: string } | undefined {
  const state = member.standing?.desired;
  if (state?.order !== order) return undefined;
  return state.standing === 'on_trial' || state.standing === 'waiting' || state.standing === 'none'
    ? undefined
    : { standing: state.standing, text: state.text };
}
