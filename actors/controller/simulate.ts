import { createHash, createHmac, X509Certificate } from 'node:crypto';
import { request } from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { IClientOptions, MqttClient } from 'mqtt';
import type { Clock, Random } from '../../core/base/ports.ts';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { days, type Millis, millis } from '../../core/base/time.ts';
import type { ControllerSettings } from '../../core/controller/settings.ts';
import { type Serial, serialOf } from '../../core/field/serial.ts';
import type { EnrolmentReply } from '../../core/link/enrolment.ts';
import { type EnrolmentToken, readEnrolmentToken } from '../../core/link/enrolment-token.ts';
import { hexOf } from '../../core/link/hex.ts';
import { type KeyRing, type KeySet, ringOf } from '../../core/link/keys.ts';
import {
  contentType,
  decodeEnrolmentRefusal,
  decodeEnrolmentReply,
  encodeEnrolmentRequest,
  makeSigner,
} from '../link-wire/index.ts';
import { openAuthority } from './authority.ts';
import { brokerPlace, connectTrouble } from './broker-place.ts';
import { newCertificateRequest, newClientKey } from './certificates.ts';
import { readIfThere } from './files.ts';
import { LightAppliance } from './light-appliance.ts';
import type { Place } from './place.ts';

export interface SimulateOptions {
  readonly count: number;
  readonly place: Place;
  readonly settings: ControllerSettings | undefined;
  readonly token?: string;
  readonly plain: boolean;
  readonly broker?: string;
  /** Findings each sends a minute. */
  readonly findings: number;
  readonly seed: string;
  /** Connections opened a second. */
  readonly rate: number;
  readonly lasts: Millis | undefined;
}

export interface SimulateDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly version: string;
  /** Each second. @returns whether to go on */
  readonly tell: (state: SimulationState) => Promise<boolean>;
  /** Why the broker cannot be reached: once. */
  readonly complain: (why: string) => void;
  /** Resolves when it is to end. */
  readonly stop: Promise<unknown>;
}

export interface SimulationState {
  /** How many have what they come in with: certificates, or nothing where there is no TLS. */
  readonly admitted: number;
  readonly connected: number;
  readonly been: number;
  /** How many have confirmed which generation, but 0. */
  readonly confirmed: Readonly<Record<string, number>>;
  readonly sent: number;
  readonly elapsed_s: number;
  readonly memory_mb: number;
}

/** What one light appliance needs to come in. */
interface Admission {
  readonly tenant: string;
  readonly url: string;
  readonly options: IClientOptions;
  readonly ring: KeyRing;
}

type Admit = (serial: Serial, index: number) => Promise<Result<Admission, 'failed'>>;

const MINUTE = 60_000;
/** Connections that are being opened. */
const AT_ONCE = 64;
const LOOK = millis(5);

/** Runs light appliances until it is told to stop. @returns failed: they cannot come in */
export async function simulate(
  options: SimulateOptions,
  deps: SimulateDeps,
): Promise<Result<SimulationState, 'failed'>> {
  const admit = await admission(options, deps);
  if (!admit.ok) return admit;
  const { default: mqtt } = await import('mqtt');
  const begun = deps.clock.now();
  const running: LightAppliance[] = [];
  let stopped = false;
  const time = Promise.withResolvers<void>();
  const cancel = options.lasts === undefined ? undefined : deps.clock.after(options.lasts, time.resolve);
  const end = Promise.race([deps.stop, time.promise]).then(() => {
    stopped = true;
  });
  const crowd: Crowd = { admitted: [], running, isOver: () => stopped, troubled: troubles(running, deps.complain) };
  const refused = startAll(
    options,
    deps,
    admit.value,
    (url, given) => mqtt.connect({ ...brokerPlace(url), ...given }),
    crowd,
  );
  let state = stateOf(crowd, begun, deps.clock);
  while (!stopped) {
    await Promise.race([end, pause(deps.clock, millis(1000))]);
    state = stateOf(crowd, begun, deps.clock);
    if (!(await deps.tell(state))) stopped = true;
  }
  cancel?.();
  const failure = await refused;
  await Promise.all(running.map((appliance) => appliance.stop()));
  return failure ?? ok(state);
}

/** Those that are to connect, and those that do. */
interface Crowd {
  readonly admitted: { readonly serial: Serial; readonly admission: Admission }[];
  readonly running: LightAppliance[];
  readonly isOver: () => boolean;
  readonly troubled: (url: string, cause: Error) => void;
}

/** Told once, of the first: all of them go to the same broker. */
function troubles(running: readonly LightAppliance[], complain: (why: string) => void): Crowd['troubled'] {
  let isTold = false;
  return (url, cause) => {
    if (isTold || running.some(({ isOnline }) => isOnline)) return;
    isTold = true;
    complain(`the broker at ${url} cannot be reached: ${connectTrouble(cause)}`);
  };
}

/** What each comes in with is had for all before the first connects: keys and certificates are no part of connecting. */
async function startAll(
  { count, seed, rate, findings }: SimulateOptions,
  { clock, random, version }: SimulateDeps,
  admit: Admit,
  connect: (url: string, options: IClientOptions) => MqttClient,
  { admitted, running, isOver, troubled }: Crowd,
): Promise<Result<never, 'failed'> | undefined> {
  for (let i = 0; i < count && !isOver(); i++) {
    const serial = serialOf(createHash('sha256').update(`${seed}/${i}`).digest());
    const admission = await admit(serial, i);
    if (!admission.ok) return admission;
    admitted.push({ serial, admission: admission.value });
  }
  const every = millis(findings === 0 ? 0 : MINUTE / findings);
  const begun = clock.now();
  for (const [i, { serial, admission }] of admitted.entries()) {
    const ahead = millis(Math.round((i * 1000) / rate - (clock.now() - begun)));
    if (ahead > 5) await pause(clock, ahead);
    // More at once would only wait for each other, until some have waited too long.
    while (!isOver() && running.length - running.filter(({ hasBeen }) => hasBeen).length >= AT_ONCE) {
      await pause(clock, LOOK);
    }
    if (isOver()) return undefined;
    running.push(new LightAppliance({ serial, ...admission, connect, clock, random, version, every, troubled }));
  }
  return undefined;
}

function stateOf({ admitted, running }: Crowd, begun: Millis, clock: Clock): SimulationState {
  const confirmed: Record<string, number> = {};
  for (const { confirmedGeneration: generation } of running) {
    if (generation > 0) confirmed[generation] = (confirmed[generation] ?? 0) + 1;
  }
  return {
    admitted: admitted.length,
    connected: running.filter(({ isOnline }) => isOnline).length,
    been: running.filter(({ hasBeen }) => hasBeen).length,
    confirmed,
    sent: running.reduce((sum, { sent }) => sum + sent, 0),
    elapsed_s: Math.round((clock.now() - begun) / 100) / 10,
    memory_mb: Math.round(process.memoryUsage().rss / 1e6),
  };
}

async function admission(options: SimulateOptions, deps: SimulateDeps): Promise<Result<Admit, 'failed'>> {
  if (options.token !== undefined) return byToken(options.token, options, deps);
  const { settings, place } = options;
  if (settings === undefined)
    return fail('failed', `there is no ${place.settings}; --state DIR names the fleet, or --token`);
  const first = await readIfThere(place.firstKeys);
  const ring = ringOf({ keys: JSON.parse(first ?? '[]') as KeySet['keys'] }, 1);
  if (!ring.ok) return fail('failed', `${place.firstKeys}: ${ring.public}`);
  const url = options.broker ?? settings.connect;
  const shared = { tenant: settings.tenant, url, ring: ring.value };
  if (options.plain) return ok(async (serial) => ok({ ...shared, options: { username: serial } }));
  const authority = await openAuthority(place, deps);
  if (!authority.ok) return fail('failed', authority.public);
  const ca = new X509Certificate(authority.value.root).toString();
  return ok(async (serial) => {
    const { key, publicKey } = newClientKey();
    const { chain } = await authority.value.issue({ commonName: serial, use: 'client' }, publicKey, days(7));
    return ok({ ...shared, options: { key, cert: pemsOf(chain), ca } });
  });
}

function byToken(token: string, { broker, seed }: SimulateOptions, deps: SimulateDeps): Result<Admit, 'failed'> {
  const read = readEnrolmentToken(token);
  if (!read.ok) return fail('failed', read.public);
  let ring: KeyRing | undefined;
  return ok(async (serial) => {
    const { key } = newClientKey();
    const reply = await enrol(read.value, serial, key, { ...deps, seed });
    if (!reply.ok) return reply;
    const made = ringOf(reply.value.keys, reply.value.keysGeneration);
    if (!made.ok) return fail('failed', made.public);
    ring = ring?.generation === made.value.generation ? ring : made.value;
    const { tenant, brokers, certificates, brokerAuthority } = reply.value;
    const url = broker ?? brokers[0] ?? '';
    const ca = new X509Certificate(brokerAuthority).toString();
    return ok({ tenant, url, ring, options: { key, cert: pemsOf(certificates), ca } });
  });
}

/** Enrols one; the server is told nothing before its authority is the one that the token names. */
async function enrol(
  { url, name, secret, authority }: EnrolmentToken,
  serial: Serial,
  key: string,
  { version, seed }: { readonly version: string; readonly seed: string },
): Promise<Result<EnrolmentReply, 'failed'>> {
  const certificateRequest = await newCertificateRequest(key, serial);
  // The same serial is the same device, run after run.
  const device = makeSigner(createHash('sha256').update(`${seed}/${serial}/device`).digest());
  const body = encodeEnrolmentRequest({
    token: name,
    proof: hexOf(createHmac('sha256', Buffer.from(secret, 'hex')).update(certificateRequest).digest()),
    certificateRequest,
    serial,
    deviceKey: device.publicKey,
    deviceSignature: device.sign('enrolment', certificateRequest),
    version,
  });
  if (!body.ok) return fail('failed', body.public);
  try {
    const { status, bytes } = await post(url, authority, body.value);
    if (status === 200) {
      const reply = decodeEnrolmentReply(bytes);
      return reply.ok ? reply : fail('failed', reply.public);
    }
    const refusal = decodeEnrolmentRefusal(bytes);
    return fail('failed', refusal.ok ? `${refusal.value.text} (${refusal.value.code})` : `${url} answers ${status}`);
  } catch (cause) {
    return fail('failed', `${url}: ${messageOf(cause)}`, cause);
  }
}

function post(url: string, authority: string, body: Uint8Array): Promise<{ status: number; bytes: Buffer }> {
  return new Promise((tell, refuse) => {
    const asked = request(url, {
      method: 'POST',
      headers: { 'content-type': contentType('EnrolmentRequest'), 'content-length': body.length },
      // Judged by hand below: the root is not known before the handshake, only its hash.
      rejectUnauthorized: false,
      agent: false,
    });
    asked.on('socket', (socket) => {
      socket.on('secureConnect', () => {
        if (leadsTo(socket as TLSSocket, authority, new URL(url).hostname)) asked.end(body);
        else asked.destroy(new Error('the server is not the one that the token names'));
      });
    });
    asked.on('error', refuse);
    asked.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', refuse);
      response.on('end', () => tell({ status: response.statusCode ?? 0, bytes: Buffer.concat(chunks) }));
    });
  });
}

/** Whether each certificate of the server's chain is signed by the next, the last by itself, which the token names. */
function leadsTo(socket: TLSSocket, authority: string, host: string): boolean {
  let one = socket.getPeerCertificate(true);
  if (one?.raw === undefined) return false;
  const leaf = new X509Certificate(one.raw);
  if (leaf.checkHost(host) === undefined && leaf.checkIP(host) === undefined) return false;
  for (let depth = 0; depth < 4; depth++) {
    const own = new X509Certificate(one.raw);
    if (createHash('sha256').update(one.raw).digest('hex') === authority) return own.verify(own.publicKey);
    const above = one.issuerCertificate;
    if (above?.raw === undefined || above === one || !own.verify(new X509Certificate(above.raw).publicKey))
      return false;
    one = above;
  }
  return false;
}

const pemsOf = (chain: readonly Uint8Array[]): string =>
  chain.map((der) => new X509Certificate(der).toString()).join('');

const pause = (clock: Clock, time: Millis): Promise<void> => new Promise((go) => void clock.after(time, go));
