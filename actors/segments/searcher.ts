/** The thread that searches and verifies: queries come in, what is found goes out. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Millis } from '../../core/base/time.ts';
import type { FromSearcher, SearcherSettings, ToSearcher } from './protocol.ts';
import { searchSegments } from './search.ts';
import { verifySegments } from './verify.ts';

const port = parentPort;
if (port === null) throw new Error('searching runs on a worker thread');

const { directory } = workerData as SearcherSettings;
const running = new Map<number, AbortController>();
const send = (message: FromSearcher): void => port.postMessage(message);

port.on('message', (message: ToSearcher) => {
  if (message.kind === 'cancel') {
    running.get(message.id)?.abort();
    return;
  }
  const { id } = message;
  const { signal } = add(id);
  const events =
    message.kind === 'verify'
      ? verifySegments(directory, signal)
      : searchSegments(directory, message.query, {
          signal,
          ...(message.budget === undefined ? {} : { budget: message.budget as Millis }),
          ...(message.pageBytes === undefined ? {} : { pageBytes: message.pageBytes }),
        });
  void tell(id, events, signal);
});

function add(id: number): AbortController {
  const controller = new AbortController();
  running.set(id, controller);
  return controller;
}

/** A bug rejects, and so ends the thread: whoever asked is told. */
async function tell(
  id: number,
  events: ReturnType<typeof searchSegments | typeof verifySegments>,
  signal: AbortSignal,
) {
  try {
    for await (const event of events) send({ kind: 'event', id, event });
    send({ kind: 'done', id });
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  } finally {
    running.delete(id);
  }
}
