import type { Clock, Log } from '../../core/base/ports.ts';
import { messageOf, type Result } from '../../core/base/result.ts';
import { hours, type Millis, millis, minutes, seconds } from '../../core/base/time.ts';
import { type Difference, differences, merged, needsRebase, parentOf } from '../../core/controller/desired.ts';
import { contents, type DesiredContent, type DesiredRecord, desires } from '../../core/controller/records.ts';
import type { Hex } from '../../core/link/hex.ts';
import type { OrderBody } from '../../core/link/order.ts';
import type { DesiredState } from '../../core/link/reported.ts';
import type { Records, StoreCode } from '../store/index.ts';
import { DesiredShelf } from './desired-shelf.ts';
import type { Fleet, Member } from './fleet.ts';
import type { SigningKey } from './key-folder.ts';
import type { Leaving, Outgoing } from './outgoing.ts';
import type { Press, Pressed } from './press.ts';

export interface DesiresDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly records: Records;
  readonly fleet: Fleet;
  readonly press: Press;
  readonly outgoing: Outgoing;
  /** Signs what is issued anew because of what an appliance said. */
  readonly signer: () => Promise<Result<SigningKey, 'refused'>>;
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
}

/** What was made of drafts: for who asked, and for the broker. */
interface Issue {
  readonly outcomes: readonly DesireOutcome[];
  readonly leaving: readonly Leaving[];
}

/** Appliances whose orders are written down in one batch. */
const AT_ONCE = 200;
/** From the first of some that say how they stand to the batch of them. */
const SOON = millis(100);
/** How long the next orders wait for the broker to have those before, and what could not be written down until it is tried again. */
const PACE = seconds(5);
const [FIRST_SWEEP, SWEEP] = [minutes(10), hours(6)];
const NOTHING: DesiredContent = { sections: [], rules: [] };

/** Says what configuration appliances are to have, and keeps what was said. */
export class Desires {
  readonly #deps: DesiresDeps;
  /** The last order issued to each, as far as this run has issued any. */
  readonly #issued = new Map<string, Hex>();
  readonly #pending = new Map<string, Member>();
  readonly #shelf: DesiredShelf;
  #cancel: (() => void) | undefined;
  #cancelSweep: (() => void) | undefined;

  constructor(deps: DesiresDeps) {
    this.#deps = deps;
    this.#shelf = new DesiredShelf(deps);
  }

  start(after: Millis = FIRST_SWEEP): void {
    this.#cancelSweep = this.#deps.clock.after(after, () => {
      void this.#shelf.sweep();
      this.start(SWEEP);
    });
  }

  /** Newest first. */
  async history(serial: string): Promise<readonly (DesiredRecord & { readonly generation: number })[]> {
    const found: (DesiredRecord & { readonly generation: number })[] = [];
    for await (const [[, generation], record] of this.#deps.records.list(desires, [serial], { reverse: true })) {
      found.push({ generation, ...record });
    }
    return found;
  }

  /** What is desired of it now; nothing where nothing is. What it refused, or took back, is not: the next would carry it along. */
  async content(serial: string): Promise<DesiredContent> {
    for await (const [, { content, standing }] of this.#deps.records.list(desires, [serial], { reverse: true })) {
      if (standing?.is === 'refused' || standing?.is === 'reverted') continue;
      return (await this.#deps.records.get(contents, [content])) ?? NOTHING;
    }
    return NOTHING;
  }

  async diff(serial: string, content: DesiredContent, merge: boolean): Promise<readonly Difference[]> {
    const before = await this.content(serial);
    return differences(before, merge ? merged(before, content) : content);
  }

  /**
   * Issues an order to each, retained until the next. The broker has some before the next but one are published: each has an
   * appliance connect anew, and what thousands say then is worked off meanwhile.
   */
  async set(members: readonly Member[], options: DesireOptions): Promise<readonly DesireOutcome[]> {
    const outcomes: DesireOutcome[] = [];
    let before = Promise.resolve();
    for (let i = 0; i < members.length; i += AT_ONCE) {
      const issue = await this.#issue(members.slice(i, i + AT_ONCE), options);
      outcomes.push(...issue.outcomes);
      await before;
      before = this.#publish(issue.leaving);
    }
    return outcomes;
  }

  /**
   * Notes how an appliance stands, and issues its last order anew where that came too late to follow what it names. Thousands
   * may say so at once: they are looked after one some after the other, each as it stands by then.
   */
  reported(member: Member): void {
    this.#pending.set(member.serial, member);
    this.#cancel ??= this.#deps.clock.after(SOON, () => void this.#note());
  }

  /** Whether an order is one of those that were issued to an appliance. */
  async isIssued(serial: string, order: Hex): Promise<boolean> {
    if (this.#issued.get(serial) === order) return true;
    return (await this.history(serial)).some((one) => one.order === order);
  }

  /**
   * Issues anew what was signed by a key that is believed no longer, and was not taken yet as far as is known.
   * @param isServed of a shard: what another controller may have ordered since is not written over
   */
  async signAnew(key: string, signer: SigningKey, isServed: (shard: number) => boolean): Promise<void> {
    for (const member of this.#deps.fleet.meant({ kind: 'all' })) {
      if (!isServed(member.shard)) continue;
      const last = await this.#last(member.serial);
      if (last?.key !== key || (last.standing !== undefined && last.standing.is !== 'waiting')) continue;
      await this.#again({ member, signer, content: last.content, trial: last.trial });
    }
  }

  stop(): void {
    this.#cancel?.();
    this.#cancelSweep?.();
  }

  async #last(serial: string): Promise<DesiredRecord | undefined> {
    for await (const [, record] of this.#deps.records.list(desires, [serial], { reverse: true, limit: 1 }))
      return record;
    return undefined;
  }

  async #note(): Promise<void> {
    const some = [...this.#pending.values()].slice(0, AT_ONCE);
    for (const { serial } of some) this.#pending.delete(serial);
    let next = SOON;
    try {
      await this.#noteSome(some);
    } catch (cause) {
      this.#deps.log('error', 'how appliances stand was not written down', { cause: messageOf(cause) });
      // Nobody says it again: they stand as they do.
      for (const member of some) this.#pending.set(member.serial, member);
      next = PACE;
    }
    this.#cancel = this.#pending.size === 0 ? undefined : this.#deps.clock.after(next, () => void this.#note());
  }

  async #noteSome(some: readonly Member[]): Promise<void> {
    const { records, clock } = this.#deps;
    const at = clock.now();
    const heard = some.flatMap(({ serial, standing }) => (standing ? [{ serial, state: standing.desired }] : []));
    const written = await records.write(async (writes) => {
      const known = await Promise.all(
        heard.map(({ serial, state }) => writes.get(desires, [serial, state.generation])),
      );
      for (const [i, { serial, state }] of heard.entries()) {
        const record = known[i];
        if (record === undefined || record.order !== state.order || record.standing?.is === state.standing) continue;
        const standing = { is: state.standing, text: state.text, at };
        await writes.put(desires, [serial, state.generation], { ...record, standing });
      }
    });
    if (!written.ok) throw new Error(written.public);
    for (const member of some) if (member.standing?.desired.standing === 'conflict') await this.#rebase(member);
  }

  async #rebase(member: Member): Promise<void> {
    const history = await this.history(member.serial);
    const [last] = history;
    const state = member.standing?.desired;
    if (last === undefined || state === undefined || !needsRebase(state, history)) return;
    const signer = await this.#deps.signer();
    if (signer.ok) await this.#again({ member, signer: signer.value, content: last.content, trial: last.trial });
    else
      this.#deps.log('error', 'what is desired cannot be issued anew', { serial: member.serial, cause: signer.public });
  }

  async #again({ member, signer, content: name, trial }: Again): Promise<void> {
    const content = await this.#deps.records.get(contents, [name]);
    if (content === undefined) return;
    const { outcomes, leaving } = await this.#issue([member], { content, merge: false, over: false, trial, signer });
    this.#deps.log('info', 'what is desired was issued anew', { ...outcomes[0] });
    await this.#publish(leaving);
  }

  async #issue(members: readonly Member[], options: DesireOptions): Promise<Issue> {
    const drafts = await Promise.all(members.map((member) => this.#draft(member, options)));
    const made = drafts.flatMap((draft) => ('refused' in draft ? [] : [draft]));
    const none = (refused: string): Issue => ({
      outcomes: members.map(({ serial }) => ({ serial, refused })),
      leaving: [],
    });
    const pressed = await this.#deps.press.numbered(
      made.map(({ body, serial, above }) => ({ body, to: serial, above })),
      [options.signer],
    );
    if (!pressed.ok) return none(pressed.public);
    const issued = made.map((draft, i) => ({ draft, pressed: pressed.value[i] as Result<Pressed, 'refused'> }));
    const leaving = issued.flatMap(({ draft: { serial }, pressed: one }): readonly Leaving[] =>
      one.ok ? [{ kind: 'desired', name: serial, serial, order: one.value.order.id, payload: one.value.bytes }] : [],
    );
    const kept = await this.#keep(issued, leaving, options);
    if (!kept.ok) return none(kept.public);
    const outcomes = issued.map(({ draft: { serial }, pressed: one }): DesireOutcome => {
      if (!one.ok) return { serial, refused: one.public };
      this.#issued.set(serial, one.value.digest);
      return { serial, generation: one.value.order.generation, order: one.value.digest };
    });
    return { outcomes: [...drafts.flatMap((draft) => ('refused' in draft ? [draft] : [])), ...outcomes], leaving };
  }

  async #draft(member: Member, options: DesireOptions): Promise<Draft | { serial: string; refused: string }> {
    const { serial, standing } = member;
    const state = standing?.desired;
    const parent = parentOf(state, options.over ? [] : await this.#inEffect(serial, state), options.over);
    if (!parent.ok) return { serial, refused: parent.public };
    const content = options.merge ? merged(await this.content(serial), options.content) : options.content;
    const body = { kind: 'desired', desired: { parent: parent.value, ...content, trial: options.trial } } as const;
    return { serial, body, content, above: state?.generation ?? 0 };
  }

  /** The order that an appliance says is in effect, where it is one that was issued to it. */
  async #inEffect(serial: string, state: DesiredState | undefined) {
    if (state?.confirmedOrder === undefined) return [];
    const generation = state.confirmedGeneration;
    const record = await this.#deps.records.get(desires, [serial, generation]);
    return record === undefined ? [] : [{ generation, order: record.order }];
  }

  #keep(
    issued: readonly { readonly draft: Draft; readonly pressed: Result<Pressed, 'refused'> }[],
    leaving: readonly Leaving[],
    { signer, trial }: DesireOptions,
  ): Promise<Result<void, StoreCode>> {
    const { records, clock, outgoing } = this.#deps;
    return records.write(
      async (writes) => {
        const names = new Map<DesiredContent, Hex>();
        for (const { draft, pressed } of issued) {
          if (!pressed.ok) continue;
          const { order, digest } = pressed.value;
          const { parent } = draft.body.desired;
          const content = names.get(draft.content) ?? (await this.#shelf.keep(writes, draft.content));
          names.set(draft.content, content);
          const more = parent === undefined ? {} : { parent };
          const facts = { id: order.id, order: digest, ...more, content, at: clock.now(), key: signer.name, trial };
          await this.#shelf.put(writes, [draft.serial, order.generation], facts);
        }
        for (const one of leaving) await outgoing.keep(writes, one);
      },
      { sync: true },
    );
  }

  /** Resolves when the broker has them, or that takes long. */
  async #publish(leaving: readonly Leaving[]): Promise<void> {
    const { clock, outgoing } = this.#deps;
    let cancel = (): void => undefined;
    const late = new Promise<void>((go) => {
      cancel = clock.after(PACE, go);
    });
    await Promise.race([outgoing.publish(leaving), late]);
    cancel();
  }
}

/** What is to be said once more, of the content of that name. */
interface Again {
  readonly member: Member;
  readonly signer: SigningKey;
  readonly content: Hex;
  readonly trial: Millis;
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
