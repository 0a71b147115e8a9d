import type { Actions } from './action.ts';
import type { Fields } from './fields.ts';
import type { SenderRule } from './sender.ts';

/** Reads the messages of one kind of program. What stands before the message, syslog's header or a file's own, is read already. */
export interface MessageReader<A extends string = string> {
  /** What `parser:` calls it. */
  readonly name: string;
  /** For the documentation: what it reads, without a full stop. */
  readonly description: string;
  /** Syslog tags. One that ends in `*` stands for all that begin so. */
  readonly programs: readonly string[];
  /** Who may say such things, where the journal tells who did. */
  readonly senders: readonly SenderRule[];
  readonly actions: Actions & Readonly<Record<A, unknown>>;
  /** A message of this many bytes may have lost its end (`Fields.isCut`). */
  readonly cutAt: number;
  /** It reads what PAM's modules say within the program, too; otherwise the reader of PAM does. */
  readonly readsPam?: true;
  /**
   * Total, and linear in the message.
   * @param fields takes what the message says
   * @param program the tag it came under
   * @returns undefined when the message is none that is known; what `fields` then holds means nothing
   */
  read(message: string, fields: Fields, program: string): A | undefined;
}

/** Keeps the reader's own action names, so that a typo in one does not compile. */
export const messageReader = <A extends string>(reader: MessageReader<A>): MessageReader<A> => reader;
