import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { askPacketRoom } from '../../actors/change/probes/ask-packet-room.ts';
import type { Ip } from '../../core/base/ip.ts';

const QUESTION = { texts: ['one', 'two'], knocks: [{ ip: '192.0.2.2' as Ip, port: 22 }] };

/** Something that answers so at a socket; undefined: never. */
async function room(answer: string | undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'bz-room-'));
  const path = join(folder, 'socket');
  const asked: string[] = [];
  const server = createServer({ allowHalfOpen: true }, async (socket) => {
    socket.on('error', () => undefined);
    asked.push(await text(socket).catch(() => 'broken off'));
    if (answer !== undefined) socket.end(answer);
  }).listen(path);
  await once(server, 'listening');
  const dispose = async () => {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { path, asked, [Symbol.asyncDispose]: dispose };
}

const ask = (path: string, signal = new AbortController().signal) => askPacketRoom(path, QUESTION, signal);

test('the question is told whole, and the answer taken as it is', async () => {
  const answer = { ok: true, value: [['passes'], ['dropped']] } as const;
  await using there = await room(JSON.stringify(answer));
  assert.deepEqual(await ask(there.path), answer);
  assert.deepEqual(
    there.asked.map((said) => JSON.parse(said)),
    [QUESTION],
  );
});

test('a refusal is one', async () => {
  const answer = { ok: false, code: 'refused', public: 'the rules are refused' } as const;
  await using there = await room(JSON.stringify(answer));
  assert.deepEqual(await ask(there.path), answer);
});

for (const [what, answer, words] of [
  ['nothing', '', /ended without an answer/],
  ['no JSON', 'passes', /nothing of sense/],
  ['an answer to another question', '{"ok":true,"value":[["passes"]]}', /nothing of sense/],
  ['a fate too many', '{"ok":true,"value":[["passes","passes"],["passes"]]}', /nothing of sense/],
  ['a refusal without a reason', '{"ok":false}', /nothing of sense/],
  ['null', 'null', /nothing of sense/],
] as const)
  test(`${what} is no answer`, async () => {
    await using there = await room(answer);
    const result = await ask(there.path);
    assert.ok(!result.ok && result.code === 'unavailable');
    assert.match(result.public, words);
  });

test('nobody there, and nobody who answers in time', async () => {
  const absent = await ask('/nowhere/socket');
  assert.ok(!absent.ok && absent.code === 'unavailable');
  await using there = await room(undefined);
  const late = await ask(there.path, AbortSignal.timeout(50));
  assert.ok(!late.ok && late.code === 'unavailable');
});
