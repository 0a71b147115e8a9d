import type { Clock } from '../../../core/base/ports.ts';
import type { FileState } from './file-actor.ts';
import { MAX_LINE, type Skipped } from './port.ts';
import { type Report, Status } from './status.ts';
import type { Trust } from './trust.ts';

const ZERO = { bytes: 0, chunks: 0, rotations: 0, truncations: 0, skippedLines: 0, lag: 0 };

const WAITING = 'no such file: it is read from its beginning as soon as it appears';
const ORPHANED = 'renamed or removed: the old file is followed until a new one appears';
const POLLED =
  'inotify has no room for another watch, so new lines are only found by polling: raise the sysctl fs.inotify.max_user_watches or fs.inotify.max_user_instances';

/** Why a path is not read. `shared`: its file is read under another path, which is no fault. */
export interface Obstacle {
  readonly why: string;
  readonly shared: boolean;
}

/** What a followed path says of itself, in words for whoever has to mend it. `lag`: bytes not submitted when last looked. */
export class FileStatus extends Status<keyof typeof ZERO> {
  #polled = '';
  #warning = '';

  constructor(path: string, clock: Clock, report: Report) {
    super(`file:${path}`, { ...ZERO }, clock, report);
  }

  tell(state: FileState, isOrphaned: boolean, { why, shared }: Obstacle): void {
    if (state === 'waiting') this.say('waiting', WAITING);
    else if (state === 'refused') this.say(shared ? 'off' : 'failed', why);
    else if (state === 'unreadable') this.say('failed', why);
    else if (isOrphaned) this.say('waiting', ORPHANED);
    else if (state !== 'opening') this.say('ok');
  }

  tellPolled(isPolled: boolean): void {
    this.#polled = isPolled ? POLLED : '';
    this.#tellHindrances();
  }

  /** Who may write to the file, and whether that is too many. */
  tellTrust({ provenance, detail, warning }: Trust): void {
    this.#warning = warning;
    this.rate(provenance);
    this.explain(detail);
    this.#tellHindrances();
  }

  #tellHindrances(): void {
    this.hinder([this.#warning, this.#polled].filter((text) => text !== '').join('; '));
    this.flush();
  }

  skipped({ offset, length }: Skipped): void {
    this.counters.skippedLines++;
    this.lose(`a line of ${length} bytes at byte ${offset} was skipped: the most is ${MAX_LINE}`);
  }

  /**
   * Lines may be missing before the file that is read now.
   * @param cutOff bytes known to have been unread when a truncation was seen as it happened; then only those are lost
   */
  gap(text: string, cutOff: number | undefined): void {
    const known = `truncated in place before its last ${cutOff} bytes were read: their lines are lost`;
    if (cutOff !== 0) this.lose(cutOff === undefined ? text : known);
  }
}
