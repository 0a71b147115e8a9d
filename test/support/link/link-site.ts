import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askServer } from '../../../actors/controller-link/ask-server.ts';
import { Enrolment } from '../../../actors/controller-link/enrolment.ts';
import { CONTROLLER_FOLDER, IdentityFiles, type LinkIdentity } from '../../../actors/controller-link/identity-file.ts';
import { ControllerLink, type OrdersLink } from '../../../actors/controller-link/link.ts';
import { mqttBrokers } from '../../../actors/controller-link/mqtt.ts';
import type { BrokerPort } from '../../../actors/controller-link/port.ts';
import { findingSource } from '../../../actors/controller-link/sources.ts';
import { makeDeviceKey } from '../../../actors/identity/device-key.ts';
import { type FilePort, systemFiles } from '../../../actors/identity/index.ts';
import { createRecords, MemoryStore, type Records, type StorePort } from '../../../actors/store/index.ts';
import type { Clock } from '../../../core/base/ports.ts';
import { fail, ok } from '../../../core/base/result.ts';
import { days, type Millis, seconds } from '../../../core/base/time.ts';
import type { LinkSettings } from '../../../core/config/controller-setting.ts';
import type { Finding } from '../../../core/detect/finding.ts';
import type { Serial } from '../../../core/field/serial.ts';
import { findings } from '../../../core/keys/records.ts';
import type { Hex } from '../../../core/link/hex.ts';
import { shardOf } from '../../../core/link/topics.ts';
import { MemoryFiles } from '../memory-files.ts';
import { mulberry32 } from '../mulberry.ts';
import { realClock } from '../real-clock.ts';
import { ROOT } from '../root.ts';
import { RecordingOrders } from './recording-orders.ts';

export const SITE_SERIAL = '4K7Q-M2XW-9TC' as Serial;

export interface LinkSiteOptions {
  readonly files?: FilePort;
  /** In place of an enrolment server. */
  readonly renew?: Enrolment['renew'];
  readonly store?: StorePort;
  readonly clock?: Clock;
  readonly brokers?: BrokerPort;
}

/** The appliance's end of the link with nothing of the daemon around it. */
export class LinkSite {
  readonly directory: string;
  readonly store: StorePort;
  readonly records: Records;
  readonly orders = new RecordingOrders();
  readonly link: ControllerLink;
  readonly logged: string[] = [];
  settings: LinkSettings = {
    isEnabled: true,
    brokers: [],
    keepalive: seconds(60),
    bytesPerSecond: 0,
    outbox: { maxBytes: 64 * 1024 * 1024, maxAge: days(7) },
    events: 'none',
  };
  newest = 0;
  ordersLink: OrdersLink | undefined;

  readonly files: IdentityFiles;
  readonly enrolment: Enrolment;

  private constructor(
    directory: string,
    {
      files: disk = systemFiles,
      renew,
      store = new MemoryStore(),
      clock = realClock,
      brokers = mqttBrokers,
    }: LinkSiteOptions,
  ) {
    const begun = clock.now();
    const next = mulberry32(begun);
    const random = { bytes: (count: number) => Uint8Array.from({ length: count }, () => next() * 256) };
    this.directory = directory;
    this.store = store;
    this.records = createRecords(store);
    const log = (level: string, message: string, about?: object): void => {
      this.logged.push(`${level} ${message} ${JSON.stringify(about ?? {})}`);
    };
    const files = new IdentityFiles(disk, join(directory, CONTROLLER_FOLDER));
    this.files = files;
    const device = ok({ serial: SITE_SERIAL, key: makeDeviceKey(new Uint8Array(32).fill(7)) });
    const proxy = () => this.settings.proxy;
    const enrolment = new Enrolment({ files, ask: askServer, device, version: '1.2.3', clock, log, proxy });
    if (renew !== undefined) enrolment.renew = renew;
    this.enrolment = enrolment;
    this.link = new ControllerLink({
      settings: () => this.settings,
      files,
      enrolment,
      brokers,
      store,
      records: this.records,
      isRepaired: false,
      clock,
      random,
      log,
      version: '1.2.3',
      bootId: '0b5cb9b0-0000-4000-8000-000000000000',
      sources: [findingSource({ store, newest: () => this.newest, renumbered: () => undefined })],
      incidents: { standing: () => undefined, about: () => [] },
      events: { page: async () => fail('busy', 'there are none') },
      own: async () => ({
        facts: {
          hostname: 'edge',
          version: '1.2.3',
          imageVersion: '',
          architecture: 'x64',
          kernel: '6.1.0',
          startedAt: begun,
          bootId: '0b5cb9b0-0000-4000-8000-000000000000',
          configSha256: undefined,
          addresses: [],
          claimed: true,
        },
        components: [],
        firewall: { mode: 'observe', reason: '', blocks: 0, networks: 0, enforced: 0 },
        change: undefined,
        slots: [],
      }),
      orders: (link) => {
        this.ordersLink = link;
        return this.orders;
      },
    });
  }

  /** Without a disk or a network. */
  static inMemory(options: Omit<LinkSiteOptions, 'files'>): LinkSite {
    return new LinkSite('/state', { ...options, files: new MemoryFiles() });
  }

  static async make(options: LinkSiteOptions = {}): Promise<LinkSite> {
    return new LinkSite(await mkdtemp(join(tmpdir(), 'bartizan-link-')), options);
  }

  async keep(made: readonly Finding[]): Promise<void> {
    await this.records.write(async (writes) => {
      for (const finding of made) this.newest = (await writes.append(findings, finding)).serial;
    });
    for (const finding of made.slice(-1)) this.link.found(finding);
  }

  async remove(): Promise<void> {
    await this.link.stop();
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** An identity that was enrolled, by a certificate of the fixtures. */
export const identityOf = (now: Millis): LinkIdentity => ({
  format: 1,
  tenant: 'acme',
  shard: shardOf(SITE_SERIAL),
  serial: SITE_SERIAL,
  brokers: ['mqtts://enrolled'],
  url: 'https://fleet.example.net/enroll',
  authority: 'ab'.repeat(32) as Hex,
  cert: readFileSync(join(ROOT, 'test/fixtures/tls/one.cert.pem'), 'utf8'),
  key: 'no key',
  brokerAuthority: 'no authority',
  keys: { keys: [] },
  keysGeneration: 1,
  enrolledAt: now,
});
