import assert from 'node:assert/strict';
import { test } from 'node:test';
import { begin } from '../../../../actors/http/begin.ts';
import { letGo } from '../../../../actors/http/let-go.ts';
import type { HttpReply, HttpRequest } from '../../../../core/api/http.ts';
import { collect } from '../../../support/collect.ts';

const KIB = 'x'.repeat(1024);

/** Pieces of 1 KiB, how many were made, and whether they were let go of. */
function making(count: number, failsAt = Number.POSITIVE_INFINITY) {
  const seen = { made: 0, isOver: false };
  async function* pieces(): AsyncGenerator<string> {
    try {
      for (; seen.made < count; seen.made++) {
        if (seen.made === failsAt) throw new Error('the disk is gone');
        yield KIB;
      }
    } finally {
      seen.isOver = true;
    }
  }
  return { reply: { status: 200, headers: { 'content-type': 'text/csv' }, body: '', pieces: pieces() }, seen };
}

const all = (pieces: HttpReply['pieces']): Promise<string[]> => collect(pieces ?? assert.fail('no pieces'));

function ask(reply: HttpReply, { method = 'GET', signal = new AbortController().signal } = {}) {
  const logged: unknown[] = [];
  const request = { method, signal } as HttpRequest;
  const begun = begin(reply, request, 'request-1', (...line) => logged.push(line));
  return { begun, logged };
}

test('a reply that is whole already passes by', () => {
  const reply = { status: 200, headers: {}, body: 'whole' };
  assert.equal(ask(reply).begun, reply);
});

test('pieces that are complete within 64 KiB become a whole reply', async () => {
  const { reply, seen } = making(64);
  const { pieces, body, headers } = await ask(reply).begun;
  assert.deepEqual([pieces, body.length, headers], [undefined, 64 * 1024, { 'content-type': 'text/csv' }]);
  assert.ok(seen.isOver);
  assert.equal((await ask(making(0).reply).begun).body, '');
});

test('of more than that only the beginning is made, and nothing is lost', async () => {
  const { reply, seen } = making(200);
  const { pieces } = await ask(reply).begun;
  assert.deepEqual([seen.made, pieces === undefined], [64, false]);
  assert.equal((await all(pieces)).join(''), KIB.repeat(200));
});

test('HEAD begins nothing', async () => {
  const { reply, seen } = making(200);
  assert.equal(ask(reply, { method: 'HEAD' }).begun, reply);
  assert.equal(seen.made, 0);
});

test('what fails in its beginning is a 500 that names the request, what fails later rejects where it is read', async () => {
  const early = ask(making(200, 10).reply);
  const reply = await early.begun;
  assert.deepEqual(
    [reply.status, reply.pieces, reply.body],
    [500, undefined, '{\n  "error": "Internal error (request request-1)"\n}\n'],
  );
  assert.deepEqual(early.logged, [
    ['error', 'reply could not be made', { requestId: 'request-1', cause: 'the disk is gone' }],
  ]);
  const late = await ask(making(200, 100).reply).begun;
  assert.equal(late.status, 200);
  await assert.rejects(all(late.pieces), /the disk is gone/);
});

test('nothing more is made for a client that has left', async () => {
  const { reply, seen } = making(200);
  const gone = new AbortController();
  const { begun } = ask(reply, { signal: gone.signal });
  gone.abort();
  assert.equal((await begun).pieces, undefined);
  assert.deepEqual([seen.made < 2, seen.isOver], [true, true]);
});

test('a reply that is not sent lets go of what it is made from, be it begun or not', async () => {
  const { reply, seen } = making(200);
  const begun = await ask(reply).begun;
  letGo(begun);
  await new Promise(setImmediate);
  assert.ok(seen.isOver);
  assert.deepEqual(await all(begun.pieces), []);
  let closings = 0;
  letGo({ ...begun, source: { size: 1, next: () => assert.fail(), close: () => closings++ } });
  assert.equal(closings, 1);
});
