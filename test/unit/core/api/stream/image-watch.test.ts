import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UpdateStand } from '../../../../../core/api/image.ts';
import { ImageWatch } from '../../../../../core/api/stream/image-watch.ts';

/** An update whose steps the test takes. */
function site() {
  let now: UpdateStand = { phase: 'idle' };
  const listeners = new Set<(stand: UpdateStand) => void>();
  const watch = new ImageWatch(
    {
      stand: () => now,
      onProgress: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    ({ phase, percent }) => ({ phase, percent }),
  );
  const step = (percent: number): void => {
    now = { phase: 'installing', percent };
    for (const listener of listeners) listener(now);
  };
  return { watch, step, listeners };
}

/** A client that takes nothing more while it is full. */
function client() {
  const got: string[] = [];
  const drains: (() => void)[] = [];
  const state = { isFull: false };
  const sink = {
    write: (bytes: Uint8Array) => {
      got.push(/data: (.*)/.exec(new TextDecoder().decode(bytes))?.[1] ?? '');
      return !state.isFull;
    },
    onDrain: (run: () => void) => void drains.push(run),
    end: () => undefined,
  };
  return { got, drains, state, sink };
}

test('a client is told where the update is, and each step; nobody listens when the last one has left', () => {
  const { watch, step, listeners } = site();
  const { got, sink } = client();
  const end = new AbortController();
  watch.join(sink, end.signal);
  step(20);
  assert.deepEqual(got, ['', '{"phase":"idle"}', '{"phase":"installing","percent":20}']);
  end.abort();
  assert.equal(listeners.size, 0);
  step(30);
  assert.equal(got.length, 3);
});

test('who does not read gets the newest alone when there is room again', () => {
  const { watch, step } = site();
  const slow = client();
  watch.join(slow.sink, new AbortController().signal);
  slow.state.isFull = true;
  for (const percent of [10, 20, 30]) step(percent);
  slow.state.isFull = false;
  slow.drains.shift()?.();
  assert.deepEqual(slow.got.slice(2), ['{"phase":"installing","percent":10}', '{"phase":"installing","percent":30}']);
});
