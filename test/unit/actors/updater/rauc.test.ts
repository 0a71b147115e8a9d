import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ran, Run } from '../../../../actors/updater/port.ts';
import { RaucSlots } from '../../../../actors/updater/rauc.ts';
import type { Progress } from '../../../../core/image/slots.ts';
import type { BundleSource } from '../../../../core/image/source.ts';

const URL_SOURCE: BundleSource = {
  kind: 'url',
  url: 'https://h.example/x.raucb?token=s3cret%2Fkey',
  host: 'h.example',
};
const SAYS = [
  ' 20% Checking bundle https://h.example/x.raucb?token=s3cret%2Fkey',
  'LastError: Failed to download bundle https://h.example/x.raucb?token=s3cret%2Fkey: 403 for /x.raucb?token=s3cret%2Fkey',
].join('\n');

/** Every program ends like this, after it has said this. */
const ends =
  (ran: Ran, said = ''): Run =>
  async (_program, _args, { onLine }) => {
    for (const line of said.split('\n')) onLine?.(line);
    return ran;
  };

test('what RAUC repeats of a URL shows no secret of it, neither in a refusal nor in the progress', async () => {
  const slots = new RaucSlots(ends({ kind: 'ended', code: 1, out: SAYS, err: '' }, SAYS));
  const told: Progress[] = [];
  const outcomes = [await slots.inspect(URL_SOURCE), await slots.install(URL_SOURCE, (one) => void told.push(one))];
  assert.equal(JSON.stringify([outcomes, told]).includes('s3cret'), false);
  assert.deepEqual(
    outcomes.map((one) => !one.ok && one.code),
    ['unreachable', 'unreachable'],
  );
  assert.equal(told[0]?.message, 'Checking bundle https://h.example/x.raucb?token=***');
});

for (const ran of [{ kind: 'late' }, { kind: 'killed', signal: 'SIGKILL' }] as const)
  test(`an installation whose program is ${ran.kind} is over for nobody but that program`, async () => {
    const done = await new RaucSlots(ends(ran)).install(URL_SOURCE, () => undefined);
    assert.equal(!done.ok && done.code, 'unknown');
  });

test('a server that stops half way is no fault of RAUC', async () => {
  const looked = await new RaucSlots(ends({ kind: 'late' })).inspect(URL_SOURCE);
  assert.deepEqual(!looked.ok && [looked.code, looked.public], [
    'unreachable',
    'the server does not deliver the bundle in time',
  ]);
});

const said = (...lines: readonly unknown[]): Ran => ({
  kind: 'ended',
  code: 0,
  out: lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
  err: '',
});

test('what RAUC is at, and why the last one failed', async () => {
  const progress = { type: '(isi)', data: [20, 'Checking bundle done.', 2] };
  const busy = said({ type: 's', data: 'installing' }, progress, { type: 's', data: '' });
  assert.deepEqual(await new RaucSlots(ends(busy)).work(), {
    ok: true,
    value: { isInstalling: true, lastError: '', progress: { percent: 20, message: 'Checking bundle done.' } },
  });
  const failed = said({ type: 's', data: 'idle' }, progress, {
    type: 's',
    data: 'Failed to download bundle https://h/x?t=s3cret:\n 403, timed out',
  });
  const work = await new RaucSlots(ends(failed)).work();
  assert.equal(
    work.ok && work.value.lastError,
    'the bundle cannot be read from there (RAUC: Failed to download bundle https://h/x?t=***: 403, timed out)',
  );
  for (const ran of [said(), said({ type: 's', data: 'idle' }), { kind: 'missing' }, { kind: 'late' }] as const)
    assert.equal((await new RaucSlots(ends(ran)).work()).ok, false);
});
