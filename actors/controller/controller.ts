import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { kill } from 'node:process';
import type { Id } from '../../core/base/ids.ts';
import type { Clock, Log, Random } from '../../core/base/ports.ts';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { days, seconds } from '../../core/base/time.ts';
import { exported } from '../../core/controller/records.ts';
import type { ControllerSettings } from '../../core/controller/settings.ts';
import type { KeySet } from '../../core/link/keys.ts';
import type { Reported } from '../../core/link/reported.ts';
import type { StreamName } from '../../core/link/stream.ts';
import { fleetKeysTopic, leaseTopic, shardOf } from '../../core/link/topics.ts';
import { openStore, type Store } from '../store/index.ts';
import { type Authority, openAuthority } from './authority.ts';
import { type BrokerLink, openBrokerLink } from './broker-link.ts';
import { tellBroker } from './broker-told.ts';
import { Commands } from './commands.ts';
import { Confirmer } from './confirmer.ts';
import { Counted } from './counted.ts';
import { Desires } from './desires.ts';
import { Enrolment } from './enrolment.ts';
import { openEnrolmentServer } from './enrolment-server.ts';
import { ExportFile } from './export-file.ts';
import { readIfThere, removeBefore, writeWhole } from './files.ts';
import { Fleet, type Member } from './fleet.ts';
import { Happenings } from './happenings.ts';
import { Inbox } from './inbox.ts';
import { OPERATORS } from './init.ts';
import { KeyFolder } from './key-folder.ts';
import { FleetKeys, type KeyChange } from './key-ring.ts';
import { LinkSlot } from './link-slot.ts';
import { FleetLists } from './lists.ts';
import { Outgoing } from './outgoing.ts';
import type { Place } from './place.ts';
import { Press } from './press.ts';
import { ShardKeeper } from './shard-keeper.ts';
import { StandingOrders } from './standing-orders.ts';
import { Streams, type StreamsDeps } from './streams.ts';

export interface ControllerDeps {
  readonly place: Place;
  readonly settings: ControllerSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly preferred: readonly number[];
  readonly exports: boolean;
}

/** Replays stand for so long. */
const SOON = seconds(300);
/** How often it is looked whether the revocation list needs renewing. */
const LOOK_AT_REVOCATIONS = days(7);

/** A controller that runs. */
export class Controller {
  readonly settings: ControllerSettings;
  readonly fleet: Fleet;
  readonly keys: FleetKeys;
  readonly press: Press;
  readonly folder: KeyFolder;
  readonly commands: Commands;
  readonly desires: Desires;
  readonly confirmer: Confirmer;
  readonly lists: FleetLists;
  readonly shards: ShardKeeper;
  readonly streams: Streams;
  readonly happenings: Happenings;
  readonly refused = new Counted();
  readonly place: Place;
  readonly clock: Clock;
  /** Undefined where the issuing authority is elsewhere. */
  readonly enrolment: Enrolment | undefined;
  readonly #log: Log;
  readonly #store: Store;
  readonly #slot: LinkSlot;
  readonly #orders: StandingOrders;
  readonly #outgoing: Outgoing;
  #closeServer: (() => Promise<void>) | undefined;
  #cancelRenewal: (() => void) | undefined;

  private constructor(deps: ControllerDeps, store: Store, parts: Parts) {
    const { settings, clock, random, log, place, preferred } = deps;
    const { tenant, name } = settings;
    const { records } = store;
    const { fleet, happenings, folder, file, authority, slot } = parts;
    const link = () => slot.link;
    this.#slot = slot;
    this.settings = settings;
    this.place = place;
    this.clock = clock;
    this.fleet = fleet;
    this.happenings = happenings;
    this.folder = folder;
    this.press = parts.press;
    this.keys = parts.keys;
    this.#log = log;
    this.#store = store;
    const shared = { tenant, clock, log, records, happenings, press: this.press, link };
    const outgoing = new Outgoing({
      ...{ tenant, clock, log, records, link },
      serves: (serial) => this.shards.isServed(shardOf(serial)),
    });
    this.#outgoing = outgoing;
    this.commands = new Commands({
      ...shared,
      outgoing,
      keepDetail: (id, detail) => writeWhole(this.detailFile(id), detail, 0o600),
      forgetDetails: (before) => removeBefore(join(place.state, 'results'), before),
    });
    this.desires = new Desires({ ...shared, fleet, outgoing, signer: () => this.#serving(OPERATORS) });
    const signer = () => this.#serving();
    const orders = new StandingOrders({ tenant, clock, log, keys: this.keys, link });
    this.#orders = orders;
    this.confirmer = new Confirmer({ clock, log, commands: this.commands, desires: this.desires, orders, signer });
    this.lists = new FleetLists({ ...shared, folder: place.lists });
    this.streams = this.#streamsWith({ clock, log, records, happenings, file });
    this.shards = new ShardKeeper({
      clock,
      log,
      happenings,
      link,
      tenant,
      name,
      preferred,
      publish: (lease, generation) => this.#publishLease(lease, generation),
      positions: async (shard) => {
        await this.streams.flush();
        return this.streams.positionsIn(shard);
      },
      begin: (shard, inherited, isFollowed) => {
        this.streams.inherit(shard, inherited, isFollowed);
        outgoing.resumeSoon();
      },
      end: (shard) => this.#left(shard),
    });
    this.enrolment =
      authority === undefined
        ? undefined
        : new Enrolment({
            ...shared,
            settings,
            random,
            fleet,
            authority,
            keys: this.keys,
            published: (isNew) => tellBroker({ place, broker: settings.broker, log, signal: kill }, isNew),
          });
  }

  #streamsWith(parts: Omit<StreamsDeps, 'enrolledHere' | 'ask'>): Streams {
    return new Streams({
      ...parts,
      enrolledHere: (serial) => this.fleet.member(serial)?.record.enrolledAt !== undefined,
      ask: (...asked) => this.#ask(...asked),
    });
  }

  async #left(shard: number): Promise<void> {
    this.confirmer.left(shard);
    this.streams.release(shard);
    await this.streams.flush();
  }

  static async open(deps: ControllerDeps): Promise<Result<Controller, 'failed'>> {
    const { place, clock, random, log, settings } = deps;
    const opened = await openStore({
      stateDirectory: place.state,
      clock,
      log,
      onDamage: ({ kind }) => log('error', 'the store is damaged', { kind }),
    });
    if (!opened.ok) return fail('failed', storeTrouble(`${place.state}/store`, opened.public));
    const store = opened.value;
    const { records } = store;
    const happenings = new Happenings(clock);
    const folder = new KeyFolder(place.keys, random);
    const press = new Press({ tenant: settings.tenant, clock, random, records, keys: folder });
    const authority = await openAuthority(place, { clock, random });
    const slot = new LinkSlot();
    const keys = await FleetKeys.open({
      tenant: settings.tenant,
      clock,
      log,
      records,
      keys: folder,
      press,
      link: () => slot.link,
      firstKeys: place.firstKeys,
    });
    if (!keys.ok) return keys;
    const parts: Parts = {
      fleet: await Fleet.open(records, happenings),
      happenings,
      folder,
      press,
      keys: keys.value,
      slot,
      file: deps.exports ? await ExportFile.open(place.streams, await records.get(exported, ['streams'])) : undefined,
      authority: authority.ok ? authority.value : undefined,
    };
    const controller = new Controller(deps, store, parts);
    await controller.streams.load();
    await controller.#outgoing.load();
    const running = await controller.#run(deps);
    if (running.ok) return ok(controller);
    await controller.stop();
    return running;
  }

  get link(): BrokerLink {
    return this.#slot.link;
  }

  get isConnected(): boolean {
    return this.#slot.isConnected;
  }

  get hasAuthority(): boolean {
    return this.enrolment !== undefined;
  }

  /**
   * Signs anew what stands and was signed by a key that is another now, or gone, or may no longer. What that key might not
   * order was refused, and is not made good by a better one.
   * @param before the keys until then
   */
  async signAnew({ kind, name }: KeyChange, by: string, before: KeySet): Promise<void> {
    const might = before.keys.find((key) => key.name === name)?.kinds ?? [];
    const whose = kind === 'rotate' ? name : by;
    if (kind === 'add') return;
    try {
      const list = might.includes('list') ? await this.keys.signerFor(whose, 'list') : undefined;
      if (list?.ok) await this.lists.signAnew(name, list.value);
      const desired = might.includes('desired') ? await this.keys.signerFor(whose, 'desired') : undefined;
      if (desired?.ok) await this.desires.signAnew(name, desired.value, (shard) => this.shards.isServed(shard));
    } catch (cause) {
      this.#log('error', 'what stands could not be signed anew', { key: name, cause: messageOf(cause) });
    }
  }

  detailFile(id: Id): string {
    return join(this.place.state, 'results', id);
  }

  /** Gives its shards back, then closes all. */
  async stop(): Promise<void> {
    this.#cancelRenewal?.();
    await this.#closeServer?.();
    await this.shards.stop();
    await this.commands.stop();
    this.confirmer.stop();
    this.desires.stop();
    this.#outgoing.stop();
    await this.streams.stop();
    await this.#slot.close();
    await this.#store.service.stop();
  }

  async #run({ place, settings, clock, log }: ControllerDeps): Promise<Result<void, 'failed'>> {
    const [key, cert, root, issuing] = await Promise.all(
      [place.own.key, place.own.cert, place.root.cert, place.issuing.cert].map(readIfThere),
    );
    if (key === undefined || cert === undefined || root === undefined || issuing === undefined) {
      return fail('failed', `${place.own.key}, its certificate or ${place.root.cert} is missing`);
    }
    const serving = await this.#serving();
    if (!serving.ok) return fail('failed', serving.public);
    await mkdir(join(place.state, 'results'), { recursive: true, mode: 0o700 });
    const isPlain = settings.connect.startsWith('mqtt:') || settings.connect.startsWith('ws:');
    const { keys, shards, fleet, streams, commands, refused } = this;
    const reported = this.#reported.bind(this);
    const inbox = new Inbox({
      tenant: settings.tenant,
      clock,
      log,
      keys,
      shards,
      fleet,
      streams,
      commands,
      orders: this.#orders,
      refused,
      reported,
    });
    const link = await openBrokerLink({
      url: settings.connect,
      clientId: `controller-${settings.name}`,
      ...(isPlain ? { username: `controller:${settings.name}` } : { tls: { key, cert, ca: root } }),
      clock,
      log,
      onMessage: (arrived) => inbox.arrived(arrived),
      onConnection: (isThere) => {
        this.shards.connected(isThere);
        if (isThere) void this.#outgoing.resume();
      },
    });
    this.#slot.fill(link);
    await link.subscribe([fleetKeysTopic(settings.tenant)]);
    await this.shards.start();
    this.streams.start();
    this.commands.start();
    this.desires.start();
    void this.keys.publish().catch(() => undefined);
    void this.lists.publishLeft();
    return this.enrolment === undefined ? ok(undefined) : this.#openEnrolment(this.enrolment, root, issuing);
  }

  async #openEnrolment(enrolment: Enrolment, root: string, issuing: string): Promise<Result<void, 'failed'>> {
    const { place, settings } = this;
    const [key, cert] = await Promise.all([readIfThere(place.enrolment.key), readIfThere(place.enrolment.cert)]);
    if (key === undefined || cert === undefined)
      return fail('failed', `${place.enrolment.key} or its certificate is missing`);
    const { listen, url } = settings.enrolment;
    const server = await openEnrolmentServer({
      listen,
      url,
      key,
      cert,
      authorities: root + issuing,
      enrolment,
      log: this.#log,
    });
    if (!server.ok) return server;
    this.#closeServer = () => server.value.close();
    await this.#renewRevocations(enrolment);
    return ok(undefined);
  }

  async #renewRevocations(enrolment: Enrolment): Promise<void> {
    await enrolment
      .publishRevocations()
      .catch((cause: unknown) =>
        this.#log('error', 'the revocation list was not written', { cause: messageOf(cause) }),
      );
    this.#cancelRenewal = this.clock.after(LOOK_AT_REVOCATIONS, () => void this.#renewRevocations(enrolment));
  }

  #reported(member: Member, reported: Reported, payload: Uint8Array): void {
    const isNews = this.fleet.noteReported(member, payload, reported, this.clock.now());
    this.streams.reported(member.serial, reported.streams);
    if (this.settings.confirms) this.confirmer.heard(member);
    // At once: what comes later must not be overtaken by it.
    if (isNews) this.desires.reported(member);
  }

  #ask(...asked: Asking): void {
    this.#askFor(...asked).catch((cause: unknown) =>
      this.#log('error', 'a stream was not asked for', { cause: messageOf(cause) }),
    );
  }

  async #askFor(...[serial, stream, epoch, from, to]: Asking): Promise<void> {
    const signer = await this.#serving();
    if (!signer.ok || !this.shards.isServed(shardOf(serial))) return;
    const about = `${stream} ${from}-${to}`;
    await this.commands.send(
      [serial],
      { kind: 'replay', stream, epoch, from, to },
      { signer: signer.value, about, stands: SOON },
    );
  }

  async #publishLease(
    lease: Parameters<ConstructorParameters<typeof ShardKeeper>[0]['publish']>[0],
    generation: number,
  ): Promise<void> {
    const signer = await this.#serving();
    if (!signer.ok) throw new Error(signer.public);
    const pressed = this.press.signed(
      { kind: 'lease', lease },
      { to: 'everybody', signers: [signer.value], generation },
    );
    if (!pressed.ok) throw new Error(pressed.public);
    const topic = leaseTopic(this.settings.tenant, lease.shard);
    await this.link.publish({ topic, payload: pressed.value.bytes, retain: true, message: 'Envelope' });
  }

  /** The key that this controller itself signs with. */
  #serving(name = this.settings.name === OPERATORS ? `${OPERATORS}-serving` : this.settings.name) {
    return this.folder.key(name);
  }
}

type Asking = readonly [serial: string, stream: StreamName, epoch: string, from: number, to: number];

interface Parts {
  readonly fleet: Fleet;
  readonly happenings: Happenings;
  readonly folder: KeyFolder;
  readonly press: Press;
  readonly keys: FleetKeys;
  readonly slot: LinkSlot;
  readonly file: ExportFile | undefined;
  readonly authority: Authority | undefined;
}

/** The store names itself where somebody else has it. */
export const storeTrouble = (path: string, why: string): string => (why.startsWith(path) ? why : `${path}: ${why}`);
