/** What a journal's cursor says, as far as a place in it is concerned. */
export interface CursorParts {
  /** 32 hex digits: the sequence of files that `seqnum` counts in. */
  readonly seqnumId: string;
  readonly seqnum: number;
  /** 32 hex digits. */
  readonly boot: string;
  /** Microseconds since the start of that boot. */
  readonly monotonic: number;
  /** Microseconds since 1970. */
  readonly realtime: number;
}

const FORM =
  /^s=(?<seqnumId>[0-9a-f]{32});i=(?<seqnum>[0-9a-f]{1,16});b=(?<boot>[0-9a-f]{32});m=(?<monotonic>[0-9a-f]{1,16});t=(?<realtime>[0-9a-f]{1,16});x=[0-9a-f]{1,16}$/;

/** `undefined` when the text has not the form in which libsystemd writes cursors. */
export function parseCursor(cursor: string): CursorParts | undefined {
  const groups = FORM.exec(cursor)?.groups;
  if (groups === undefined) return undefined;
  const number = (name: string): number => Number.parseInt(groups[name] ?? '', 16);
  return {
    seqnumId: groups['seqnumId'] ?? '',
    seqnum: number('seqnum'),
    boot: groups['boot'] ?? '',
    monotonic: number('monotonic'),
    realtime: number('realtime'),
  };
}
