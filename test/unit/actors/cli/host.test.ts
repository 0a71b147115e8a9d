import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCommand } from '../../../support/cli.ts';

const PATH = '/api/v1/settings/host';
const DHCP = { match: 'ens4', method: 'dhcp', addresses: [], gateways: [], dns: [], mtu: 1400 };
const STATIC = {
  match: 'ens3',
  method: 'static',
  addresses: ['192.0.2.10/24'],
  gateways: ['192.0.2.1'],
  dns: ['192.0.2.53'],
};
const values = { hostname: 'edge-1', timezone: 'UTC', ntp: [], dns: [], search: [], interfaces: [DHCP] };
const world = (interfaces: readonly unknown[] = [DHCP]) => ({
  answers: {
    [PATH]: { etag: 'e1', values: { ...values, interfaces }, change: { expires_at: '2026-01-01T00:05:00Z' } },
  },
});
const posted = async (argv: readonly string[], interfaces?: readonly unknown[]) => {
  const { asked, ...run } = await runCommand(argv, world(interfaces));
  return { ...run, request: asked[1] };
};

test('a technician sees how the machine is set up', async () => {
  const { code, out } = await runCommand(['host'], world([STATIC, { ...DHCP, match: 'ens4\u001b[2J' }]));
  assert.equal(code, 0);
  assert.match(out, /^host name +edge-1\ntime zone +UTC\n/);
  assert.match(out, /\nens3 +static {2}192\.0\.2\.10\/24 {2}via 192\.0\.2\.1 {2}192\.0\.2\.53\n/);
  assert.match(out, /\nens4\\x1b\[2J +dhcp\n$/);
  assert.match((await runCommand(['host'], world([]))).out, /every wired link +dhcp\n$/);
});

test('a link gets an address in place of what it had, the others keep theirs', async () => {
  const argv = ['host', 'set-static', 'ens4', '198.51.100.7/24', '198.51.100.1', '198.51.100.53,2001:db8::53'];
  const { code, out, request } = await posted(argv, [STATIC, DHCP]);
  assert.equal(code, 0);
  assert.equal(out, 'on trial until 2026-01-01T00:05:00Z: bartizan change confirm keeps it\n');
  const wanted = {
    ...DHCP,
    method: 'static',
    addresses: ['198.51.100.7/24'],
    gateways: ['198.51.100.1'],
    dns: ['198.51.100.53', '2001:db8::53'],
  };
  assert.deepEqual(request?.body, { changes: { interfaces: [STATIC, wanted] } });
  assert.equal(request?.ifMatch, 'e1');
});

test('a link that was not listed is added', async () => {
  const { request } = await posted(['host', 'set-static', 'ens9', '198.51.100.7/24'], []);
  assert.deepEqual(request?.body, {
    changes: {
      interfaces: [{ match: 'ens9', method: 'static', addresses: ['198.51.100.7/24'], gateways: [], dns: [] }],
    },
  });
});

test('a link goes back to what the network offers', async () => {
  const { request } = await posted(['host', 'set-dhcp', 'ens3'], [STATIC]);
  assert.deepEqual(request?.body, {
    changes: {
      interfaces: [{ ...STATIC, method: 'dhcp', addresses: [], gateways: [], gateway_on_link: false }],
    },
  });
});

for (const argv of [['set-dhcp'], ['set-static', 'ens3'], ['set-dhcp', 'ens3', '192.0.2.1/24'], ['reboot']])
  test(`host ${argv.join(' ')} is no order`, async () => {
    const { code, asked } = await runCommand(['host', ...argv], world());
    assert.deepEqual([code, asked.length], [2, 0]);
  });

test('what is wrong with an address is told by the appliance', async () => {
  const errors = [{ field: 'host.interfaces[0].addresses[0]', message: 'is the address of its network' }];
  const { code, err } = await runCommand(['host', 'set-dhcp', 'ens3'], { answer: { status: 422, body: { errors } } });
  assert.notEqual(code, 0);
  assert.match(err, /is the address of its network/);
});
