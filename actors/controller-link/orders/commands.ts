import type { Clock, Log } from '../../../core/base/ports.ts';
import { messageOf, type Result } from '../../../core/base/result.ts';
import { Turns } from '../../../core/base/turns.ts';
import type { ChangeId, Word } from '../../../core/change/change.ts';
import type { Accepted } from '../../../core/link/judge.ts';
import type { Command, CommandOf, OrderOf, ReplayCommand } from '../../../core/link/order.ts';
import type { CommandRecord } from '../../../core/link/order-books.ts';
import type { ReplayFailure } from '../replays.ts';
import type { OrderBench } from './bench.ts';
import type { By, Deed, Deeds, Nonce, OrdersDesk, Outcome } from './desk.ts';
import type { Results } from './results.ts';

export interface CommandsDeps {
  readonly bench: OrderBench;
  readonly results: Results;
  readonly desk: Pick<OrdersDesk, 'deeds' | 'changes' | 'audit' | 'restart'>;
  readonly replay: (order: Omit<ReplayCommand, 'kind'>) => Promise<Result<{ readonly numbers: number }, ReplayFailure>>;
  /** Of the change that is on trial, over the present connection. */
  readonly nonce: () => Nonce | undefined;
  /** The connection as it is now; undefined: there is none. */
  readonly up: () => { readonly broker: string; readonly openedAt: ReturnType<Clock['now']> } | undefined;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
}

/**
 * Carries commands out, each once in effect. A command is on disk before anything of it is done and its result is before anybody is
 * told of it; one that a crash has left without a result is done again, which comes to the same. A restart is booked as done
 * before it happens, or it would happen for ever.
 */
export class Commands {
  readonly #deps: CommandsDeps;
  /** What is done to addresses, one after the other in the order of acceptance. */
  readonly #deeds = new Turns();
  /** Words about a change wait for nothing else. */
  readonly #words = new Turns();
  /** What takes long and changes nothing. */
  readonly #looks = new Turns();
  #isStopped = false;

  constructor(deps: CommandsDeps) {
    this.#deps = deps;
  }

  /** Takes up what was left. @param records in the order in which they were signed */
  resume(records: readonly CommandRecord[]): void {
    for (const record of records) {
      if (record.result === undefined) this.#run(record, true);
      else if (!record.isTold) this.#deps.results.tell(record.kept.id);
    }
  }

  /** Resolves when it is on disk, so that the broker may forget it; what comes of it is told later. */
  async take(order: OrderOf<'command'>, [signer]: Accepted['signers']): Promise<void> {
    const { bench, results, clock } = this.#deps;
    const taken = await bench.take(order, signer.name);
    if (taken.ok) return this.#run(taken.value, false);
    const { id } = order;
    const [text, code] = [taken.public, taken.code];
    results.say({ id, state: 'refused', text, code, at: clock.now(), detail: new Uint8Array(0) });
  }

  /** Nothing more is begun. */
  stop(): void {
    this.#isStopped = true;
  }

  #run(record: CommandRecord, isAgain: boolean): void {
    const work = () => this.#do(record, isAgain);
    const turns = this.#turnsOf(record.command.kind);
    const done = turns === undefined ? work() : turns.run(work);
    done.catch((cause: unknown) => {
      this.#deps.log('error', 'a command could not be carried out', { order: record.kept.id, error: messageOf(cause) });
    });
  }

  /** Undefined: it waits for nobody. */
  #turnsOf(kind: Command['kind']): Turns | undefined {
    switch (kind) {
      // As long as the link takes.
      case 'replay':
        return undefined;
      case 'confirm':
      case 'revert':
        return this.#words;
      case 'scan':
      case 'diagnostics':
        return this.#looks;
      default:
        return this.#deeds;
    }
  }

  async #do(record: CommandRecord, isAgain: boolean): Promise<void> {
    if (this.#isStopped) return;
    const { command, key: actor, acceptedAt, kept } = record;
    if (command.kind === 'restart') return this.#restart(record);
    const outcome = await this.#outcome(command, { id: kept.id, actor, acceptedAt, isAgain });
    if (!this.#isStopped) await this.#close(record, outcome);
  }

  async #outcome(command: Exclude<Command, { kind: 'restart' }>, by: By): Promise<Outcome> {
    try {
      switch (command.kind) {
        case 'replay':
          return await this.#replay(command);
        case 'confirm':
          return await this.#confirm(command, by);
        case 'revert':
          return await this.#revert(command, by);
        default:
          return await deed(this.#deps.desk.deeds, command, by);
      }
    } catch (cause) {
      return { state: 'failed', code: 'failed', text: messageOf(cause) };
    }
  }

  async #close(record: CommandRecord, outcome: Outcome): Promise<void> {
    const { bench, results, clock, log } = this.#deps;
    const { id } = record.kept;
    await this.#note(record, outcome);
    const { state, text } = outcome;
    const result = { state, text, at: clock.now(), code: outcome.state === 'done' ? '' : outcome.code };
    const detail = outcome.state === 'done' ? outcome.detail : undefined;
    const kept = await bench.keep({ ...record, result }, detail);
    if (kept.ok) return results.tell(id);
    // Done, and told so; a restart would do it once more, to the same end.
    log('error', 'the result of a command cannot be kept', { order: id, error: kept.public });
    results.say({ id, ...result, detail: detail ?? new Uint8Array(0) });
  }

  #note({ command, key, kept }: CommandRecord, outcome: Outcome): Promise<void> {
    return this.#deps.desk.audit({
      action: `order_${command.kind}`,
      target: 'target' in command ? command.target : 'change' in command ? command.change : '',
      actor: key,
      details: { state: outcome.state, text: outcome.text },
      order: kept.id,
      isRefused: outcome.state !== 'done',
      broker: this.#deps.up()?.broker ?? '',
    });
  }

  async #restart(record: CommandRecord): Promise<void> {
    const outcome = { state: 'done', text: 'the program is started anew' } as const;
    await this.#close(record, outcome);
    // Where it could not be booked it would come again with every start.
    if ((await this.#deps.bench.recordOf(record.kept.id))?.result !== undefined) this.#deps.desk.restart();
  }

  async #replay({ kind: _, ...range }: ReplayCommand): Promise<Outcome> {
    const sent = await this.#deps.replay(range);
    if (sent.ok) return { state: 'done', text: `${sent.value.numbers} numbers were sent again` };
    return { state: 'failed', code: sent.code, text: sent.public };
  }

  async #confirm({ change, nonce }: CommandOf<'confirm'>, { actor }: By): Promise<Outcome> {
    const { changes } = this.#deps.desk;
    const id = change as ChangeId;
    if (changes.pending()?.change.id !== change) return this.#ended(id, 'confirmed');
    const known = this.#deps.nonce();
    const up = this.#deps.up();
    if (up === undefined || known?.change !== change || known.nonce !== nonce) {
      const text = 'the nonce is not the one that was reported over this connection';
      return { state: 'refused', code: 'wrong_nonce', text };
    }
    const word: Word = { actor, origin: 'controller', peer: up.broker };
    const done = await changes.confirm({ id, word, connection: { openedAt: up.openedAt } });
    if (done.ok) return { state: 'done', text: 'the change is confirmed' };
    return { state: done.code === 'failed' ? 'failed' : 'refused', code: done.code, text: done.public };
  }

  async #revert({ change }: CommandOf<'revert'>, { actor }: By): Promise<Outcome> {
    const { changes } = this.#deps.desk;
    const id = change as ChangeId;
    if (changes.pending()?.change.id !== change) return this.#ended(id, 'reverted');
    const word: Word = { actor, origin: 'controller', peer: this.#deps.up()?.broker ?? '' };
    const done = await changes.revert({ id, word });
    if (done.ok) return { state: 'done', text: 'the change is reverted' };
    return { state: done.code === 'failed' ? 'failed' : 'refused', code: done.code, text: done.public };
  }

  /** A word about what has ended already: done where it ended so. */
  async #ended(id: ChangeId, wanted: 'confirmed' | 'reverted'): Promise<Outcome> {
    const change = await this.#deps.desk.changes.get(id);
    if (change?.state === wanted) return { state: 'done', text: `the change was ${wanted} already` };
    const text = change === undefined ? 'no such change is on trial' : `the change has ended: ${change.state}`;
    return { state: 'refused', code: change === undefined ? 'unknown_change' : 'ended', text };
  }
}

/** The one of that kind, with its own command. */
function deed(deeds: Deeds, command: Extract<Command, { kind: Deed }>, by: By): Promise<Outcome> {
  const run = deeds[command.kind] as (command: Command, by: By) => Promise<Outcome>;
  return run(command, by);
}
