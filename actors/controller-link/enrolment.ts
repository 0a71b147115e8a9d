import { createHmac, createPrivateKey, X509Certificate } from 'node:crypto';
import type { Clock, Log } from '../../core/base/ports.ts';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import type { EnrolmentReply, EnrolmentRequest } from '../../core/link/enrolment.ts';
import { readEnrolmentToken } from '../../core/link/enrolment-token.ts';
import { bytesOf, type Hex, hexOf } from '../../core/link/hex.ts';
import { isTenant, shardOf } from '../../core/link/topics.ts';
import type { Device } from '../identity/index.ts';
import {
  decodeEnrolmentRefusal,
  decodeEnrolmentReply,
  encodeEnrolmentRequest,
  readSigner,
} from '../link-wire/index.ts';
import type { ServerAnswer, ServerQuestion } from './ask-server.ts';
import { certificateRequest, newClientKey } from './certificate-request.ts';
import { type IdentityFiles, type LinkIdentity, validityOf } from './identity-file.ts';

/** Of the answer of an enrolment server, and of what kept it away. */
export type EnrolmentFailure =
  /** It is no token. */
  | 'bad_token'
  | 'unreachable'
  /** The server is not the one that the token names. */
  | 'untrusted'
  /** The controller does not want this appliance any more. */
  | 'revoked'
  /** It says no for now, or to this token. */
  | 'refused'
  /** What it says cannot be used. */
  | 'bad_answer'
  /** This device has no key, or its files cannot be written. */
  | 'failed';

export interface EnrolmentDeps {
  readonly files: IdentityFiles;
  readonly ask: (question: ServerQuestion) => Promise<Result<ServerAnswer, 'unreachable' | 'untrusted'>>;
  readonly device: Result<Pick<Device, 'serial' | 'key'>, string>;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly proxy: () => string | undefined;
}

const OK = 200;

/** Takes this appliance into a fleet, and keeps its certificate from running out. */
export class Enrolment {
  readonly #deps: EnrolmentDeps;

  constructor(deps: EnrolmentDeps) {
    this.#deps = deps;
  }

  /** Asks with a token; also where there is an identity already, which the new one replaces. */
  async enroll(token: string, signal: AbortSignal): Promise<Result<LinkIdentity, EnrolmentFailure>> {
    const read = readEnrolmentToken(token);
    if (!read.ok) return read;
    const { url, name, secret, authority } = read.value;
    const asked = await this.#request((request) => ({
      token: name,
      proof: hexOf(createHmac('sha256', bytesOf(secret)).update(request).digest()),
    }));
    if (!asked.ok) return asked;
    return this.#settle({ url, authority, body: asked.value.body, signal }, asked.value.key);
  }

  /**
   * Asks for another certificate by the one there is; the key is another one, too. Which keys may order is not the server's to
   * say then: only somebody here, with a token, puts others in their place without the signature of one that is believed.
   */
  async renew(identity: LinkIdentity, signal: AbortSignal): Promise<Result<LinkIdentity, EnrolmentFailure>> {
    const asked = await this.#request(() => ({ token: '', proof: undefined }));
    if (!asked.ok) return asked;
    const { url, authority, cert, key } = identity;
    const question = { url, authority, body: asked.value.body, credentials: { cert, key }, signal };
    const renewed = await this.#settle(question, asked.value.key, identity);
    if (renewed.ok || renewed.code !== 'revoked') return renewed;
    const revoked = { ...identity, revoked: { at: this.#deps.clock.now(), why: renewed.public } };
    await this.#deps.files.write(revoked).catch((cause: unknown) => {
      this.#deps.log('error', 'that the controller revoked us could not be kept', { error: messageOf(cause) });
    });
    return renewed;
  }

  async #request(
    proves: (request: Uint8Array) => Pick<EnrolmentRequest, 'token' | 'proof'>,
  ): Promise<Result<{ readonly body: Uint8Array; readonly key: string }, EnrolmentFailure>> {
    const { device, files, version } = this.#deps;
    if (!device.ok) return fail('failed', `the device has no identity: ${device.public}`);
    const { serial, key: deviceKey } = device.value;
    const signer = readSigner(deviceKey.pem);
    if (!signer.ok) return fail('failed', `the device's key cannot sign: ${signer.public}`);
    try {
      const key = await files.nextKey(newClientKey);
      const request = certificateRequest(key, serial);
      const body = encodeEnrolmentRequest({
        ...proves(request),
        certificateRequest: request,
        serial,
        deviceKey: signer.value.publicKey,
        deviceSignature: signer.value.sign('enrolment', request),
        version,
      });
      return body.ok ? ok({ body: body.value, key }) : fail('failed', body.public);
    } catch (cause) {
      return fail('failed', `the key for the certificate cannot be made or kept: ${messageOf(cause)}`, cause);
    }
  }

  /** @param before of a renewal */
  async #settle(
    question: Omit<ServerQuestion, 'proxy'>,
    key: string,
    before?: LinkIdentity,
  ): Promise<Result<LinkIdentity, EnrolmentFailure>> {
    const { ask, proxy, files, log } = this.#deps;
    const through = proxy();
    const answer = await ask({ ...question, ...(through === undefined ? {} : { proxy: through }) });
    if (!answer.ok) return answer;
    const { status, body } = answer.value;
    if (status !== OK) return refusal(status, body);
    const reply = decodeEnrolmentReply(body);
    if (!reply.ok) return fail('bad_answer', `the server's answer cannot be read: ${reply.public}`);
    const made = this.#identity(reply.value, question, key);
    const identity = made.ok && before !== undefined ? renewedFrom(before, made.value) : made;
    if (!identity.ok) return identity;
    try {
      await files.write(identity.value);
    } catch (cause) {
      return fail('failed', `the enrolment cannot be written down: ${messageOf(cause)}`, cause);
    }
    const { tenant, serial } = identity.value;
    const what =
      before === undefined ? 'enrolled with a controller' : 'the certificate of the controller link is renewed';
    log('info', what, { tenant, serial, until: validityOf(identity.value).until });
    return identity;
  }

  /** What the reply makes of us, where it is for this very key and device. */
  #identity(
    reply: EnrolmentReply,
    { url, authority }: Pick<ServerQuestion, 'url' | 'authority'>,
    key: string,
  ): Result<LinkIdentity, 'bad_answer' | 'failed'> {
    const { device, clock } = this.#deps;
    if (!device.ok) return fail('failed', device.public);
    const { serial } = device.value;
    try {
      const chain = reply.certificates.map((der) => new X509Certificate(der));
      const [own] = chain;
      const wrong = wrongReply(reply, own, serial, key);
      if (wrong !== undefined) return fail('bad_answer', wrong);
      return ok({
        format: 1,
        tenant: reply.tenant,
        shard: reply.shard,
        serial,
        brokers: reply.brokers,
        url,
        authority: authority as Hex,
        cert: chain.map((one) => one.toString()).join(''),
        key,
        brokerAuthority: new X509Certificate(reply.brokerAuthority).toString(),
        keys: reply.keys,
        keysGeneration: reply.keysGeneration,
        enrolledAt: clock.now(),
      });
    } catch (cause) {
      return fail('bad_answer', `the server's answer holds no certificates: ${messageOf(cause)}`, cause);
    }
  }
}

/** Another certificate, and where brokers are now; the rest stays as this appliance was enrolled. */
function renewedFrom(before: LinkIdentity, made: LinkIdentity): Result<LinkIdentity, 'bad_answer'> {
  const { tenant, keys, keysGeneration, enrolledAt } = before;
  return made.tenant === tenant
    ? ok({ ...made, keys, keysGeneration, enrolledAt })
    : fail('bad_answer', `a renewal for the fleet "${tenant}" is answered for another`);
}

function wrongReply(
  { tenant, shard }: EnrolmentReply,
  own: X509Certificate | undefined,
  serial: string,
  key: string,
): string | undefined {
  if (own === undefined) return 'the server sends no certificate';
  if (!own.subject.split('\n').includes(`CN=${serial}`)) return `the certificate is not for ${serial}`;
  if (!own.checkPrivateKey(createPrivateKey(key))) return 'the certificate is for another key';
  if (!isTenant(tenant)) return 'the tenant has no right name';
  return shard === shardOf(serial) ? undefined : 'the shard is not that of the serial';
}

function refusal(status: number, body: Uint8Array): Result<never, EnrolmentFailure> {
  const read = decodeEnrolmentRefusal(body);
  if (!read.ok) return fail('unreachable', `the server answers with status ${status}`);
  const { code, text } = read.value;
  return fail(code === 'revoked' ? 'revoked' : 'refused', `${text} (${code})`);
}
