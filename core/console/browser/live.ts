/** After a stream broke, it is tried again this often. */
const RETRY_MS = 2000;

export interface Listener {
  readonly onOpen: () => void;
  readonly onLost: () => void;
  /** @param data JSON */
  readonly onFinding: (data: string) => void;
}

/**
 * Follows the appliance's findings, or another of its streams, for as long as the page is open. The browser gives a refused stream up for good and
 * waits for a broken one in its own time, so trying again is done here. What came meanwhile is not repeated by the
 * stream: `onOpen` has to ask for it.
 */
export function follow(listener: Listener, path = '/api/v1/events', name = 'message'): void {
  const source = new EventSource(path);
  source.onopen = listener.onOpen;
  source.addEventListener(name, ({ data }: MessageEvent<string>) => listener.onFinding(data));
  source.onerror = () => {
    source.close();
    listener.onLost();
    setTimeout(() => follow(listener, path, name), RETRY_MS);
  };
}

/** The least and the longest pause between two updates of the page. */
const [SHORTEST_MS, LONGEST_MS] = [1000, 15_000];
/** A page pauses for so many times as long as its update took, so that an appliance with long lists is not kept busy by it. */
const PAUSE_FACTOR = 9;

/**
 * @returns asks for `work`: done at once, or as soon as it has paused since it was last done; however often it is asked
 * for meanwhile, once. `work` must not reject.
 */
export function paced(work: () => Promise<void>): () => void {
  let resting = false;
  let wanted = false;
  const ask = (): void => {
    wanted = true;
    if (!resting) void go();
  };
  const go = async (): Promise<void> => {
    resting = true;
    wanted = false;
    const start = performance.now();
    await work();
    const pause = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, PAUSE_FACTOR * (performance.now() - start)));
    setTimeout(() => {
      resting = false;
      if (wanted) ask();
    }, pause);
  };
  return ask;
}
