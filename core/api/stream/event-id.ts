import type { Epoch, Epochs } from '../../incident/epoch.ts';

/** What a client names as seen; to it the text means nothing. */
export const eventId = (epochs: Epochs, serial: number): string => `${presentOf(epochs).name}-${serial}`;

export interface Seen {
  /** Everything up to this serial, as the store numbers now, the client has seen. */
  readonly serial: number;
  /** It has seen more than that, or nobody can say what: events that the store does not have. */
  readonly isForeign: boolean;
}

const FORM = /^(?:([0-9a-z]{1,32})-)?(\d{1,16})$/;

/**
 * Reads an id that a client has named. A serial alone is believed as far as there are events; what was never given out
 * here, or by a run that is forgotten, leaves nothing seen.
 */
export function seenBy(id: string, epochs: Epochs, newest: number): Seen {
  const [, name, digits] = FORM.exec(id) ?? [];
  const given = Number(digits ?? Number.NaN);
  const later = name === undefined ? [] : behind(epochs, name);
  if (later === undefined || !(given <= newest || later.length > 0)) return { serial: 0, isForeign: true };
  const serial = Math.min(given, newest, ...later.map(({ after }) => after));
  return { serial, isForeign: serial < given };
}

const presentOf = (epochs: Epochs): Epoch => epochs[epochs.length - 1] as Epoch;

/** Epochs that began after the named one; `undefined` when that is not known. */
function behind(epochs: Epochs, name: string): readonly Epoch[] | undefined {
  const at = epochs.findIndex((epoch) => epoch.name === name);
  return at < 0 ? undefined : epochs.slice(at + 1);
}
