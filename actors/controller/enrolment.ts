import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock, Log, Random } from '../../core/base/ports.ts';
import { type Failure, fail, ok, type Result } from '../../core/base/result.ts';
import { type Deadline, hasPassed, type Millis } from '../../core/base/time.ts';
import { Turns } from '../../core/base/turns.ts';
import { type ApplianceRecord, type TokenRecord, tokens } from '../../core/controller/records.ts';
import type { ControllerSettings } from '../../core/controller/settings.ts';
import type { Labels } from '../../core/controller/targets.ts';
import { readSerial } from '../../core/field/serial.ts';
import type { EnrolmentRefusal, EnrolmentReply, EnrolmentRequest } from '../../core/link/enrolment.ts';
import { enrolmentTokenText } from '../../core/link/enrolment-token.ts';
import { bytesOf, hexOf } from '../../core/link/hex.ts';
import { shardOf } from '../../core/link/topics.ts';
import { digestOf, verifies } from '../link-wire/index.ts';
import type { Records } from '../store/index.ts';
import type { Authority } from './authority.ts';
import { readRequest } from './certificates.ts';
import type { Fleet } from './fleet.ts';
import type { Happenings } from './happenings.ts';
import type { FleetKeys } from './key-ring.ts';

export interface EnrolmentDeps {
  readonly settings: ControllerSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly records: Records;
  readonly fleet: Fleet;
  readonly happenings: Happenings;
  readonly authority: Authority;
  readonly keys: FleetKeys;
  /** After the revocation list was seen to. @param isNew it was written anew */
  readonly published: (isNew: boolean) => Promise<void>;
}

export interface TokenOptions {
  readonly uses: number;
  readonly until: Deadline;
  readonly serial?: string;
  readonly labels: Labels;
}

export type Enrolled = Result<EnrolmentReply, EnrolmentRefusal['code']>;

/** What came with the TLS connection, where the client showed a certificate of the fleet. */
export interface Peer {
  readonly commonName: string;
  /** Of its certificate, hex. */
  readonly serial: string;
}

/** Takes appliances into the fleet by tokens, renews and revokes their certificates. */
export class Enrolment {
  readonly #deps: EnrolmentDeps;
  /** Revocation lists. */
  readonly #lists = new Turns();

  constructor(deps: EnrolmentDeps) {
    this.#deps = deps;
  }

  /** @returns the token's name, and its text, which is not shown again */
  async makeToken({
    uses,
    until,
    serial,
    labels,
  }: TokenOptions): Promise<Result<{ name: string; token: string }, 'failed'>> {
    const { random, clock, records, settings, authority } = this.#deps;
    const name = hexOf(random.bytes(6));
    const secret = random.bytes(32);
    const record: TokenRecord = {
      secret: hexOf(secret),
      uses,
      used: [],
      madeAt: clock.now(),
      until,
      labels,
      ...(serial === undefined ? {} : { serial }),
    };
    const kept = await records.write((writes) => writes.put(tokens, [name], record), { sync: true });
    if (!kept.ok) return fail('failed', kept.public);
    const token = { url: settings.enrolment.url, name, secret: hexOf(secret), authority: digestOf(authority.root) };
    return ok({ name, token: enrolmentTokenText(token) });
  }

  async tokens(): Promise<readonly (Omit<TokenRecord, 'secret'> & { readonly name: string })[]> {
    const found: (Omit<TokenRecord, 'secret'> & { readonly name: string })[] = [];
    for await (const [[name], { secret: _, ...record }] of this.#deps.records.list(tokens, []))
      found.push({ name, ...record });
    return found.sort((a, b) => b.madeAt - a.madeAt);
  }

  async revokeToken(name: string): Promise<Result<void, 'refused' | 'failed'>> {
    const { records, clock } = this.#deps;
    const done = await records.write(
      async (writes) => {
        const record = await writes.get(tokens, [name]);
        if (record === undefined) return false;
        await writes.put(tokens, [name], { ...record, revokedAt: clock.now() });
        return true;
      },
      { sync: true },
    );
    if (!done.ok) return fail('failed', done.public);
    return done.value ? ok(undefined) : fail('refused', `there is no token "${name}"`);
  }

  /** A request that came by HTTPS. @param peer the certificate it came with */
  async asked(request: EnrolmentRequest, peer: Peer | undefined): Promise<Enrolled> {
    return request.token === '' ? this.#renew(request, peer) : this.#enrol(request);
  }

  /** All of the appliance's certificates. @returns how many were revoked */
  async revoke(serial: string, reason: string): Promise<Result<number, 'refused' | 'failed'>> {
    const { fleet, clock, happenings } = this.#deps;
    const member = fleet.member(serial);
    if (member === undefined) return fail('refused', `there is no ${serial}`);
    const at = clock.now();
    let left = 0;
    const kept = await fleet.keep(serial, (record) => {
      left = record.certificates.filter(({ revokedAt }) => revokedAt === undefined).length;
      return ok({ ...withdrawn(record, at), revoked: { at, reason } });
    });
    if (!kept.ok) return fail('failed', 'it could not be written down');
    await this.publishRevocations();
    happenings.tell({ kind: 'revoked', serial, reason });
    return ok(left);
  }

  /** Sees to it that the revocation list has all that were revoked and have not ended. One after the other: the last one has them all. */
  publishRevocations(): Promise<void> {
    return this.#lists.run(() => this.#publishRevocations());
  }

  async #publishRevocations(): Promise<void> {
    const { fleet, authority, clock, published } = this.#deps;
    const now = clock.now();
    const revoked = fleet
      .meant({ kind: 'all' })
      .flatMap(({ record }) =>
        record.certificates.flatMap(({ serial, until, revokedAt }) =>
          revokedAt === undefined || until < now ? [] : [{ serial, at: revokedAt }],
        ),
      );
    await published(await authority.revoke(revoked));
  }

  async #enrol(request: EnrolmentRequest): Promise<Enrolled> {
    const { records, clock, fleet } = this.#deps;
    const token = await records.get(tokens, [request.token]);
    if (token === undefined) return fail('unknown_token', 'this controller has made no such token');
    if (!isProven(request, token)) return fail('bad_proof', "the request is not proven by the token's secret");
    if (token.revokedAt !== undefined || hasPassed(token.until, clock.now())) {
      return fail('expired_token', 'the token is over');
    }
    const { serial } = request;
    if (token.serial !== undefined && token.serial !== serial)
      return fail('bad_request', `the token is for ${token.serial}`);
    if (!token.used.includes(serial) && token.used.length >= token.uses) {
      return fail('used_token', `the token was for ${token.uses}, and they have come`);
    }
    const known = fleet.member(serial)?.record;
    const trouble = known && enrolmentTrouble(known, request, token);
    if (trouble !== undefined) return trouble;
    const judged = await this.#judged(request);
    if (!judged.ok) return judged;
    const used = await this.#use(request.token, serial);
    if (!used.ok) return used;
    const reply = await this.#issue(request, judged.value, (record) => {
      const late = enrolmentTrouble(record, request, token);
      if (late !== undefined) return late;
      // What it had before is over: nobody else has its key.
      const { revoked: _, ...before } = withdrawn(record, clock.now());
      return ok({
        ...before,
        labels: { ...token.labels, ...record.labels },
        deviceKey: request.deviceKey,
        enrolledAt: clock.now(),
        token: request.token,
      });
    });
    const isAgain = fleet.member(serial)?.record.certificates.some(({ revokedAt }) => revokedAt !== undefined);
    if (reply.ok && isAgain === true) await this.publishRevocations();
    return reply;
  }

  async #renew(request: EnrolmentRequest, peer: Peer | undefined): Promise<Enrolled> {
    const { fleet } = this.#deps;
    const { serial } = request;
    if (peer === undefined || peer.commonName !== serial) {
      return fail('bad_request', `a renewal comes with the certificate of ${serial} that is to be renewed`);
    }
    const known = fleet.member(serial)?.record;
    const trouble = known && renewalTrouble(known, request, peer);
    if (trouble !== undefined) return trouble;
    const judged = await this.#judged(request);
    if (!judged.ok) return judged;
    // It may have been revoked since.
    return this.#issue(request, judged.value, (record) => renewalTrouble(record, request, peer) ?? ok(record));
  }

  /** @returns the public key to be certified */
  async #judged(request: EnrolmentRequest): Promise<Result<Uint8Array, 'bad_request'>> {
    const { serial, certificateRequest, deviceKey, deviceSignature } = request;
    if (readSerial(serial) !== serial) return fail('bad_request', `"${serial.slice(0, 40)}" is no serial`);
    if (!verifies(deviceKey, 'enrolment', certificateRequest, deviceSignature)) {
      return fail('bad_request', 'the device key did not sign the certificate request');
    }
    const read = await readRequest(certificateRequest);
    if (!read.ok) return read;
    return read.value.commonName === serial
      ? ok(read.value.publicKey)
      : fail('bad_request', 'the certificate request is for another name than the serial');
  }

  async #use(name: string, serial: string): Promise<Result<void, 'used_token' | 'busy'>> {
    const done = await this.#deps.records.write(
      async (writes) => {
        const token = await writes.get(tokens, [name]);
        if (token === undefined) return false;
        if (token.used.includes(serial)) return true;
        if (token.used.length >= token.uses) return false;
        await writes.put(tokens, [name], { ...token, used: [...token.used, serial] });
        return true;
      },
      { sync: true },
    );
    if (!done.ok) return fail('busy', 'nothing can be written down at present');
    return done.value ? ok(undefined) : fail('used_token', 'the token is used up');
  }

  /** @param change what becomes of the record, or why nobody gets the certificate after all */
  async #issue(
    { serial }: EnrolmentRequest,
    publicKey: Uint8Array,
    change: (record: ApplianceRecord) => Result<ApplianceRecord, EnrolmentRefusal['code']>,
  ): Promise<Enrolled> {
    const { authority, settings, fleet, keys, happenings, log, clock } = this.#deps;
    const issued = await authority.issue(
      { commonName: serial, use: 'client' },
      publicKey,
      settings.certificateLifetime,
    );
    const now = clock.now();
    const kept = await fleet.keep(serial, (record) => {
      const after = change(record);
      if (!after.ok) return after;
      const living = after.value.certificates.filter(({ until }) => until > now);
      return ok({ ...after.value, certificates: [...living, issued.record] });
    });
    if (!kept.ok) return fail('busy', 'nothing can be written down at present');
    if (!kept.value.ok) return kept.value;
    log('info', 'certificate issued', { serial, ends: issued.record.until });
    happenings.tell({ kind: 'enrolled', serial });
    return ok({
      certificates: issued.chain,
      brokerAuthority: authority.root,
      tenant: settings.tenant,
      shard: shardOf(serial),
      brokers: settings.brokers,
      keys: keys.set,
      keysGeneration: keys.ring.generation,
    });
  }
}

/** Why an appliance that is known does not come in by this token. */
function enrolmentTrouble(
  { deviceKey, revoked }: ApplianceRecord,
  request: EnrolmentRequest,
  token: TokenRecord,
): Failure<EnrolmentRefusal['code']> | undefined {
  const { serial } = request;
  if (deviceKey !== undefined && deviceKey !== request.deviceKey && token.serial !== serial) {
    return fail('bad_request', `${serial} came with another device key before; only a token of its own takes it again`);
  }
  // One from before the revocation may be what was stolen with it.
  if (revoked === undefined || (token.serial === serial && token.madeAt >= revoked.at)) return undefined;
  return fail('revoked', `${serial} was revoked; only a token of its own that was made since takes it again`);
}

function renewalTrouble(
  record: ApplianceRecord,
  request: EnrolmentRequest,
  peer: Peer,
): Failure<EnrolmentRefusal['code']> | undefined {
  const certificate = record.certificates.find((one) => one.serial === peer.serial);
  if (record.revoked !== undefined || certificate?.revokedAt !== undefined) {
    return fail('revoked', 'the certificate was revoked');
  }
  return record.deviceKey !== undefined && record.deviceKey !== request.deviceKey
    ? fail('bad_request', 'the device key is another than at the enrolment')
    : undefined;
}

const withdrawn = (record: ApplianceRecord, at: Millis): ApplianceRecord => ({
  ...record,
  certificates: record.certificates.map((one) => (one.revokedAt === undefined ? { ...one, revokedAt: at } : one)),
});

function isProven({ proof, certificateRequest }: EnrolmentRequest, { secret }: TokenRecord): boolean {
  if (proof === undefined) return false;
  const wanted = createHmac('sha256', bytesOf(secret)).update(certificateRequest).digest();
  return timingSafeEqual(wanted, bytesOf(proof));
}
