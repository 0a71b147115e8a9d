import { connect, type Socket } from 'node:net';
import { messageOf } from '../../../core/base/result.ts';
import { decodeAnswer } from '../wire.ts';
import { type Frame, FrameReader, headOf } from './frames.ts';

const VERSION = 1;
const GREETING = 0;
const READ_BYTES = 64 * 1024;
/** A service manager takes connections for a hand that may never come up. */
const GREETED_WITHIN_MS = 5000;

export interface ConnectionEvents {
  /** The hand takes requests from now on. */
  greeted(): void;
  /** An answer, or, of sequence 0, a notice. */
  frame(frame: Frame): void;
  /** Nothing comes after it. */
  ended(why: string): void;
}

/** One connection to a hand, from its beginning to its end. Does not keep the process alive unless told to. */
export class Connection {
  readonly #socket: Socket;
  readonly #events: ConnectionEvents;
  readonly #reader = new FrameReader();
  readonly #late: NodeJS.Timeout;
  #isGreeted = false;
  #why = 'the hand hung up';

  constructor(path: string, events: ConnectionEvents) {
    this.#events = events;
    const read = (size: number, buffer: Uint8Array): boolean => this.#read(Buffer.from(buffer.buffer, 0, size));
    this.#socket = connect({ path, onread: { buffer: Buffer.alloc(READ_BYTES), callback: read } });
    this.#socket.unref();
    this.#socket.on('error', (error: Error) => {
      this.#why = messageOf(error);
    });
    this.#late = setTimeout(() => this.end(`the hand did not greet within ${GREETED_WITHIN_MS} ms`), GREETED_WITHIN_MS);
    this.#late.unref();
    this.#socket.once('close', () => {
      clearTimeout(this.#late);
      events.ended(this.#why);
    });
  }

  /** The pieces are copied: whose they are may change them at once. */
  send(sequence: number, pieces: readonly Uint8Array[]): void {
    const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
    this.#socket.write(Buffer.concat([headOf(sequence, size), ...pieces]));
  }

  /** Whether the process is to stay alive for it. */
  hold(isHeld: boolean): void {
    if (isHeld) this.#socket.ref();
    else this.#socket.unref();
  }

  /** `ended` follows. */
  end(why = this.#why): void {
    this.#why = why;
    this.#socket.destroy();
  }

  #read(piece: Buffer): boolean {
    try {
      this.#reader.read(piece, (frame) => this.#take(frame));
    } catch (thrown) {
      this.end(messageOf(thrown));
    }
    return true;
  }

  #take(frame: Frame): void {
    if (this.#isGreeted) {
      this.#events.frame(frame);
      return;
    }
    if (frame.sequence !== GREETING) throw new RangeError('the hand did not greet');
    const refusal = refusalOf(frame.bytes);
    if (refusal !== undefined) {
      this.end(refusal);
      return;
    }
    clearTimeout(this.#late);
    this.#isGreeted = true;
    this.#events.greeted();
  }
}

/** What speaks against going on after this greeting. */
function refusalOf(greeting: Uint8Array): string | undefined {
  const answer = decodeAnswer(greeting);
  if (!answer.ok) return answer.reason;
  const version = answer.body.u8();
  return version === VERSION ? undefined : `the hand speaks version ${version} of the wire, not ${VERSION}`;
}
