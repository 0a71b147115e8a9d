/** A daemon that obeys: signed orders over a real broker, carried out in a real kernel. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { afterEach, test } from 'node:test';
import { gunzipSync, zstdCompressSync } from 'node:zlib';
import { systemRandom } from '../../actors/clock/index.ts';
import {
  decodeReported,
  decodeResult,
  digestOf,
  encodeListChange,
  encodeListContent,
  seal,
} from '../../actors/link-wire/index.ts';
import { uuidv7 } from '../../core/base/ids.ts';
import { hours, millis, plus, seconds } from '../../core/base/time.ts';
import type { Hex } from '../../core/link/hex.ts';
import type { ListManifest, ListPart } from '../../core/link/list.ts';
import { changeBetween, encodeContent } from '../../core/link/list-content.ts';
import type { Command, Order, OrderBody } from '../../core/link/order.ts';
import { listManifestTopic, listPartTopic, topicOf } from '../../core/link/topics.ts';
import { type ListColumns, totalOf } from '../../core/respond/lists/columns.ts';
import { Daemon, stateDir } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { EnrolmentServer } from '../support/link/enrolment-server.ts';
import { Mosquitto, noMosquitto } from '../support/link/mosquitto.ts';
import { Observer } from '../support/link/observer.ts';
import { setOf, testKey } from '../support/link-orders.ts';
import { readList } from '../support/lists.ts';
import { NetworkNamespace, namespacesUnavailable } from '../support/network-namespace.ts';
import { waitFor } from '../support/wait-for.ts';

const skip = { skip: noMosquitto || namespacesUnavailable(), timeout: 240_000 };
const TENANT = 'acme';
const [ops, guard] = [testKey(`ops ${randomUUID()}`), testKey(`guard ${randomUUID()}`, ['block'])];

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function ground() {
  const edge = new NetworkNamespace('orders');
  cleanups.push(() => edge.dispose());
  const broker = await Mosquitto.make();
  cleanups.push(() => broker.remove());
  await broker.start();
  const server = await EnrolmentServer.start(broker.authority, [broker.url]);
  cleanups.push(() => server.stop());
  server.keys = setOf(ops, guard);
  const state = await stateDir();
  const daemon = new Daemon(state);
  cleanups.push(() => daemon[Symbol.asyncDispose]());
  const port = await freePort();
  await daemon.configure(
    `webui: { listen: '127.0.0.1:${port}' }\nwatchers: { journal: false }\n` +
      `firewall: { enabled: true, netns: ${edge.name}, canary: false }\ncontroller: { enabled: true }\n`,
  );
  await daemon.start('--enforce');
  const watching = await Observer.connect(broker);
  cleanups.push(() => watching.close());
  const enrolled = await daemon.call('POST', '/api/v1/controller-link/enroll', { token: server.token() });
  assert.equal(enrolled.status, 200, JSON.stringify(enrolled.body));
  const serial = enrolled.body.enrolled.serial as string;
  await watching.find('a report', ({ topic }) => topic.endsWith('/reported'));
  return { edge, broker, daemon, watching, serial };
}

type Ground = Awaited<ReturnType<typeof ground>>;

function orders({ watching, serial }: Ground) {
  const generations = new Map<string, number>();
  const make = (body: OrderBody, over: Partial<Order> = {}): Order => {
    const now = millis(Date.now());
    const generation = body.kind === 'command' ? 0 : (generations.get(body.kind) ?? 0) + 1;
    generations.set(body.kind, generation);
    const appliance = body.kind === 'list' ? 'everybody' : serial;
    const head = { id: uuidv7(now, systemRandom), tenant: TENANT, appliance, generation };
    return { ...head, issuedAt: now, notAfter: plus(now, hours(1)), ...body, ...over } as Order;
  };
  const publish = async (topic: string, order: Order, signer = ops) => {
    const sealed = seal(order, [signer]);
    assert.ok(sealed.ok);
    await watching.publish(topic, sealed.value.bytes, { retain: order.kind !== 'command' });
    return sealed.value;
  };
  const result = (id: string) =>
    waitFor('a result', () => {
      const found = watching.seen.find(({ topic }) => topic.endsWith(`${id}/result`));
      const read = found && decodeResult(found.payload);
      return read?.ok ? read.value : undefined;
    });
  const command = async (what: Command, { signer = ops, over = {} as Partial<Order> } = {}) => {
    const order = make({ kind: 'command', command: what }, over);
    await publish(topicOf({ tenant: TENANT, serial }, { kind: 'cmd' }), order, signer);
    return result(order.id);
  };
  const report = () => {
    const last = watching.seen.filter(({ topic }) => topic.endsWith('/reported')).at(-1);
    const read = decodeReported(last?.payload ?? new Uint8Array());
    assert.ok(read.ok);
    return read.value;
  };
  return { make, publish, command, report };
}

test('commands reach the kernel; what may not be ordered does not, and stands in the audit log', skip, async () => {
  const site = await ground();
  const { command } = orders(site);
  const block = (target: string): Command => ({ kind: 'block', target, reason: 'test', lasts: hours(1) });
  assert.equal((await command(block('198.51.100.1'), { signer: guard })).state, 'done');
  assert.equal((await command(block('203.0.113.0/24'))).state, 'done');
  const table = () => site.edge.exec('nft', ['list', 'table', 'inet', 'bartizan']);
  assert.match(table(), /198\.51\.100\.1/);
  assert.match(table(), /203\.0\.113\.0\/24/);
  assert.equal((await command(block('127.0.0.1'))).code, 'protected');
  assert.equal((await command({ kind: 'allow', target: '198.51.100.1', reason: '', lasts: 'forever' })).state, 'done');
  assert.equal((await command({ kind: 'restart', reason: '' }, { signer: guard })).code, 'kind_not_allowed');
  const past = millis(Date.now() - hours(2));
  const stale = { issuedAt: past, notAfter: plus(past, seconds(1)) };
  assert.equal((await command(block('198.51.100.9'), { over: stale })).code, 'expired');
  assert.equal((await command({ kind: 'scan', what: 'firewall' })).state, 'done');
  const bundle = await command({ kind: 'diagnostics', log: seconds(600) });
  const tar = gunzipSync(bundle.detail).toString('latin1');
  for (const name of ['status.json', 'config.json', 'ruleset.nft', 'log.jsonl', 'table inet bartizan']) {
    assert.ok(tar.includes(name), name);
  }
  assert.doesNotMatch(table(), /198\.51\.100\.9/);
  await site.daemon.kill();
  await site.daemon.start('--enforce');
  assert.equal((await command({ kind: 'unblock', target: '203.0.113.0/24' })).state, 'done');
  const audit = (await site.daemon.call('GET', '/api/v1/audit')).body as readonly { readonly action: string }[];
  const actions = new Set(audit.map(({ action }) => action));
  for (const action of ['order_block', 'refuse_order', 'order_diagnostics', 'order_unblock']) {
    assert.ok(actions.has(action), action);
  }
});

test(
  'a desired configuration is tried, proves a fresh connection, and is confirmed through a restart',
  skip,
  async () => {
    const site = await ground();
    const { make, publish, command, report } = orders(site);
    const address = { tenant: TENANT, serial: site.serial };
    const desire = (parent: Hex | undefined, denied: readonly string[]) =>
      publish(
        topicOf(address, { kind: 'desired' }),
        make({
          kind: 'desired',
          desired: {
            parent,
            sections: [{ name: 'firewall', values: { denied_networks: denied } }],
            trial: seconds(60),
            rules: [],
          },
        }),
      );
    const confirmed = async (before?: string) => {
      const change = await waitFor('a nonce', () => {
        const { change: now, run } = report();
        return run !== before && now?.nonce !== undefined && now.state === 'awaiting'
          ? { id: now.id, nonce: now.nonce }
          : undefined;
      });
      const done = await command({ kind: 'confirm', change: change.id, nonce: change.nonce });
      assert.equal(done.state, 'done', done.text);
    };
    const first = await desire(undefined, ['192.0.2.0/24']);
    await confirmed();
    await waitFor('it stands', () => (report().desired.confirmedOrder === first.digest ? true : undefined));
    assert.match(site.edge.exec('nft', ['list', 'table', 'inet', 'bartizan']), /192\.0\.2\.0\/24/);
    const second = await desire(first.digest, ['198.18.0.0/15']);
    await waitFor('its trial', () => (report().desired.standing === 'on_trial' ? true : undefined));
    const { run } = report();
    await site.daemon.kill();
    await site.daemon.start('--enforce');
    await confirmed(run);
    await waitFor('it stands', () => (report().desired.confirmedOrder === second.digest ? true : undefined));
    await desire(first.digest, []);
    await waitFor('a conflict', () => (report().desired.standing === 'conflict' ? true : undefined));
  },
);

const ENTRIES = Number(process.env['BARTIZAN_LIST_ENTRIES'] ?? 20_000);

test('a list of the fleet is enforced, follows by a difference, and goes', skip, async (t) => {
  const site = await ground();
  const { make, publish, report } = orders(site);
  const carry = async (message: Uint8Array): Promise<ListPart> => {
    const payload = zstdCompressSync(message);
    const sha256 = digestOf(payload);
    await site.watching.publish(listPartTopic(TENANT, sha256), payload, { retain: true });
    return { sha256, bytes: payload.length };
  };
  const contentOf = (columns: ListColumns): Uint8Array => {
    const bytes = encodeListContent(encodeContent(columns));
    assert.ok(bytes.ok);
    return bytes.value;
  };
  // Scattered over 11.0.0.0 to 99.255.255.255, each once.
  const quad = (n: number) => {
    const at = (n * 1_103_515_245) % (89 * 2 ** 24);
    return [11 + Math.floor(at / 2 ** 24), (at >> 16) & 255, (at >> 8) & 255, at & 255].join('.');
  };
  const columns = (from: number) => {
    const text = Array.from({ length: ENTRIES }, (_, i) => quad(i + from)).join('\n');
    const read = readList(text, { maxEntries: 2_000_000 });
    assert.ok(read.ok);
    return read.value.columns;
  };
  const announce = async (over: Partial<ListManifest>, of: ListColumns, name = 'bad-guys') => {
    const content = contentOf(of);
    const list: ListManifest = {
      ...{ name, purpose: 'block', entries: totalOf(of), contentSha256: digestOf(content) },
      ...{ whole: [await carry(content)], deltas: [], withdrawn: false },
      ...over,
    };
    const order = make({ kind: 'list', list });
    const start = performance.now();
    await publish(listManifestTopic(TENANT, name), order);
    await waitFor(
      'the list in force',
      () => {
        const found = report().lists.find((one) => one.name === name);
        return list.withdrawn ? found === undefined || undefined : found?.generation === order.generation || undefined;
      },
      { withinMs: 60_000, everyMs: 10 },
    );
    t.diagnostic(`generation ${order.generation}: told after ${Math.round(performance.now() - start)} ms`);
    return { list, order };
  };
  const has = (ip: string) => site.edge.exec('nft', ['list', 'table', 'inet', 'bartizan']).includes(ip);
  const [one, two] = [columns(0), columns(500)];
  const first = await announce({}, one);
  const change = encodeListChange(changeBetween(one, two));
  assert.ok(change.ok);
  const part = await carry(change.value);
  t.diagnostic(`${first.list.whole[0]?.bytes} bytes whole, ${part.bytes} bytes of difference`);
  const deltas = [{ fromGeneration: 1, fromSha256: first.list.contentSha256, part }];
  await announce({ deltas }, two);
  if (ENTRIES <= 50_000) assert.deepEqual([has(`${quad(0)},`), has(quad(ENTRIES + 1))], [false, true]);
  await site.daemon.kill();
  await site.daemon.start('--enforce');
  await announce({ withdrawn: true }, two);
  assert.equal(has(quad(ENTRIES + 1)), false);
  const log = site.daemon.output.split('\n').filter((line) => /fleet says|list of the fleet/.test(line));
  t.diagnostic(log.join('\n'));
});
