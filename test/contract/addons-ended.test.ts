import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';

const THREADS = 60;

test('a thread that is ended in the midst of an addon ends alone', { timeout: 120_000 }, async () => {
  for (let i = 0; i < THREADS; i++) {
    const worker = new Worker(new URL('../support/addon-loop.js', import.meta.url));
    await once(worker, 'message');
    // What it is asked for may be gone in the midst of being read: an error of that thread, and of no other.
    worker.on('error', () => {});
    assert.equal(await worker.terminate(), 1);
  }
});
