import type { ControllerLinkStatus } from '../../core/api/controller-link.ts';
import type { EventSearch } from '../../core/api/event-search.ts';
import type { Component } from '../../core/base/component.ts';
import type { Clock, Log, Random } from '../../core/base/ports.ts';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { hours, type Millis, seconds } from '../../core/base/time.ts';
import type { LinkSettings } from '../../core/config/controller-setting.ts';
import type { Finding } from '../../core/detect/finding.ts';
import { hexOf } from '../../core/link/hex.ts';
import type { ReplayCommand } from '../../core/link/order.ts';
import type { RunId } from '../../core/link/reported.ts';
import { STREAMS, type StreamName } from '../../core/link/stream.ts';
import { type ApplianceAddress, applianceFilters, topicOf } from '../../core/link/topics.ts';
import type { Records, StorePort } from '../store/index.ts';
import { Connection } from './connection.ts';
import type { Enrolment, EnrolmentFailure } from './enrolment.ts';
import { EventFeed } from './event-feed.ts';
import { Feed, type StreamSource } from './feed.ts';
import { type IdentityFiles, KnownValidity, type LinkIdentity } from './identity-file.ts';
import { IncidentFeed, type IncidentSource } from './incident-feed.ts';
import { Outbox } from './outbox.ts';
import type { BrokerPort, Incoming, LinkOrders, Outgoing, Priority, SendFailure } from './port.ts';
import { type PresenceFacts, presence, will } from './presence.ts';
import { Renewal } from './renewal.ts';
import { type ReplayFailure, Replays } from './replays.ts';
import { makeReport, type OwnReport } from './report.ts';
import { Reporter } from './reporter.ts';
import { countersOf, standingOf } from './standing.ts';

const RUN_BYTES = 16;
/** A command lives a day: so long the broker keeps the session, and an hour for clocks. */
const SESSION: Millis = hours(25);
/** A part of a list has at most 16 MiB. */
const LARGEST_PACKET = 17 * 1024 * 1024;
const RECEIVE_MAXIMUM = 64;
/** Until the broker has our good-bye. */
const GOODBYE: Millis = seconds(3);

/** What the orders may do with the link. */
export interface OrdersLink {
  /** As it is now: a certificate is renewed, and an appliance enrolled again, while the link goes on. */
  readonly identity: LinkIdentity;
  readonly run: RunId;
  /** Resolves when the broker has it, or when it is known that it has not. */
  send(message: Outgoing, priority: Priority): Promise<Result<void, SendFailure>>;
  /** Of the present connection only: asked for again after the next one. */
  subscribe(filters: readonly string[]): Promise<Result<void, SendFailure>>;
  unsubscribe(filters: readonly string[]): Promise<Result<void, SendFailure>>;
  /** Lets the connection go and opens another one: proves that it can be opened as things stand. */
  reconnect(): void;
  /** What is reported has changed: told within 5 s. */
  reportSoon(): void;
  /** Told at once. */
  reportNow(): void;
  replay(order: Omit<ReplayCommand, 'kind'>): Promise<Result<{ readonly numbers: number }, ReplayFailure>>;
}

export interface LinkParts {
  readonly settings: () => LinkSettings;
  readonly files: IdentityFiles;
  readonly enrolment: Enrolment;
  readonly brokers: BrokerPort;
  readonly store: StorePort;
  readonly records: Pick<Records, 'get' | 'list'>;
  readonly isRepaired: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly version: string;
  readonly bootId: string;
  readonly sources: readonly StreamSource[];
  readonly incidents: IncidentSource;
  readonly events: EventSearch;
  readonly own: () => Promise<OwnReport>;
  /** Made anew with each identity. */
  readonly orders: (link: OrdersLink) => LinkOrders;
}

/** Everything that runs while there is to be a link. */
interface Running {
  readonly identity: LinkIdentity;
  readonly orders: LinkOrders;
  readonly outbox: Outbox;
  readonly feeds: readonly Feed[];
  readonly incidents: IncidentFeed;
  readonly events: EventFeed;
  readonly connection: Connection;
  readonly reporter: Reporter;
}

/** The appliance's end of the controller link: what was enrolled, and while the settings want it, a connection and its streams. */
export class ControllerLink {
  readonly #parts: LinkParts;
  readonly #run: RunId;
  readonly #renewal: Renewal;
  #identity: LinkIdentity | undefined;
  #damage: string | undefined;
  #running: Running | undefined;
  #since: Millis;
  #wayTaken = '';
  readonly #validity = new KnownValidity();
  #turn: Promise<unknown> = Promise.resolve();
  #connections = 0;
  readonly #upWaits: ((isUp: boolean) => void)[] = [];

  constructor(parts: LinkParts) {
    this.#parts = parts;
    this.#run = hexOf(parts.random.bytes(RUN_BYTES)) as RunId;
    this.#since = parts.clock.now();
    this.#renewal = new Renewal({
      clock: parts.clock,
      log: parts.log,
      renew: (identity, signal) => parts.enrolment.renew(identity, signal),
      renewed: (identity, wasAsked) => void this.#serve(async () => this.#adopt(identity, wasAsked)),
      revoked: (why) => void this.#serve(() => this.#revoked(why)),
    });
  }

  /** Reads who we are, and begins where settings and enrolment say so. */
  start(): Promise<void> {
    return this.#serve(async () => {
      const read = await this.#parts.files.read();
      this.#damage = read.ok ? undefined : read.public;
      this.#identity = read.ok ? read.value : undefined;
      await this.#follow();
    });
  }

  /** @param reason as it is told, where there is a connection */
  stop(reason: 'stopped' | 'restarting' = 'stopped'): Promise<void> {
    return this.#serve(async () => {
      this.#renewal.stop();
      await this.#end(reason);
    });
  }

  /** The settings were changed. */
  follow(): Promise<void> {
    return this.#serve(async () => {
      const running = this.#running;
      running?.connection.setRate(this.#parts.settings().bytesPerSecond);
      if (running !== undefined && this.#isWanted() && this.#way() !== this.#wayTaken) running.connection.go();
      this.#wayTaken = this.#way();
      await this.#follow();
    });
  }

  /** Takes the appliance into a fleet; the link follows where it is enabled. */
  async enroll(token: string): Promise<Result<LinkIdentity, EnrolmentFailure>> {
    const answer = await this.#parts.enrolment.enroll(token, new AbortController().signal);
    if (!answer.ok) return answer;
    await this.#serve(async () => {
      this.#damage = undefined;
      if (this.#running?.identity.tenant === answer.value.tenant) return this.#adopt(answer.value);
      await this.#end('stopped');
      this.#identity = answer.value;
      await this.#follow();
    });
    return answer;
  }

  /** Leaves the fleet: certificate and key are gone. */
  leave(): Promise<Result<void, 'failed'>> {
    return this.#serve(async () => {
      this.#renewal.stop();
      await this.#end('stopped');
      try {
        await this.#parts.files.remove();
      } catch (cause) {
        return fail('failed', `the enrolment cannot be removed: ${messageOf(cause)}`, cause);
      }
      this.#identity = undefined;
      this.#damage = undefined;
      return ok(undefined);
    });
  }

  /** One after the other. */
  #serve<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(step);
    this.#turn = done.catch((cause: unknown) => {
      this.#parts.log('error', 'the controller link failed at a step', { error: messageOf(cause) });
    });
    return done;
  }

  /** What of the settings a connection is made of. */
  #way(): string {
    const { brokers, proxy, keepalive } = this.#parts.settings();
    return JSON.stringify([brokers, proxy, keepalive]);
  }

  #isWanted(): boolean {
    return this.#parts.settings().isEnabled && this.#identity !== undefined && this.#identity.revoked === undefined;
  }

  async #follow(): Promise<void> {
    const identity = this.#identity;
    if (!this.#isWanted() || identity === undefined) {
      this.#renewal.stop();
      await this.#end('stopped');
      return;
    }
    if (this.#running !== undefined) return;
    this.#since = this.#parts.clock.now();
    await this.#begin(identity);
    this.#renewal.start(identity);
  }

  /** The same fleet, by another certificate. @param isPatient where there is no connection the next attempt takes it, in its time */
  async #adopt(identity: LinkIdentity, isPatient = false): Promise<void> {
    this.#identity = identity;
    this.#renewal.start(identity);
    if (this.#running === undefined) return this.#follow();
    this.#running = { ...this.#running, identity };
    if (!isPatient || this.#running.connection.state === 'up') this.#running.connection.go();
  }

  async #revoked(why: string): Promise<void> {
    this.#parts.log('error', 'the controller has revoked this appliance; the link stops', { reason: why });
    if (this.#identity !== undefined) {
      this.#identity = { ...this.#identity, revoked: { at: this.#parts.clock.now(), why } };
    }
    await this.#end('revoked');
  }

  async #begin(identity: LinkIdentity): Promise<void> {
    const { clock, log, store, records, random, isRepaired, settings, sources, orders: make } = this.#parts;
    const address: ApplianceAddress = identity;
    const topics = new Map(STREAMS.map((stream) => [stream, topicOf(address, { kind: 'stream', stream })]));
    const topic = (stream: StreamName): string => topics.get(stream) ?? '';
    const carrier = {
      send: (message: Outgoing, priority: Priority) => connection.send(message, priority),
      largestPayload: (name: string) => connection.largestPayload(name),
    };
    const bounds = () => settings().outbox;
    const outbox = new Outbox({ store, records, clock, random, log, carrier, topic, bounds, isRepaired });
    await outbox.load();
    const replays = new Replays({ outbox, carrier, sources, topic, up: () => this.#whenUp() });
    const link = this.#linkFor(identity, () => ({ connection, reporter, replays }));
    const orders = make(link);
    const connection = this.#connect(address, orders);
    const reporter = new Reporter({
      clock,
      log,
      send: carrier.send,
      topic: () => topicOf(address, { kind: 'reported' }),
      report: () =>
        makeReport({
          clock,
          own: this.#parts.own,
          orders: () => orders.report(),
          streams: () => outbox.states(),
          run: this.#run,
          connection: () => this.#connections,
          certificateUntil: () => this.#validity.of(this.#identity ?? identity).until,
        }),
    });
    const feeds = sources.map((source) => new Feed(source, { outbox, clock, log }));
    const incidents = new IncidentFeed(this.#parts.incidents, { outbox, clock });
    const { events: search } = this.#parts;
    const events = new EventFeed({ search, outbox, clock, log, wanted: () => settings().events });
    this.#running = { identity, orders, outbox, feeds, incidents, events, connection, reporter };
    for (const feed of [...feeds, events]) feed.start();
    connection.setRate(settings().bytesPerSecond);
    this.#wayTaken = this.#way();
    connection.go();
  }

  #linkFor(
    identity: LinkIdentity,
    parts: () => { readonly connection: Connection; readonly reporter: Reporter; readonly replays: Replays },
  ): OrdersLink {
    const now = (): LinkIdentity => this.#identity ?? identity;
    return {
      get identity() {
        return now();
      },
      run: this.#run,
      send: (message, priority) => parts().connection.send(message, priority),
      subscribe: (filters) => parts().connection.subscribe(filters),
      unsubscribe: (filters) => parts().connection.unsubscribe(filters),
      reconnect: () => parts().connection.renew(),
      reportSoon: () => parts().reporter.changed(),
      reportNow: () => parts().reporter.now(),
      replay: (order) => parts().replays.replay(order),
    };
  }

  #connect(address: ApplianceAddress, orders: LinkOrders): Connection {
    const { clock, random, log, brokers, settings } = this.#parts;
    return new Connection({
      brokers,
      clock,
      random,
      log,
      urls: () => {
        const { brokers: set } = settings();
        return set.length > 0 ? set : (this.#identity?.brokers ?? []);
      },
      plan: () => {
        const { proxy, keepalive } = settings();
        this.#connections++;
        const { cert = '', key = '', brokerAuthority = '' } = this.#identity ?? {};
        return {
          ...(proxy === undefined ? {} : { proxy }),
          credentials: { cert, key, authority: brokerAuthority },
          clientId: `bartizan-${address.serial}`,
          keepalive,
          sessionExpiry: SESSION,
          will: will(this.#presence(address)),
          maximumPacketSize: LARGEST_PACKET,
          receiveMaximum: RECEIVE_MAXIMUM,
          filters: applianceFilters(address),
        };
      },
      onMessage: (message: Incoming) =>
        orders.receive(message).catch((cause: unknown) => {
          log('error', 'an order could not be taken', { topic: message.topic, error: messageOf(cause) });
        }),
      onUp: (up) => {
        const running = this.#running;
        if (running === undefined) return;
        void running.connection.send(presence(this.#presence(address), ''), 'presence');
        orders.opened({ ...up, connection: this.#connections });
        running.reporter.opened();
        running.outbox.opened();
        for (const settle of this.#upWaits.splice(0)) settle(true);
      },
      onDown: () => {
        const running = this.#running;
        orders.closed();
        running?.reporter.closed();
        running?.outbox.closed();
        if (running?.connection.trouble?.failure === 'revoked') this.#renewal.ask();
      },
      onFailed: (failure) => {
        if (failure === 'revoked') this.#renewal.ask();
      },
    });
  }

  #presence(address: ApplianceAddress): PresenceFacts {
    const { version, bootId, clock } = this.#parts;
    return { address, bootId, version, run: this.#run, connection: this.#connections, since: clock.now() };
  }

  async #end(reason: 'stopped' | 'restarting' | 'revoked'): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    for (const settle of this.#upWaits.splice(0)) settle(false);
    const { connection, outbox, feeds, incidents, events, orders, reporter, identity } = running;
    if (connection.state === 'up') await this.#goodBye(connection, presence(this.#presence(identity), reason));
    incidents.stop();
    for (const feed of [...feeds, events]) await feed.stop();
    await connection.halt();
    orders.closed();
    await orders.stop?.();
    reporter.closed();
    await outbox.stop();
  }

  /** A broker that does not answer keeps nobody from going. */
  #goodBye(connection: Connection, message: Outgoing): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#parts.clock.after(GOODBYE, resolve);
      void connection.send(message, 'presence').then(() => {
        cancel();
        resolve();
      });
    });
  }

  #whenUp(): Promise<boolean> {
    const running = this.#running;
    if (running === undefined) return Promise.resolve(false);
    if (running.connection.state === 'up') return Promise.resolve(true);
    return new Promise((resolve) => this.#upWaits.push(resolve));
  }

  /** Something that is reported has changed. */
  changed(): void {
    this.#running?.reporter.changed();
  }

  /** A finding was kept. */
  found({ check, subject: { kind, value }, firstAt }: Finding): void {
    const running = this.#running;
    if (running === undefined) return;
    for (const feed of running.feeds) feed.poke();
    running.incidents.changed([check, kind, value]);
    if (kind !== 'host') running.events.found(kind, value, firstAt);
  }

  /** Something was decided about an address. */
  decided(subject: string): void {
    this.#running?.incidents.decided(subject);
  }

  status(): ControllerLinkStatus {
    const identity = this.#identity;
    const connection = this.#running?.connection;
    const trouble = this.#trouble();
    return {
      isEnabled: this.#parts.settings().isEnabled,
      ...(identity === undefined
        ? {}
        : {
            enrolled: {
              tenant: identity.tenant,
              shard: identity.shard,
              serial: identity.serial,
              url: identity.url,
              certificateUntil: this.#validity.of(identity).until,
              ...(identity.revoked === undefined ? {} : { revoked: identity.revoked.why }),
            },
          }),
      state: connection?.state ?? 'off',
      ...(connection?.broker === undefined ? {} : { broker: connection.broker }),
      ...(connection?.upSince === undefined ? {} : { since: connection.upSince }),
      ...(trouble === undefined ? {} : { trouble }),
      waitingBytes: this.#running?.outbox.waitingBytes ?? 0,
    };
  }

  #trouble(): string | undefined {
    if (this.#damage !== undefined) return this.#damage;
    const revoked = this.#identity?.revoked;
    if (revoked !== undefined) return `the controller has revoked this appliance: ${revoked.why}`;
    const running = this.#running;
    if (running === undefined) return undefined;
    if (running.connection.state !== 'up') return running.connection.trouble?.why;
    const isLate = this.#identity !== undefined && this.#validity.of(this.#identity).renewAt < this.#parts.clock.now();
    return running.orders.trouble?.() ?? running.outbox.trouble ?? (isLate ? this.#renewal.trouble : undefined);
  }

  component(): Component {
    const identity = this.#identity;
    const { connection, outbox, orders } = this.#running ?? {};
    return {
      name: 'controller-link',
      ...standingOf({
        isEnabled: this.#parts.settings().isEnabled,
        isOver: this.#damage !== undefined || identity?.revoked !== undefined,
        certificateUntil: identity === undefined ? undefined : this.#validity.of(identity).until,
        isUp: connection?.state === 'up',
        trouble: this.#trouble(),
        now: this.#parts.clock.now(),
      }),
      ...(connection?.broker === undefined ? {} : { detail: `connected to ${connection.broker}` }),
      since: connection?.upSince ?? this.#since,
      counters: countersOf(connection, outbox, orders?.counters()),
    };
  }
}
