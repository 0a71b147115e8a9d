import type { StreamMessage } from './endpoint.ts';

/** A comment: keeps the connection, no client sees it as an event. */
export const KEEPALIVE = ': keepalive\n\n';

/** One server-sent event. JSON has no line break outside its escapes, so one `data:` line carries any value. */
export function sseFrame({ id, event, data }: StreamMessage): string {
  const head = `${id === undefined ? '' : `id: ${id}\n`}${event === undefined ? '' : `event: ${event}\n`}`;
  return `${head}data: ${JSON.stringify(data)}\n\n`;
}

/** Counts what is open at once and lets no more than `limit` in. */
export interface Gate {
  /** Takes a place until `signal` aborts; `false` when there is none. */
  enter(signal: AbortSignal): boolean;
  readonly open: number;
}

export function gate(limit: number): Gate {
  let open = 0;
  return {
    enter(signal) {
      if (open >= limit || signal.aborted) return false;
      open++;
      signal.addEventListener('abort', () => open--, { once: true });
      return true;
    },
    get open() {
      return open;
    },
  };
}
