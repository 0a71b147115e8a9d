import type { IClientOptions, MqttClient } from 'mqtt';
import { contentId, type Id, uuidv7 } from '../../core/base/ids.ts';
import type { Clock, Random } from '../../core/base/ports.ts';
import { type Millis, millis, plus, seconds } from '../../core/base/time.ts';
import { CommandWindow } from '../../core/link/commands.ts';
import { CONNECT_WITHIN } from '../../core/link/connecting.ts';
import { type DesiredBook, decideDesired, NOTHING_DESIRED, noted, reportedDesired } from '../../core/link/desired.ts';
import type { Generations } from '../../core/link/generations.ts';
import { type Hex, hexOf } from '../../core/link/hex.ts';
import { type Accepted, judge } from '../../core/link/judge.ts';
import type { KeyRing } from '../../core/link/keys.ts';
import { ringOf } from '../../core/link/keys.ts';
import type { Order, OrderOf, OrderResult } from '../../core/link/order.ts';
import type { ChangeOnTrial, Presence, Reported, RunId } from '../../core/link/reported.ts';
import type { StreamItem } from '../../core/link/stream.ts';
import { type ApplianceTopic, applianceFilters, topicOf } from '../../core/link/topics.ts';
import {
  contentType,
  encodePresence,
  encodeReported,
  encodeResult,
  encodeStreamBatch,
  envelopeReader,
  messageOf,
} from '../link-wire/index.ts';

export interface LightDeps {
  readonly serial: string;
  readonly tenant: string;
  readonly url: string;
  readonly options: IClientOptions;
  readonly connect: (url: string, options: IClientOptions) => MqttClient;
  readonly clock: Clock;
  readonly random: Random;
  /** The same object for all: they are of one fleet. */
  readonly ring: KeyRing;
  readonly version: string;
  /** Every so long a finding; 0: none. */
  readonly every: Millis;
  /** A connection could not be had, or was lost. */
  readonly troubled: (url: string, cause: Error) => void;
}

/** From a change to the new connection over which it is told of. */
const APPLIED = millis(200);
const RECONNECT = seconds(5);
const MOST_ITEMS = 64;

/** An appliance that is only as much of one as a controller can tell: it judges orders as a real one, but enforces nothing. */
export class LightAppliance {
  readonly #deps: LightDeps;
  readonly #client: MqttClient;
  readonly #run: RunId;
  readonly #epoch: string;
  readonly #commands = new CommandWindow();
  readonly #startedAt: Millis;
  #ring: KeyRing;
  #taken: Generations = new Map();
  #book: DesiredBook = NOTHING_DESIRED;
  #trial: { readonly order: OrderOf<'desired'>; readonly digest: Hex; readonly change: ChangeOnTrial } | undefined;
  #connection = 0;
  #newest = 0;
  #sent = 0;
  #isOnline = false;
  #hasBeen = false;
  #cancelTrial: (() => void) | undefined;
  #cancelFinding: (() => void) | undefined;

  constructor(deps: LightDeps) {
    this.#deps = deps;
    this.#ring = deps.ring;
    this.#run = hexOf(deps.random.bytes(16)) as RunId;
    this.#epoch = uuidv7(deps.clock.now(), deps.random);
    this.#startedAt = deps.clock.now();
    this.#client = deps.connect(deps.url, {
      ...deps.options,
      protocolVersion: 5,
      clientId: deps.serial,
      clean: false,
      properties: { sessionExpiryInterval: 86_400 },
      keepalive: 120,
      reconnectPeriod: RECONNECT,
      connectTimeout: CONNECT_WITHIN,
      resubscribe: false,
      will: {
        topic: this.#topic({ kind: 'presence' }),
        payload: Buffer.from(encodePresence(this.#presence(false, 'will', 1))),
        qos: 1,
        retain: true,
        properties: { willDelayInterval: 10, contentType: contentType('Presence') },
      },
    });
    this.#client.on('connect', ({ sessionPresent }) => void this.#connected(sessionPresent));
    this.#client.on('close', () => {
      this.#isOnline = false;
    });
    this.#client.on('error', (cause) => deps.troubled(deps.url, cause));
    this.#client.handleMessage = ({ payload }, done) => {
      this.#arrived(typeof payload === 'string' ? Buffer.from(payload) : payload);
      done();
    };
    if (deps.every > 0) this.#findings();
  }

  get isOnline(): boolean {
    return this.#isOnline;
  }

  /** It was connected once. */
  get hasBeen(): boolean {
    return this.#hasBeen;
  }

  get confirmedGeneration(): number {
    return this.#book.confirmed?.generation ?? 0;
  }

  get sent(): number {
    return this.#sent;
  }

  async stop(): Promise<void> {
    this.#cancelTrial?.();
    this.#cancelFinding?.();
    await this.#client.endAsync(true);
  }

  async #connected(sessionPresent: boolean): Promise<void> {
    this.#connection++;
    const { will } = this.#client.options;
    // Of the next connection: a will that comes late is told from the one before by its number.
    if (will !== undefined) will.payload = Buffer.from(encodePresence(this.#presence(false, 'will', 1)));
    this.#isOnline = true;
    this.#hasBeen = true;
    this.#publish({ kind: 'presence' }, encodePresence(this.#presence(true, '')), true);
    // Lists are left to real ones: only orders to this very appliance are listened to.
    const filters = applianceFilters({ tenant: this.#deps.tenant, serial: this.#deps.serial }).filter(
      (filter) => !filter.includes('/list/'),
    );
    if (!sessionPresent) await this.#client.subscribeAsync([...filters], { qos: 1 }).catch(() => undefined);
    this.#report();
    this.#sendFindings();
  }

  #arrived(bytes: Uint8Array): void {
    const { clock, tenant, serial } = this.#deps;
    const verdict = judge(bytes, {
      reader: envelopeReader,
      recipient: { role: 'appliance', tenant, serial },
      ring: this.#ring,
      taken: this.#taken,
      commands: this.#commands,
      clock: { now: clock.now(), isSet: true },
    });
    if (verdict.kind === 'accepted') this.#obey(verdict);
    else if (verdict.kind === 'refused' && verdict.order !== undefined && verdict.code !== 'replayed') {
      this.#result(verdict.order, 'refused', verdict.text, verdict.code);
    }
  }

  #obey({ order, digest }: Accepted): void {
    if (order.kind === 'desired') this.#desire(order, digest);
    else if (order.kind === 'command') this.#command(order);
    else if (order.kind === 'keys') {
      const ring = ringOf(order.keys, order.generation);
      if (ring.ok) this.#ring = ring.value;
      this.#report();
    }
  }

  #desire(order: OrderOf<'desired'>, digest: Hex): void {
    const { clock, random } = this.#deps;
    const step = decideDesired(this.#book, order, digest, this.#trial?.change.summary);
    const taken = { generation: order.generation, order: digest };
    if (step.kind === 'nothing') return;
    if (step.kind !== 'propose') {
      this.#book = noted(this.#book, taken, step);
      this.#report();
      return;
    }
    this.#book = noted(this.#book, taken, { kind: 'on_trial' });
    const change: ChangeOnTrial = {
      id: uuidv7(clock.now(), random),
      summary: order.desired.sections
        .map(({ name }) => name)
        .join(', ')
        .slice(0, 100),
      state: 'awaiting',
      until: plus(clock.now(), order.desired.trial),
      nonce: hexOf(random.bytes(16)),
      order: digest,
    };
    this.#trial = { order, digest, change };
    // As a real one: told over a connection that was opened after the change.
    this.#cancelTrial = clock.after(APPLIED, () => {
      this.#cancelTrial = clock.after(order.desired.trial, () => this.#endTrial('reverted'));
      this.#client.reconnect();
    });
  }

  #endTrial(how: 'confirmed' | 'reverted'): void {
    if (this.#trial === undefined) return;
    this.#cancelTrial?.();
    const { order, digest } = this.#trial;
    const taken = { generation: order.generation, order: digest };
    this.#book = noted(
      this.#book,
      taken,
      how === 'confirmed' ? { kind: how } : { kind: how, text: 'nobody confirmed it' },
    );
    this.#taken = new Map(this.#taken).set('desired', taken);
    this.#trial = undefined;
    this.#report();
  }

  #command(order: OrderOf<'command'>): void {
    this.#commands.take(order);
    const { command } = order;
    const change = this.#trial?.change;
    if (command.kind === 'confirm') {
      if (change === undefined || change.id !== command.change || change.nonce !== command.nonce) {
        this.#result(order, 'failed', 'nothing of that name is on trial', 'not_found');
        return;
      }
      this.#endTrial('confirmed');
    } else if (command.kind === 'revert') this.#endTrial('reverted');
    else if (command.kind === 'replay') {
      if (command.stream !== 'finding' || command.epoch !== this.#epoch) {
        this.#result(order, 'failed', 'that numbering is gone', 'not_found');
        return;
      }
      this.#batches(command.from, Math.min(command.to, this.#newest), true);
    }
    this.#result(order, 'done', 'simulated', '');
  }

  #result({ id }: Order, state: OrderResult['state'], text: string, code: string): void {
    const result = { id, state, text, code, at: this.#deps.clock.now(), detail: new Uint8Array(0) };
    const bytes = encodeResult(result);
    if (bytes.ok) this.#publish({ kind: 'result', id }, bytes.value, false);
  }

  #findings(): void {
    const { clock, every, random } = this.#deps;
    // Spread, so that thousands do not speak at the same moment.
    const [low = 0, high = 0] = random.bytes(2);
    const delay = millis(Math.round(every * (0.5 + (low + high * 256) / 65_536)));
    this.#cancelFinding = clock.after(delay, () => {
      this.#newest++;
      this.#sendFindings();
      this.#findings();
    });
  }

  /** What was not sent while there was no connection is sent with the next. */
  #sendFindings(): void {
    if (!this.#isOnline || this.#sent >= this.#newest) return;
    this.#batches(this.#sent + 1, this.#newest, false);
    this.#sent = this.#newest;
  }

  #batches(from: number, to: number, replayed: boolean): void {
    for (let first = from; first <= to; first += MOST_ITEMS) {
      const items: StreamItem[] = [];
      for (let number = first; number <= Math.min(to, first + MOST_ITEMS - 1); number++)
        items.push(this.#finding(number));
      const bytes = encodeStreamBatch({ epoch: this.#epoch, first, items, replayed });
      if (bytes.ok) this.#publish({ kind: 'stream', stream: 'finding' }, bytes.value, false);
    }
  }

  /** The same number is the same finding, so a replay needs no memory. */
  #finding(number: number): StreamItem {
    const at = plus(this.#startedAt, seconds(number));
    const source = `192.0.2.${(number % 254) + 1}`;
    return {
      kind: 'finding',
      finding: {
        id: contentId(at, [this.#deps.serial, this.#epoch, String(number)]),
        at,
        check: 'ssh_bruteforce',
        severity: 'high',
        subject: { kind: 'ip', value: source },
        message: `5 failed logins from ${source}`,
        details: '',
        firstAt: at,
        count: 5,
        provenance: 'file',
        firstPosition: `simulated:${number}`,
        lastPosition: `simulated:${number + 4}`,
      },
    };
  }

  #report(): void {
    const { clock, serial, version } = this.#deps;
    const now = clock.now();
    const reported: Reported = {
      at: now,
      run: this.#run,
      connection: this.#connection,
      facts: {
        hostname: `simulated-${serial.toLowerCase()}`,
        version,
        imageVersion: '',
        architecture: 'x64',
        kernel: '6.12.0',
        startedAt: this.#startedAt,
        bootId: this.#bootId(),
        configSha256: undefined,
        addresses: ['192.0.2.1'],
        claimed: true,
      },
      components: [],
      firewall: { mode: 'observe', reason: '', blocks: 0, networks: 0, enforced: 1 },
      change: this.#trial?.change,
      desired: reportedDesired(this.#book, []),
      slots: [],
      lists: [],
      keysGeneration: this.#ring.generation,
      streams: [{ stream: 'finding', epoch: this.#epoch, newest: this.#newest, sent: this.#sent, waitingBytes: 0 }],
      certificateUntil: plus(now, seconds(86_400)),
    };
    this.#publish({ kind: 'reported' }, encodeReported(reported), true);
  }

  #presence(online: boolean, reason: Presence['reason'], ahead = 0): Presence {
    const { clock, version } = this.#deps;
    const since = clock.now();
    return {
      online,
      since,
      bootId: this.#bootId(),
      connection: this.#connection + ahead,
      version,
      reason,
      run: this.#run,
    };
  }

  #bootId(): Id {
    return contentId(this.#startedAt, [this.#deps.serial, 'boot']);
  }

  #publish(topic: ApplianceTopic, payload: Uint8Array, retain: boolean): void {
    const name = messageOf(topic.kind);
    this.#client.publish(this.#topic(topic), Buffer.from(payload), {
      qos: 1,
      retain,
      ...(name === undefined ? {} : { properties: { contentType: contentType(name) } }),
    });
  }

  #topic(topic: ApplianceTopic): string {
    return topicOf({ tenant: this.#deps.tenant, serial: this.#deps.serial }, topic);
  }
}
