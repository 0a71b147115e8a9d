import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { serialOf } from '../../core/field/serial.ts';
import { enrolByHand } from '../support/enrol-by-hand.ts';
import { disorderIn, exportedBy } from '../support/fleet-exports.ts';
import { FleetSite, noBroker } from '../support/fleet-site.ts';
import { notRoot } from '../support/namespaces.ts';
import { waitFor } from '../support/wait-for.ts';

const run = promisify(execFile);
const skip = noBroker || notRoot;

/** What `mosquitto_pub` says with the certificate of one appliance. */
async function publishAs(
  site: FleetSite,
  files: { readonly cert: string; readonly key: string },
  topic: string,
): Promise<string> {
  const argv = [
    '-h',
    'localhost',
    '-p',
    String(site.brokerPort),
    '--cafile',
    join(site.state('main'), 'ca/root.crt'),
    '-V',
    '5',
    '-q',
    '1',
    '-d',
  ];
  const done = await run('/usr/bin/mosquitto_pub', [
    ...argv,
    '--cert',
    files.cert,
    '--key',
    files.key,
    '-t',
    topic,
    '-m',
    'x',
  ]).catch((error: { stdout?: string; stderr?: string }) => ({
    stdout: error.stdout ?? '',
    stderr: error.stderr ?? 'failed',
  }));
  return done.stdout + done.stderr;
}

test('a fleet from its authority to what it desires', { skip }, async (t) => {
  await using site = await FleetSite.make();
  await site.serve('main', '--export');
  await site.serves('main');

  await t.test('a second fleet is not made over the first', async () => {
    const again = await site.run('main', 'ca', 'init', '--broker', 'mqtts://x:1', '--enrol', 'https://x/enrol');
    assert.equal(again.code, 4);
    assert.match(again.err, /is not empty/);
  });

  const token = (await site.run('main', 'enroll', '--uses', '3', '--label', 'site=berlin')).out.trim();
  await t.test('appliances enrol by a token, as many as it is for', async () => {
    assert.match(token, /^bze1\.[\w-]+$/);
    site.simulate('appliances', 3, '--token', token, '--findings', '600', '--rate', '20');
    await waitFor('three appliances to be online', async () => {
      const rows = await site.rows('main', 'list', 'site=berlin');
      return rows.filter(({ online }) => online === true).length === 3 ? true : undefined;
    });
    const more = await new Promise<string>((tell) => {
      site.simulate('more', 4, '--token', token, '--seed', 'others', '--for', '5s');
      void waitFor('a refusal', () =>
        site.output('more').includes('used_token') ? site.output('more') : undefined,
      ).then(tell);
    });
    assert.match(more, /the token was for 3, and they have come \(used_token\)/);
    const [row] = await site.rows('main', 'enroll', 'list');
    assert.deepEqual([row?.['used'], row?.['uses']], [3, 3]);
  });

  const serials = (await site.rows('main', 'list')).map(({ serial }) => String(serial));
  const [first = '', second = ''] = serials;

  await t.test('what is desired is tried, heard of and confirmed', async () => {
    const file = join(site.root, 'desired.yaml');
    await writeFile(file, 'firewall:\n  mode: enforce\nthresholds:\n  ssh: 5\n');
    const rows = await site.rows('main', 'desired', 'set', 'site=berlin', file);
    assert.deepEqual(
      rows.map(({ standing }) => standing),
      ['confirmed', 'confirmed', 'confirmed'],
    );
    await writeFile(file, 'firewall:\n  mode: observe\n');
    const differences = await site.rows('main', 'desired', 'diff', first, file);
    assert.deepEqual(
      differences.map(({ path, before, after }) => [path, before, after]),
      [
        ['firewall.mode', 'enforce', 'observe'],
        ['thresholds.ssh', 5, null],
      ],
    );
    const [again] = await site.rows('main', 'desired', 'set', first, file, '--merge');
    assert.deepEqual([again?.['standing'], again?.['generation']], ['confirmed', 2]);
    const history = await site.rows('main', 'desired', 'history', first);
    assert.deepEqual(
      history.map((one) => [one['generation'], one['standing'], one['in_effect']]),
      [
        [2, 'confirmed', true],
        [1, 'confirmed', false],
      ],
    );
    assert.equal(history[0]?.['parent'], history[1]?.['order']);
  });

  await t.test('commands come back with what became of them', async () => {
    const done = await site.rows('main', 'cmd', 'block', 'all', '203.0.113.9', '--reason', 'seen');
    assert.deepEqual(
      done.map(({ state }) => state),
      ['done', 'done', 'done'],
    );
    const nothing = await site.run('main', 'confirm', first);
    assert.equal(nothing.code, 4, nothing.out);
    assert.match(nothing.out, /nothing is on trial/);
    const wrong = await site.run('main', 'cmd', 'block', first, 'nonsense');
    assert.equal(wrong.code, 2);
    const limited = await site.run('main', 'cmd', 'block', first, '203.0.113.9', '--key', 'main');
    assert.equal(limited.code, 4);
    assert.match(limited.err, /"main" may not order block/);
  });

  await t.test('keys are rotated with two signatures, and the old one orders nothing any more', async () => {
    const before = await readFile(join(site.state('main'), 'keys/ops.key'));
    assert.equal((await site.run('main', 'keys', 'rotate', 'ops')).code, 0);
    await writeFile(join(site.state('main'), 'keys/old.key'), before, { mode: 0o600 });
    const [done] = await site.rows('main', 'cmd', 'scan', first);
    assert.equal(done?.['state'], 'done');
    const old = await site.run('main', 'cmd', 'scan', first, '--key', 'old', '--within', '1s');
    assert.deepEqual([old.code, old.err.includes('does not believe the key "old"')], [4, true], old.err);
    const alone = await site.run('main', 'keys', 'remove', 'ops');
    assert.equal(alone.code, 4);
  });

  await t.test('what a key may not order is not sent, and not made good by another key', async () => {
    const file = join(site.root, 'sneaky.yaml');
    await writeFile(file, 'firewall:\n  mode: enforce\n');
    const orders = async () => (await site.rows('main', 'desired', 'history', first)).map(({ order }) => order);
    const before = await orders();
    assert.equal((await site.run('main', 'keys', 'add', 'night', '--kinds', 'block')).code, 0);
    const refused = await site.run('main', 'desired', 'set', first, file, '--key', 'night');
    assert.deepEqual([refused.code, refused.err.includes('"night" may not order desired')], [4, true], refused.err);
    const list = await site.run('main', 'lists', 'publish', 'bad-guys', file, '--key', 'night');
    assert.deepEqual([list.code, list.err.includes('"night" may not order list')], [4, true], list.err);
    assert.equal((await site.run('main', 'keys', 'remove', 'night')).code, 0);
    assert.deepEqual(await orders(), before);
    const gone = await site.run('main', 'cmd', 'block', first, '203.0.113.9', '--key', 'night');
    assert.deepEqual([gone.code, gone.err.includes('does not believe')], [4, true], gone.err);
  });

  await t.test('streams are exported in order, each number once', async () => {
    await waitFor('some findings', async () => ((await exported(site)).length > 50 ? true : undefined));
    assert.equal(disorderIn(await exported(site)), undefined);
  });

  await t.test("an appliance cannot write what is another's, and nobody comes without a certificate", async () => {
    const files = await certificateFor(site, first);
    const own = await publishAs(site, files, topicOf(await shardOf(site, first), first, 'presence'));
    assert.match(own, /received PUBACK \(Mid: 1, RC:(?:0|16)\)/);
    for (const topic of [
      topicOf(await shardOf(site, second), second, 'presence'),
      topicOf(await shardOf(site, first), first, 'desired'),
      'bartizan/1/acme/keys',
      'bartizan/1/acme/00/lease',
    ]) {
      assert.match(await publishAs(site, files, topic), /received PUBACK \(Mid: 1, RC:135\)/, topic);
    }
    const stranger = await run('/usr/bin/mosquitto_pub', [
      '-h',
      'localhost',
      '-p',
      String(site.brokerPort),
      '--cafile',
      join(site.state('main'), 'ca/root.crt'),
      '-t',
      'x',
      '-m',
      'x',
    ]).then(
      () => 'came in',
      () => 'refused',
    );
    assert.equal(stranger, 'refused');
  });

  await t.test('a list is there for every appliance, in parts and as a difference', async () => {
    const file = join(site.root, 'list');
    const numbers = Array.from({ length: 3000 }, (_, i) => scattered(i));
    await writeFile(file, numbers.slice(0, 2000).join('\n'));
    const [first1] = await site.rows('main', 'lists', 'publish', 'bad-guys', file);
    await writeFile(file, numbers.slice(10, 2010).join('\n'));
    const [next] = await site.rows('main', 'lists', 'publish', 'bad-guys', file);
    assert.deepEqual([first1?.['entries'], next?.['entries'], next?.['generation']], [2000, 2000, 2]);
    const files = await certificateFor(site, second);
    const login = [
      '-h',
      'localhost',
      '-p',
      String(site.brokerPort),
      '--cafile',
      join(site.state('main'), 'ca/root.crt'),
    ];
    const { stdout } = await run('/usr/bin/mosquitto_sub', [
      ...login,
      ...['--cert', files.cert, '--key', files.key, '-t', 'bartizan/1/acme/list/#', '-F', '%t', '-W', '3'],
    ]).catch((error: { stdout: string }) => error);
    const topics = stdout.split('\n').filter((line) => line !== '');
    assert.ok(topics.includes('bartizan/1/acme/list/bad-guys/manifest'), stdout);
    assert.equal(topics.filter((topic) => topic.includes('/list/part/')).length, 3, 'both wholes and the difference');
  });

  await t.test('an enrolment that is not proven, not for the serial or not its own is refused', async () => {
    const fresh = (await site.run('main', 'enroll', '--uses', '5')).out.trim();
    const other = serialOf(new Uint8Array(32).fill(9));
    const refusals = [
      [{ secret: new Uint8Array(32) }, /^Error: bad_proof/],
      [{ commonName: 'controller:main' }, /^Error: bad_request: .*another name/],
    ] as const;
    for (const [how, says] of refusals) await assert.rejects(enrolByHand(fresh, other, how), says);
    const pair = await enrolByHand(fresh, other);
    await assert.rejects(enrolByHand(fresh, other, { device: new Uint8Array(32).fill(8) }), /another device key/);
    const renewed = await enrolByHand(fresh, other, { peer: pair });
    assert.notEqual(renewed.cert, pair.cert);
    await assert.rejects(enrolByHand(fresh, second, { peer: pair }), /bad_request: a renewal comes with/);
    assert.equal(
      (await site.run('main', 'enroll', 'revoke', String((await site.rows('main', 'enroll', 'list'))[0]?.['name'])))
        .code,
      0,
    );
    await assert.rejects(enrolByHand(fresh, serialOf(new Uint8Array(32).fill(10))), /expired_token/);
    assert.equal((await site.run('main', 'revoke', other)).code, 0);
    await assert.rejects(enrolByHand(fresh, other, { peer: renewed }), /revoked/);
  });

  await t.test(
    'a controller that was killed goes on where it was, with nothing doubled in what it exported',
    async () => {
      const before = (await exported(site)).length;
      await site.stop('main', 'SIGKILL');
      await site.serve('main', '--export');
      await waitFor('more findings', async () => ((await exported(site)).length > before + 50 ? true : undefined), {
        withinMs: 40_000,
      });
      assert.equal(disorderIn(await exported(site)), undefined);
    },
  );

  await t.test('a command that is given while the broker is away stands for its time', async () => {
    await site.stop('broker');
    const [waits] = await site.rows('main', 'cmd', 'scan', first, '--within', '1s');
    assert.equal(waits?.['state'], 'sent');
    assert.match(String(waits?.['text']), /goes out once the controller is connected/);
    const later = site.rows('main', 'cmd', 'scan', second);
    await site.startBroker();
    assert.equal((await later)[0]?.['state'], 'done');
  });

  await t.test('who is revoked is refused by the broker once it reads the new list', async () => {
    const files = await certificateFor(site, first);
    assert.equal((await site.run('main', 'revoke', first, '--reason', 'stolen')).code, 0);
    await site.writeBroker();
    const pid = Number(await readFile(join(site.root, 'mosquitto.pid'), 'utf8'));
    process.kill(pid, 'SIGHUP');
    await waitFor('the broker to refuse it', async () =>
      /PUBACK/.test(await publishAs(site, files, topicOf('00', first, 'presence'))) ? undefined : true,
    );
    const [row] = await site.rows('main', 'show', first);
    assert.equal(row?.['revoked_because'], 'stolen');
  });
});

test('two controllers hand shards over in mid-stream with nothing lost or doubled', { skip }, async () => {
  await using site = await FleetSite.make();
  await site.serve('main', '--export', '--shards', '00-3f');
  await site.addController('other');
  await site.serves('main');
  const token = (await site.run('main', 'enroll', '--uses', '5')).out.trim();
  site.simulate('appliances', 5, '--token', token, '--findings', '1200', '--rate', '20');
  await site.serve('other', '--export', '--shards', '00-3f');
  await waitFor('findings at the first', async () => ((await exported(site)).length > 100 ? true : undefined));

  assert.equal((await site.run('main', 'shards', 'give', '00-3f')).code, 0);
  await site.serves('other');
  const atHandover = (await exported(site)).length;
  const within = { withinMs: 30_000 };
  const isMore = async () => ((await exported(site, 'other')).length > 100 ? true : undefined);
  await waitFor('findings at the second', isMore, within);
  const { sent } = site.simulated('appliances');
  const all = await waitFor(
    `all of ${sent} findings`,
    async () => {
      const lines = [...(await exported(site)), ...(await exported(site, 'other'))];
      // A batch of one appliance may come late while others have sent more than was asked for.
      const here = new Set(lines.slice(atHandover).map(({ serial }) => serial));
      return lines.length >= sent && here.size === 5 ? lines : undefined;
    },
    within,
  );
  assert.equal((await exported(site)).length, atHandover, 'the first takes nothing any more');
  assert.equal(disorderIn(all), undefined);
});

const exported = (site: FleetSite, name = 'main') => exportedBy(site.state(name));

/** An address, the same for the same number; no two of a few thousand are the same. */
function scattered(number: number): string {
  const [a = 0, b, c, d] = createHash('sha256').update(String(number)).digest();
  return `${11 + (a % 100)}.${b}.${c}.${d}`;
}

const topicOf = (shard: string, serial: string, kind: string): string => `bartizan/1/acme/${shard}/${serial}/${kind}`;

async function shardOf(site: FleetSite, serial: string): Promise<string> {
  const [row] = await site.rows('main', 'show', serial);
  return String(row?.['shard']);
}

/** A certificate of the fleet's authority for this appliance, known to the controller as its own renewals are. */
async function certificateFor(
  site: FleetSite,
  serial: string,
): Promise<{ readonly cert: string; readonly key: string }> {
  const token = (await site.run('main', 'enroll', '--serial', serial)).out.trim();
  const [cert, key] = [join(site.root, `${serial}.crt`), join(site.root, `${serial}.key`)];
  const pair = await enrolByHand(token, serial);
  await writeFile(cert, pair.cert);
  await writeFile(key, pair.key);
  return { cert, key };
}
