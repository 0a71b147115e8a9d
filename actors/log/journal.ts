import type { DatagramPort } from '../../native/notify/index.ts';
import { encodeEntry, type JournalLine } from './entry.ts';

/** Takes whole log lines. */
export interface EntryOutput {
  /** @returns false when the line was not taken and should go elsewhere */
  write(line: JournalLine): boolean;
}

export const JOURNAL_SOCKET = '/run/systemd/journal/socket';

/** First what anybody writes, then what fits into one datagram (208 KiB) with a hundred fields. */
const VALUE_LIMITS = [32_768, 1024] as const;

/** A journal whose queue is full is waited for this often; having lost a line to it, no longer until one goes out. */
const WAITS = 20;

/**
 * The journal by its native protocol, which keeps every field. An entry that is larger than a datagram is cut, and says so:
 * journald would take it as a sealed memory file, which is not worth a longer native part. What journald does not take (it
 * is restarted, its queue stays full) is refused, for standard error.
 * @param pause waits for a few milliseconds
 */
export function journalOutput(port: DatagramPort, pause: () => void, path: string = JOURNAL_SOCKET): EntryOutput {
  let patience = WAITS;
  const send = (entry: Uint8Array): ReturnType<DatagramPort['send']> => {
    for (let waits = 0; ; waits++) {
      const sent = port.send(path, entry);
      if (sent.ok) patience = WAITS;
      if (sent.ok || sent.code !== 'busy') return sent;
      if (waits >= patience) {
        patience = 0;
        return sent;
      }
      pause();
    }
  };
  return {
    write: (line) => {
      for (const most of VALUE_LIMITS) {
        const sent = send(encodeEntry(line, most));
        if (sent.ok || sent.code !== 'too-large') return sent.ok;
      }
      return false;
    },
  };
}
