/** The network of an appliance on trial, with systemd, its networkd and an administrator at the other end of a cable. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { sha256Hex } from '../../core/base/ids.ts';
import { BootedMachine, INSIDE, noBoot } from '../support/booted/machine.ts';
import { Namespace } from '../support/namespaces.ts';
import { waitFor } from '../support/wait-for.ts';

const TOKEN = 'a-token-of-an-administrator';
const CLIENT = join(import.meta.dirname, '../support/admin-client.js');
const CONFIG = `webui:
  listen: 0.0.0.0:9443
  tokens:
    - { name: admin, token_sha256: ${sha256Hex(Buffer.from(TOKEN))}, scope: admin }
changes:
  trial: 1m
host:
  hostname: edge-7
  timezone: Europe/Berlin
  dns: [198.51.100.53]
  ntp: [198.51.100.123]
  search: [example.net]
  interfaces:
    - match: edge0
      method: static
      addresses: [198.51.100.2/24, '2001:db8::2/64']
      gateways: [198.51.100.1, 'fe80::1']
      dns: [198.51.100.53]
      search: [a.example]
      ipv6_ra: false
      mtu: 1400
`;

/** The machine, and the networks at the other end of its cable. */
class Site implements AsyncDisposable {
  readonly machine = new BootedMachine({}, 'appliance');
  readonly admin = new Namespace('admin');
  #cables = 0;

  async boot(): Promise<void> {
    await this.machine.boot();
    const near = `far${++this.#cables}`;
    this.admin.ip('link', 'add', near, 'type', 'veth', 'peer', 'name', 'edge0', 'netns', String(this.machine.pid));
    for (const network of ['198.51.100.1/24', '203.0.113.1/24', '192.0.2.1/24'])
      this.admin.ip('addr', 'add', network, 'dev', near);
    this.admin.ip('link', 'set', near, 'up');
    await this.machine.active('bartizan.service');
  }

  /** The addresses that the link has now. */
  async addresses(): Promise<readonly string[]> {
    const links = JSON.parse(await this.machine.run('ip', '-j', '-4', 'addr', 'show', 'dev', 'edge0')) as readonly {
      readonly addr_info?: readonly { readonly local: string; readonly prefixlen: number }[];
    }[];
    return links.flatMap(({ addr_info: info = [] }) => info.map(({ local, prefixlen }) => `${local}/${prefixlen}`));
  }

  async hasAddress(address: string, withinMs = 30_000): Promise<void> {
    const isThere = async () => ((await this.addresses()).join() === address ? true : undefined);
    await waitFor(`edge0 to have ${address} alone`, isThere, { withinMs }).catch(async (cause: unknown) => {
      const logs = await Promise.all(
        ['bartizan-host', 'bartizan-host-early', 'systemd-networkd', 'bartizan'].map((unit) =>
          this.machine.journal(unit),
        ),
      );
      throw new Error(`${String(cause)}: ${await this.addresses()}\n${logs.join('\n')}`, { cause });
    });
  }

  cli(...words: readonly string[]): Promise<string> {
    const bartizan = ['/usr/lib/bartizan/node', '/usr/lib/bartizan/dist/bundle/main.js'] as const;
    return this.machine.run(...bartizan, ...words, '--state', INSIDE);
  }

  /** Asks over a new connection, from the other end of the cable. */
  async ask(address: string, method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
    const orders = JSON.stringify([{ method, path, ...(body === undefined ? {} : { body }) }]);
    const said = await this.admin.run(process.execPath, CLIENT, `https://${address}:9443`, TOKEN, orders);
    return (JSON.parse(said) as { status: number; body: unknown }[])[0] ?? { status: 0, body: undefined };
  }

  async pending(): Promise<string | undefined> {
    const { change } = JSON.parse(await this.cli('change', '--json')) as { change?: { id: string } };
    return change?.id;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.machine[Symbol.asyncDispose]();
    this.admin[Symbol.dispose]();
  }
}

const [FIRST, SECOND, THIRD] = ['198.51.100.2', '203.0.113.2', '192.0.2.2'];

test('a network on trial is kept by a word from its new address, and taken back where none comes', {
  skip: noBoot(),
}, async () => {
  await using site = new Site();
  writeFileSync(join(site.machine.state, 'bartizan.yaml'), CONFIG, { mode: 0o600 });
  await site.boot();
  const { machine } = site;

  // Nothing was rendered before: the daemon's first start has it applied.
  await site.hasAddress(`${FIRST}/24`);
  assert.equal((await machine.run('hostname')).trim(), 'edge-7');
  assert.match(await machine.run('date', '+%Z'), /CES?T/);
  const route = await machine.run('ip', 'route', 'show', 'default');
  assert.match(route, /via 198\.51\.100\.1 dev edge0/);
  assert.match(await machine.run('ip', '-6', 'addr', 'show', 'dev', 'edge0'), /2001:db8::2\/64/);
  assert.match(await machine.run('ip', 'link', 'show', 'dev', 'edge0'), /mtu 1400/);
  const said = await machine.run('journalctl', '--no-pager', '--unit', 'systemd-networkd');
  assert.doesNotMatch(said, /Unknown|Failed to parse|Invalid|ignoring/i, 'networkd understands every line');
  assert.match(await machine.run('networkctl', 'status', 'edge0', '--no-pager'), /DNS: 198\.51\.100\.53/);

  // Kept by a word over a connection to the new address.
  assert.match(await site.cli('host', 'set-static', 'edge0', `${SECOND}/24`, '203.0.113.1'), /^on trial until /);
  await site.hasAddress(`${SECOND}/24`);
  const id = await site.pending();
  const kept = await site.ask(SECOND, 'POST', `/api/v1/changes/${id}/confirm`);
  assert.equal(kept.status, 200, JSON.stringify(kept.body));
  const verdict = JSON.parse(await site.cli('change', 'show', String(id), '--json')) as {
    readonly verdict: {
      readonly result: string;
      readonly by: string;
      readonly fresh_connection?: { readonly proved: boolean };
    };
  };
  assert.deepEqual(
    [verdict.verdict.result, verdict.verdict.by, verdict.verdict.fresh_connection?.proved],
    ['confirmed', 'word', true],
  );
  await site.hasAddress(`${SECOND}/24`);

  // Taken back when nobody says a word, although every probe passes.
  await site.cli('host', 'set-static', 'edge0', `${THIRD}/24`);
  await site.hasAddress(`${THIRD}/24`);
  assert.equal((await site.ask(THIRD, 'GET', '/api/v1/changes/pending')).status, 200);
  await site.hasAddress(`${SECOND}/24`, 90_000);
  assert.equal(await site.pending(), undefined);

  // After a power cut in a trial the confirmed network is what boots, before the daemon is there.
  await site.cli('host', 'set-static', 'edge0', `${THIRD}/24`);
  await site.hasAddress(`${THIRD}/24`);
  await machine.cutPower();
  // The kernel below has not been started anew.
  const trial = join(machine.state, 'change/pending/trial');
  const facts = readFileSync(trial, 'utf8').replace(/^boot_id=.*$/m, 'boot_id=00000000-0000-0000-0000-000000000000');
  writeFileSync(trial, facts);
  await site.boot();
  const early = await machine.show('bartizan-host-early.service', 'ExecMainExitTimestampMonotonic', 'Result');
  const networkd = await machine.show('systemd-networkd.service', 'ExecMainStartTimestampMonotonic');
  assert.equal(early['Result'], 'success');
  assert.ok(Number(early['ExecMainExitTimestampMonotonic']) <= Number(networkd['ExecMainStartTimestampMonotonic']));
  await site.hasAddress(`${SECOND}/24`);
  const applied = await machine.run(
    'systemctl',
    'show',
    'bartizan-host.service',
    '--property=ExecMainStartTimestampMonotonic',
  );
  assert.equal(applied.trim(), 'ExecMainStartTimestampMonotonic=0', 'nobody had to ask for it');
});

test('a daemon that cannot be started gets the network back without it', { skip: noBoot() }, async () => {
  await using site = new Site();
  writeFileSync(join(site.machine.state, 'bartizan.yaml'), CONFIG, { mode: 0o600 });
  await site.boot();
  const { machine } = site;
  await site.hasAddress(`${FIRST}/24`);
  await site.cli('host', 'set-static', 'edge0', `${THIRD}/24`);
  await site.hasAddress(`${THIRD}/24`);
  // It cannot start any more, and has been tried three times.
  await machine.run('sh', '-c', 'mkdir -p /run/systemd/system/bartizan.service.d');
  await machine.run(
    'sh',
    '-c',
    "printf '[Service]\\nExecStart=\\nExecStart=/bin/false\\n' >/run/systemd/system/bartizan.service.d/broken.conf",
  );
  await machine.run('systemctl', 'daemon-reload');
  await machine.run('systemctl', 'kill', '--signal=KILL', '--kill-who=main', 'bartizan.service');
  await site.hasAddress(`${FIRST}/24`);
  assert.match(
    await machine.run('journalctl', '--no-pager', '--unit', 'bartizan-starting.service'),
    /failed to start 3 times/,
  );
});
