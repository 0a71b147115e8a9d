import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';

const STDERR = 2;

/** Where lines go. Never throws; what could not be written is counted, not kept. */
export interface LineOutput {
  readonly isTerminal: boolean;
  /** @returns false when the line is lost: the reader is gone (EPIPE), too slow (EAGAIN), or the disk is full */
  write(line: string): boolean;
}

/** A reader that is slow (EAGAIN) is waited for this often this long; having lost a line, no longer until one goes out. */
const WAITS = 20;
const WAIT_MS = 5;

/** Standard error, written synchronously: what was logged before a crash is out. */
export function standardError(): LineOutput {
  /** The last line was cut off in the middle, so the next one begins by ending it. */
  let torn = false;
  let patience = WAITS;
  return {
    isTerminal: isatty(STDERR),
    write: (line) => {
      const bytes = Buffer.from(torn ? `\n${line}` : line);
      const left = writeAll(bytes, patience);
      const isOut = left === 0;
      patience = isOut ? WAITS : 0;
      torn = isOut ? false : torn || left < bytes.length;
      return isOut;
    },
  };
}

/** @returns bytes that could not be written */
function writeAll(bytes: Uint8Array, patience: number): number {
  let done = 0;
  for (let waits = 0; done < bytes.length; ) {
    try {
      done += writeSync(STDERR, bytes, done);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || waits++ >= patience) break;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAIT_MS);
    }
  }
  return bytes.length - done;
}
