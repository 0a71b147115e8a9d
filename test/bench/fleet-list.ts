import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import mqtt, { type MqttClient } from 'mqtt';
import { placeIn } from '../../actors/controller/place.ts';
import { decodeEnvelope, decodeOrder, decodeReported } from '../../actors/link-wire/index.ts';
import { listManifestTopic } from '../../core/link/topics.ts';
import { type NftPort, openNft } from '../../native/nft/index.ts';
import { Daemon, stateDir } from '../support/daemon.ts';
import { FleetSite, noBroker } from '../support/fleet-site.ts';
import { freePort } from '../support/free-port.ts';
import { CountingRelay } from '../support/link/counting-relay.ts';
import { memoryOf } from '../support/memory-of.ts';
import { NetworkNamespace } from '../support/network-namespace.ts';
import { waitFor } from '../support/wait-for.ts';
import { declareBench, Wrong } from './bench.ts';
import { rounded } from './statistics.ts';

const TENANT = 'acme';
const LIST = 'bad-guys';
const TABLE = 'bartizan';
const LONG = { withinMs: 180_000 };

/** A list of a fleet from its file to the kernel of an appliance: over a broker, with the bytes counted at the appliance's socket. */
export const fleetList = declareBench({
  name: 'fleet-list',
  about:
    "a fleet's list from the controller to the kernel of a daemon, then a change of it: bytes on the wire, time (root)",
  options: {
    entries: { about: 'addresses', value: 1_000_000 },
    changed: { about: 'that go, and as many that come', value: 1000 },
    turns: { about: 'changes, one after the other', value: 5 },
  },
  run: async ({ entries, changed, turns }, say) => {
    if (noBroker !== false) throw new Error(noBroker);
    await using site = await FleetSite.make();
    await using edge = await Edge.join(site);
    const all = scattered(entries + changed * turns);
    const list = (turn: number) => all.slice(changed * turn, changed * turn + entries);
    const whole = await edge.follow(
      () => publish(site, list(0)),
      () => edge.holds(entries),
    );
    say(`${entries} entries: ${whole.wireBytes} bytes over the wire, in force ${whole.seconds} s after their manifest`);
    const changes: Followed[] = [];
    for (let turn = 1; turn <= turns; turn++) {
      const gone = list(turn - 1).slice(0, changed);
      const come = list(turn).slice(-changed);
      const change = await edge.follow(
        () => publish(site, list(turn)),
        async () => (await edge.found(come.slice(-1))) === 1,
      );
      changes.push(change);
      const [left, there] = [await edge.found(gone), await edge.found(come)];
      if (left !== 0 || there !== changed)
        throw new Wrong('the kernel does not hold what was published', { left, there });
      say(`${changed} go and ${changed} come: ${change.wireBytes} bytes, in force after ${change.seconds} s`);
    }
    const most = (of: (change: Followed) => number): number => Math.max(...changes.map(of));
    return {
      entries,
      published_s: whole.publishedSeconds,
      whole_wire_bytes: whole.wireBytes,
      whole_enforced_s: whole.seconds,
      changed,
      delta_published_s: most((change) => change.publishedSeconds),
      delta_wire_bytes: most((change) => change.wireBytes),
      delta_enforced_s: most((change) => change.seconds),
      appliance_mb: memoryOf(edge.pid),
      controller_mb: memoryOf(site.pid('main')),
    };
  },
});

interface Followed {
  /** What the command took that published it. */
  readonly publishedSeconds: number;
  /** From the manifest, as somebody else has it from the broker, until the kernel holds the list. */
  readonly seconds: number;
  /** Through the appliance's connection, both ways, TLS included, until it has reported the list. */
  readonly wireBytes: number;
}

/** A daemon that enforces in a namespace of its own and reaches the broker through a socket that counts. */
class Edge {
  readonly #namespace: NetworkNamespace;
  readonly #relay: CountingRelay;
  readonly #daemon: Daemon;
  readonly #nft: NftPort;
  readonly #watching: MqttClient;
  #manifests = 0;
  #reported = 0;
  #trouble = '';
  #set = '';

  private constructor(parts: {
    readonly namespace: NetworkNamespace;
    readonly relay: CountingRelay;
    readonly daemon: Daemon;
    readonly nft: NftPort;
    readonly watching: MqttClient;
  }) {
    this.#namespace = parts.namespace;
    this.#relay = parts.relay;
    this.#daemon = parts.daemon;
    this.#nft = parts.nft;
    this.#watching = parts.watching;
    this.#watching.on('message', (topic, payload) => this.#saw(topic, payload));
  }

  /** Enrolled, enforcing, and heard of. */
  static async join(site: FleetSite): Promise<Edge> {
    await site.serve('main');
    await site.serves('main');
    const namespace = new NetworkNamespace('fleet-list');
    const nft = await openNft({ netns: namespace.name });
    if (!nft.ok) throw new Error(nft.public);
    const relay = await CountingRelay.to(site.brokerPort);
    const daemon = new Daemon(await stateDir());
    const watching = await watch(site);
    const edge = new Edge({ namespace, relay, daemon, nft: nft.value, watching });
    const settings = [
      `webui: { listen: '127.0.0.1:${await freePort()}' }`,
      'watchers: { journal: false }',
      `firewall: { enabled: true, netns: ${namespace.name}, canary: false }`,
      `controller: { enabled: true, brokers: ['mqtts://localhost:${relay.port}'] }`,
    ];
    await daemon.configure(`${settings.join('\n')}\n`);
    await daemon.start('--enforce');
    const token = (await site.run('main', 'enroll')).out.trim();
    const { status, body } = await daemon.call('POST', '/api/v1/controller-link/enroll', { token });
    if (status !== 200) throw new Error(JSON.stringify(body));
    await waitFor('the appliance to be online', async () => {
      const rows = await site.rows('main', 'list');
      return rows.some(({ online }) => online === true) ? true : undefined;
    });
    return edge;
  }

  get pid(): number {
    return this.#daemon.pid;
  }

  /** Publishes another generation and follows it into the kernel. */
  async follow(publishing: () => Promise<number>, isInForce: () => Promise<boolean>): Promise<Followed> {
    const generation = this.#manifests + 1;
    const before = this.#bytes;
    const published = publishing();
    let failure: unknown;
    published.catch((cause: unknown) => {
      failure = cause;
    });
    while (this.#manifests < generation && failure === undefined) await pause(1);
    if (failure !== undefined) throw failure;
    const start = performance.now();
    await waitFor('the list in force', async () => ((await isInForce()) ? true : undefined), { ...LONG, everyMs: 2 });
    const seconds = rounded((performance.now() - start) / 1000, 3);
    await waitFor('the report of it', () => (this.#reported === generation ? true : undefined), LONG);
    if (this.#trouble !== '') throw new Wrong(`the appliance has trouble with the list: ${this.#trouble}`, {});
    return { publishedSeconds: await published, seconds, wireBytes: this.#bytes - before };
  }

  /** Whether the list's set holds so many. */
  async holds(entries: number): Promise<boolean> {
    const count = await this.#nft.count(TABLE, this.#set);
    return count.ok && count.value === entries;
  }

  /** How many of these are in the list's set. */
  async found(addresses: readonly string[]): Promise<number> {
    const found = await this.#nft.find(TABLE, this.#set, addresses);
    if (!found.ok) throw new Error(found.public);
    return found.value.filter((element) => element !== undefined).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon[Symbol.asyncDispose]();
    await this.#watching.endAsync(true);
    await this.#relay.close();
    await this.#nft.close();
    this.#namespace.dispose();
  }

  get #bytes(): number {
    const { up, down } = this.#relay.counted;
    return up + down;
  }

  #saw(topic: string, payload: Uint8Array): void {
    if (topic === listManifestTopic(TENANT, LIST)) {
      this.#manifests++;
      // Later generations share the set of the first.
      if (this.#set === '') this.#set = setFor(payload);
    }
    if (!topic.endsWith('/reported')) return;
    const read = decodeReported(payload);
    const list = read.ok ? read.value.lists.find(({ name }) => name === LIST) : undefined;
    this.#trouble = list?.trouble ?? '';
    this.#reported = list?.generation ?? 0;
  }
}

/** The name of the set of a first generation, as `listSets` gives it: the program `nft` would read all sets whole to tell it. */
function setFor(manifest: Uint8Array): string {
  const envelope = decodeEnvelope(manifest);
  const order = envelope.ok ? decodeOrder(envelope.value.payload) : envelope;
  if (!order.ok || order.value.kind !== 'list') throw new Wrong('the manifest cannot be read', {});
  return `fleet_${LIST.replaceAll('-', '_')}_${order.value.list.contentSha256.slice(0, 8)}_a4`;
}

/** Somebody who hears of manifests and reports as a controller may: one of its own, since a session is of one identity. */
async function watch(site: FleetSite): Promise<MqttClient> {
  await site.addController('watching');
  const { own, root } = placeIn(site.state('watching'));
  const [key, cert, ca] = await Promise.all([own.key, own.cert, root.cert].map((path) => readFile(path)));
  const url = `mqtts://localhost:${site.brokerPort}`;
  const tls = { key, cert, ca } as { readonly key: Buffer; readonly cert: Buffer; readonly ca: Buffer };
  const client = await mqtt.connectAsync(url, { protocolVersion: 5, clientId: 'watching', ...tls });
  await client.subscribeAsync([listManifestTopic(TENANT, LIST), `bartizan/1/${TENANT}/+/+/reported`], { qos: 1 });
  return client;
}

/** @returns seconds that the command took */
async function publish(site: FleetSite, list: readonly string[]): Promise<number> {
  const file = join(site.root, 'list.txt');
  await writeFile(file, list.join('\n'));
  const start = performance.now();
  const published = await site.run('main', 'lists', 'publish', LIST, file, '--json');
  if (published.code !== 0) throw new Error(published.err);
  return rounded((performance.now() - start) / 1000, 2);
}

/** Addresses between 11.0.0.0 and 99.255.255.255 as chance would have them, each once: a finaliser of hashes is one to one. */
function scattered(count: number): readonly string[] {
  const found: string[] = [];
  for (let n = 0; found.length < count; n++) {
    let mixed = n;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    mixed ^= mixed >>> 16;
    const first = mixed >>> 24;
    if (first < 11 || first > 99) continue;
    found.push([first, (mixed >>> 16) & 255, (mixed >>> 8) & 255, mixed & 255].join('.'));
  }
  return found;
}
