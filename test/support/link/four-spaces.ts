import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSigner, type Signer } from '../../../actors/link-wire/index.ts';
import { firstLine } from '../boundary.ts';
import { FleetSite } from '../fleet-site.ts';
import { Namespace } from '../namespaces.ts';
import { waitFor } from '../wait-for.ts';
import { Edge } from './edge.ts';
import { Observer } from './observer.ts';

const DOOR = fileURLToPath(new URL('../door-main.js', import.meta.url));
const BROKER_PORT = 8883;
const ENROLMENT_PORT = 8443;
/** The broker as each appliance reaches it, and as the other does not: the far end of its own cable. */
export const BROKER_AT = { east: '10.77.1.1', west: '10.77.2.1' } as const;
const SITE = 'site=yard';

/**
 * A controller, a broker and two appliances, each in a network namespace of its own. Cables lead from the broker to each of
 * the others: an appliance reaches the broker at its own end of its own cable, and the controller's enrolment through it.
 */
export class FourSpaces implements AsyncDisposable {
  readonly controller: Namespace;
  readonly broker: Namespace;
  readonly east: Edge;
  readonly west: Edge;
  readonly site: FleetSite;

  private constructor(parts: Pick<FourSpaces, 'controller' | 'broker' | 'east' | 'west' | 'site'>) {
    this.controller = parts.controller;
    this.broker = parts.broker;
    this.east = parts.east;
    this.west = parts.west;
    this.site = parts.site;
  }

  get edges(): readonly [Edge, Edge] {
    return [this.east, this.west];
  }

  /** The fleet is made and nothing runs yet. There is a second controller, `observer`, which only ever watches and publishes. */
  static async make(): Promise<FourSpaces> {
    const [controller, broker] = [new Namespace('contr'), new Namespace('broker')];
    const [east, west] = [await Edge.make('east'), await Edge.make('west')];
    cables(controller, broker, east.space, west.space);
    await broker.run('sysctl', '-qw', 'net.ipv4.ip_forward=1');
    const site = await FleetSite.prepare({
      brokerPort: BROKER_PORT,
      enrolmentPort: ENROLMENT_PORT,
      brokers: [BROKER_AT.east, BROKER_AT.west].map((address) => `mqtts://${address}:${BROKER_PORT}`),
      enrolmentHost: '10.77.0.2',
      spawn: (who, program, argv) => (who === 'broker' ? broker : controller).spawn(program, argv),
    });
    return new FourSpaces({ controller, broker, east, west, site });
  }

  /** The same with mosquitto, the controller and both appliances running and enrolled. */
  static async running(): Promise<FourSpaces> {
    const spaces = await FourSpaces.make();
    try {
      const { site } = spaces;
      const added = await site.run('main', 'ca', 'add', 'observer', '--out', site.state('observer'));
      if (added.code !== 0) throw new Error(added.err);
      await site.writeBroker();
      await site.tellsBroker();
      await site.startBroker();
      await spaces.bringUp();
      return spaces;
    } catch (cause) {
      await spaces[Symbol.asyncDispose]();
      throw cause;
    }
  }

  /** Starts controller and appliances, and enrols these; the broker is there. */
  async bringUp(): Promise<void> {
    const { site, edges } = this;
    await Promise.all([site.serve('main'), ...edges.map((edge) => edge.start())]);
    await site.serves('main');
    const token = (await site.run('main', 'enroll', '--uses', '2', '--label', SITE)).out.trim();
    for (const edge of edges) await edge.enrol(token);
    await waitFor('both to be online', async () => {
      const rows = await site.rows('main', 'list', SITE);
      return rows.filter(({ online }) => online === true).length === edges.length ? true : undefined;
    });
  }

  /** A private key of the controller's own folder. */
  async key(name: string): Promise<Signer> {
    const read = readSigner(await readFile(join(this.site.state('main'), 'keys', `${name}.key`), 'utf8'));
    if (!read.ok) throw new Error(read.public);
    return read.value;
  }

  /** Carries connections between the test's own namespace and the broker's; see `door-main`. */
  async door(from: string, to: string): Promise<void> {
    await firstLine(this.broker.spawn(process.execPath, [DOOR, from, to]));
  }

  /** Somebody at the broker with the rights of a controller, who sees all and may publish anything. */
  async observe(): Promise<Observer> {
    const path = join(this.site.root, 'door.sock');
    await this.door(path, `127.0.0.1:${BROKER_PORT}`);
    const file = (name: string) => readFile(join(this.site.state('observer'), name), 'utf8');
    const [cert, key, ca] = await Promise.all(['tls/controller.crt', 'tls/controller.key', 'ca/root.crt'].map(file));
    return Observer.through(path, 'acme', { ca: ca ?? '', cert: cert ?? '', key: key ?? '' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.site[Symbol.asyncDispose]();
    for (const edge of this.edges) await edge[Symbol.asyncDispose]();
    for (const space of [this.controller, this.broker]) space[Symbol.dispose]();
  }
}

function cables(controller: Namespace, broker: Namespace, east: Namespace, west: Namespace): void {
  const ends = [
    [controller, '10.77.0'],
    [east, '10.77.1'],
    [west, '10.77.2'],
  ] as const;
  for (const [space, net] of ends) broker.link(space, [`${net}.1/24`], [`${net}.2/24`]);
  controller.ip('route', 'add', 'default', 'via', '10.77.0.1');
  east.ip('route', 'add', '10.77.0.0/24', 'via', '10.77.1.1');
  west.ip('route', 'add', '10.77.0.0/24', 'via', '10.77.2.1');
}
