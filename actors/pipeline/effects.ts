import { Worker } from 'node:worker_threads';
import type { FromWorker, PipelineSettings, ToWorker } from './protocol.ts';

/** The thread that parses and judges. */
export interface WorkerPort {
  post(message: ToWorker): void;
  terminate(): Promise<void>;
}

export interface WorkerEvents {
  readonly message: (message: FromWorker) => void;
  /** The thread is gone; nothing that was posted and not answered will be. */
  readonly dead: (cause: unknown) => void;
}

/** What the thread's heap may grow to before it is taken as a fault. */
const HEAP_MB = 256;

export function startWorker(settings: PipelineSettings, events: WorkerEvents): WorkerPort {
  const worker = new Worker(new URL('./worker.js', import.meta.url), {
    workerData: settings,
    name: 'pipeline',
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, maxYoungGenerationSizeMb: 8 },
  });
  let stopped = false;
  worker.on('message', events.message);
  worker.on('error', (cause) => {
    if (!stopped) events.dead(cause);
    stopped = true;
  });
  worker.on('exit', (code) => {
    if (!stopped) events.dead(new Error(`the pipeline thread ended with code ${code}`));
    stopped = true;
  });
  return {
    post: (message) => worker.postMessage(message, 'bytes' in message ? [message.bytes.buffer as ArrayBuffer] : []),
    terminate: async () => {
      stopped = true;
      await worker.terminate();
    },
  };
}
