/** An appliance that the controller does not want any more. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noBroker } from '../support/fleet-site.ts';
import { FourSpaces } from '../support/link/four-spaces.ts';
import { namespacesUnavailable } from '../support/network-namespace.ts';
import { waitFor } from '../support/wait-for.ts';

const skip = noBroker || namespacesUnavailable();

test('a revoked appliance is refused by the broker, says so, and comes back by a token of its own alone', {
  skip,
  timeout: 240_000,
}, async () => {
  await using spaces = await FourSpaces.running();
  const { site, east, west } = spaces;
  const isOnline = (serial: string, online: boolean) =>
    waitFor(
      `${serial} to be ${online ? 'online' : 'offline'}`,
      async () => {
        const [row] = await site.rows('main', 'list', serial);
        return row?.['online'] === online ? true : undefined;
      },
      { withinMs: 60_000, everyMs: 250 },
    );

  assert.equal((await site.run('main', 'revoke', east.serial, '--reason', 'stolen')).code, 0);
  // A connection that stands is none of the list's business: the next one is.
  await site.stop('broker');
  await site.startBroker();
  const said = await waitFor(
    'its component to say so',
    async () => {
      const link = await east.link();
      return link.state === 'failed' ? link.message : undefined;
    },
    { withinMs: 60_000 },
  );
  assert.match(said, /the controller has revoked this appliance: .*revoked.*; enroll anew with bartizan enroll TOKEN/);
  assert.match(site.output('broker'), /certificate revoked|verify failed/i);
  await isOnline(east.serial, false);
  await isOnline(west.serial, true);
  const [done] = await site.rows('main', 'cmd', 'scan', west.serial, 'firewall');
  assert.equal(done?.['state'], 'done');

  // It is no passing thing.
  await east.daemon.kill();
  await east.start();
  assert.equal((await east.link()).state, 'failed');
  const common = (await site.run('main', 'enroll')).out.trim();
  await assert.rejects(east.enrol(common), /revoked/);
  const own = (await site.run('main', 'enroll', '--serial', east.serial)).out.trim();
  await east.enrol(own);
  await waitFor('the link to be well', async () => ((await east.link()).state === 'ok' ? true : undefined));
  await isOnline(east.serial, true);
});
