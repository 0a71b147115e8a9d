import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refuse } from '../../../../core/api/endpoint.ts';
import type { HttpReply } from '../../../../core/api/http.ts';
import type { Bound } from '../../../../core/api/mount.ts';
import type { Admitted, ServeDesk } from '../../../../core/api/serve.ts';
import { sharing } from '../../../../core/api/shared.ts';

const row = (method: string, isShared: boolean): Bound =>
  ({ endpoint: { method, ...(isShared && { shared: true }) } }) as unknown as Bound;
const STATUS = row('GET', true);
const HEALTH = row('GET', true);
const FINDINGS = row('GET', false);
const BLOCK = row('POST', false);

/** Serves with a number that counts up; `endTurn` ends the turn. */
function fixture() {
  let made = 0;
  let ends: (() => void)[] = [];
  const reply = async (): Promise<HttpReply> => ({ status: 200, headers: {}, body: `${++made}` });
  const serve = sharing(reply, (run) => void ends.push(run));
  const ask = async (bound: Bound): Promise<string> => {
    const answer = await serve({} as ServeDesk, { bound } as Admitted);
    if ('ok' in answer) throw new Error(answer.message);
    return typeof answer.body === 'string' ? answer.body : new TextDecoder().decode(answer.body);
  };
  const endTurn = () => {
    for (const end of ends) end();
    ends = [];
  };
  return { ask, serve, endTurn };
}

test('requests of one turn share an answer, those of the next get a new one', async () => {
  const { ask, endTurn } = fixture();
  assert.deepEqual([await ask(STATUS), await ask(STATUS), await ask(HEALTH)], ['1', '1', '2']);
  endTurn();
  assert.deepEqual([await ask(STATUS), await ask(STATUS)], ['3', '3']);
});

test('those that come while the answer is being made wait for it; later ones have it at once', async () => {
  const { ask, serve } = fixture();
  assert.deepEqual(await Promise.all([ask(STATUS), ask(STATUS)]), ['1', '1']);
  assert.ok(!(serve({} as ServeDesk, { bound: STATUS } as Admitted) instanceof Promise));
});

test('an answer that is only ready after its turn is not kept for the next', async () => {
  const { ask, endTurn } = fixture();
  const early = ask(STATUS);
  endTurn();
  assert.deepEqual([await early, await ask(STATUS)], ['1', '2']);
});

test('a refusal is shared with nobody: each who waits for it asks for himself', async () => {
  let made = 0;
  const refused = async () => {
    made++;
    if (made === 4) throw new Error('broken');
    return made < 7 ? refuse('internal', `request ${made}`) : { status: 200, headers: {}, body: `${made}` };
  };
  const serve = sharing(refused, () => {});
  const ask = async () => serve({} as ServeDesk, { bound: STATUS } as Admitted);
  const together = await Promise.all([ask(), ask(), ask()]);
  assert.deepEqual(
    together.map((answer) => 'ok' in answer && answer.message),
    ['request 1', 'request 2', 'request 3'],
  );
  const [first, second] = await Promise.allSettled([ask(), ask()]);
  assert.deepEqual([first?.status, second?.status], ['rejected', 'fulfilled']);
  await ask();
  const [good, same] = await Promise.all([ask(), ask()]);
  assert.deepEqual([good, made], [same, 7]);
});

test('whoever has written reads what he has written', async () => {
  const { ask } = fixture();
  assert.deepEqual([await ask(STATUS), await ask(BLOCK), await ask(STATUS)], ['1', '2', '3']);
});

test('what is not declared so is made for each', async () => {
  const { ask } = fixture();
  assert.deepEqual([await ask(FINDINGS), await ask(FINDINGS)], ['1', '2']);
});
