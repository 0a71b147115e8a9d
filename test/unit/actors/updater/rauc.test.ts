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
