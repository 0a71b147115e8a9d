import { fstatSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { fileURLToPath } from 'node:url';
import { getCallSites } from 'node:util';
import { openDatagrams } from '../../native/notify/index.ts';
import type { CallSite } from './entry.ts';
import { type EntryOutput, journalOutput } from './journal.ts';
import type { Origins } from './origin.ts';

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

const pause = (): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAIT_MS);

/** @returns bytes that could not be written */
function writeAll(bytes: Uint8Array, patience: number): number {
  let done = 0;
  for (let waits = 0; done < bytes.length; ) {
    try {
      done += writeSync(STDERR, bytes, done);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || waits++ >= patience) break;
      pause();
    }
  }
  return bytes.length - done;
}

/**
 * The journal, when standard error is connected to it: JOURNAL_STREAM then names the device and inode of that
 * descriptor (systemd.exec(5)). A variable that is merely inherited, behind a redirection, names another. Nothing when it
 * is not so, or the addon is not there: then lines go to standard error, which leads to the journal too, without fields.
 */
export function connectedJournal(): EntryOutput | undefined {
  const stream = process.env['JOURNAL_STREAM'];
  if (stream === undefined || stream !== identityOf(STDERR)) return undefined;
  const port = openDatagrams();
  return port.ok ? journalOutput(port.value, pause) : undefined;
}

function identityOf(descriptor: number): string | undefined {
  try {
    const { dev, ino } = fstatSync(descriptor, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

/** This room's files are on the way from whoever logs: as tables of lines name them, as they run, and as source maps do. */
const OWN_FOLDERS = ['actors/log/', import.meta.dirname, import.meta.dirname.replace('/dist/', '/')];
const FRAMES = 8;

/** Who called into this room. Costs a few microseconds. */
export function callSite(origins: Origins): CallSite | undefined {
  for (const { scriptName, lineNumber, functionName } of getCallSites(FRAMES, { sourceMap: true })) {
    const path = scriptName.startsWith('file:') ? fileURLToPath(scriptName) : scriptName;
    const { source, line } = origins.of(path, lineNumber) ?? { source: path, line: lineNumber };
    if (!OWN_FOLDERS.some((folder) => source.startsWith(folder))) return { file: source, line, function: functionName };
  }
  return undefined;
}
