import type { Id } from '../base/ids.ts';
import { type Millis, millis, plus } from '../base/time.ts';
import { type Command, LONGEST_COMMAND, type OrderOf, SKEW } from './order.ts';

/** So many commands are remembered at most; beyond that new ones are refused until some are forgotten. */
export const MOST_COMMANDS = 10_000;
/** Beyond it there is room for what takes back: as much as there could be to take back. */
const MOST_WITH_LIFTS = 2 * MOST_COMMANDS;
/** And beyond that for words about changes, which are few: no flood of the others keeps a fleet from its configuration. */
const MOST_WITH_WORDS = MOST_WITH_LIFTS + 1000;

/** A command that was taken, as long as it or one that it overtook could come again. Plain data. */
export interface KeptCommand {
  readonly id: Id;
  /** What later commands about the same decide anew; undefined: its effect stands beside all others. */
  readonly subject: string | undefined;
  readonly issuedAt: Millis;
  /** From then on it may be forgotten. */
  readonly keptUntil: Millis;
}

/** All that is remembered of commands. */
export interface CommandMemory {
  readonly commands: Iterable<KeptCommand>;
  /** The latest `keptUntil` of all that were forgotten; 0: none yet. What ended before is expired, whatever the clock says. */
  readonly floor: Millis;
}

/**
 * Which commands were taken. Commands have no generation, so that they may overtake each other; what keeps a command from
 * being done twice is its id, and what keeps an older command from undoing a newer one about the same thing is the order
 * in which they were signed. Both hold for as long as a command may live, also when the clock is set back meanwhile.
 */
export class CommandWindow {
  readonly #kept = new Map<Id, KeptCommand>();
  readonly #latest = new Map<string, KeptCommand>();
  #floor: Millis;

  constructor({ commands, floor }: CommandMemory = { commands: [], floor: millis(0) }) {
    this.#floor = floor;
    for (const command of commands) this.#keep(command);
  }

  get size(): number {
    return this.#kept.size;
  }

  get floor(): Millis {
    return this.#floor;
  }

  has(id: Id): boolean {
    return this.#kept.has(id);
  }

  /** Whether a command that is new otherwise may be taken. */
  standingOf(order: OrderOf<'command'>): 'new' | 'replayed' | 'expired' | 'overtaken' | 'busy' {
    if (this.has(order.id)) return 'replayed';
    if (order.notAfter + SKEW <= this.#floor) return 'expired';
    const subject = subjectOf(order.command);
    const latest = subject === undefined ? undefined : this.#latest.get(subject);
    if (latest !== undefined && isEarlier(order, latest)) return 'overtaken';
    return this.#kept.size >= roomFor(order.command) ? 'busy' : 'new';
  }

  /** Remembers a command. @returns what is to be written down before it is done */
  take(order: OrderOf<'command'>): KeptCommand {
    const command = keptOf(order);
    this.#keep(command);
    return command;
  }

  /** Forgets what cannot come again by this clock. @returns whose records may go, once the floor is written down */
  forget(now: Millis): readonly Id[] {
    const over = [...this.#kept.values()].filter(({ keptUntil }) => keptUntil < now);
    for (const command of over) {
      this.#kept.delete(command.id);
      if (command.subject !== undefined && this.#latest.get(command.subject) === command) {
        this.#latest.delete(command.subject);
      }
      this.#floor = millis(Math.max(this.#floor, command.keptUntil));
    }
    return over.map(({ id }) => id);
  }

  #keep(command: KeptCommand): void {
    this.#kept.set(command.id, command);
    if (command.subject === undefined) return;
    const latest = this.#latest.get(command.subject);
    if (latest === undefined || isEarlier(latest, command)) this.#latest.set(command.subject, command);
  }
}

/** How many may be remembered for this one to be taken. */
function roomFor({ kind }: Command): number {
  switch (kind) {
    case 'confirm':
    case 'revert':
      return MOST_WITH_WORDS;
    case 'unblock':
    case 'remove_allow':
      return MOST_WITH_LIFTS;
    default:
      return MOST_COMMANDS;
  }
}

/**
 * What a command decides until a later one decides the same anew. Blocks and exceptions of an address stand beside each other,
 * as they do in the kernel.
 */
export function subjectOf(command: Command): string | undefined {
  switch (command.kind) {
    case 'block':
    case 'unblock':
      return `block ${command.target}`;
    case 'allow':
    case 'remove_allow':
      return `allow ${command.target}`;
    default:
      return undefined;
  }
}

/**
 * What about the same thing an older command could still undo is kept for as long as that one may live: a command that lives
 * for a minute may have overtaken one that lives for a day.
 */
export function keptOf({ id, issuedAt, notAfter, command }: OrderOf<'command'>): KeptCommand {
  const subject = subjectOf(command);
  const end = subject === undefined ? notAfter : plus(issuedAt, LONGEST_COMMAND);
  return { id, subject, issuedAt, keptUntil: plus(end, SKEW) };
}

/** By when they were signed, then by id: everywhere the same. */
const isEarlier = (a: Signed, b: Signed): boolean =>
  a.issuedAt !== b.issuedAt ? a.issuedAt < b.issuedAt : a.id < b.id;
type Signed = Pick<KeptCommand, 'id' | 'issuedAt'>;
