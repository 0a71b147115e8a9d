import type { Result } from '../../core/base/result.ts';
import {
  ENROLMENT_REFUSALS,
  type EnrolmentRefusal,
  type EnrolmentReply,
  type EnrolmentRequest,
} from '../../core/link/enrolment.ts';
import { TENANT } from '../../core/link/topics.ts';
import { v1 } from '../../proto/index.ts';
import { bytes, count, each, filledText, hex, inner, optionalHex, patternText, text, word } from './checks.ts';
import { checked, decoder, type Unreadable } from './codec.ts';
import { keySet, keySetMessage } from './key-set.ts';
import { serial } from './lease.ts';
import { saidHex, saidText } from './said.ts';

/** Of a certificate or a request for one. */
const LONGEST_DER = 8192;
const BROKER = /^(?:mqtts|wss):\/\/[\x21-\x7e]{1,256}$/;

export const decodeEnrolmentRequest: (bytes: Uint8Array) => Result<EnrolmentRequest, Unreadable> = decoder(
  'EnrolmentRequest',
  v1.EnrolmentRequest,
  (message): EnrolmentRequest => ({
    token: text(message.token, 'token', 64),
    proof: optionalHex(message.proof, 'proof', 32),
    certificateRequest: bytes(message.certificateRequest, 'certificate_request', LONGEST_DER, 1),
    serial: serial(message.serial, 'serial'),
    deviceKey: hex(message.deviceKey, 'device_key', 32),
    deviceSignature: bytes(message.deviceSignature, 'device_signature', 64, 64),
    version: text(message.version, 'version', 64),
  }),
);

export const encodeEnrolmentRequest = (request: EnrolmentRequest): Result<Uint8Array, Unreadable> =>
  checked(
    v1.EnrolmentRequest.encode({
      ...request,
      proof: saidHex(request.proof),
      deviceKey: saidHex(request.deviceKey),
    }).finish(),
    decodeEnrolmentRequest,
  );

export const decodeEnrolmentReply: (bytes: Uint8Array) => Result<EnrolmentReply, Unreadable> = decoder(
  'EnrolmentReply',
  v1.EnrolmentReply,
  (message): EnrolmentReply => ({
    certificates: each(message.certificates, 'certificates', 8, (der) => bytes(der, 'der', LONGEST_DER, 1), 1),
    brokerAuthority: bytes(message.brokerAuthority, 'broker_authority', LONGEST_DER, 1),
    tenant: patternText(message.tenant, 'tenant', TENANT),
    shard: count(message.shard, 'shard', { most: 63 }),
    brokers: each(message.brokers, 'brokers', 16, (url) => patternText(url, 'url', BROKER), 1),
    keys: inner(message.keys, 'keys', keySet),
    keysGeneration: count(message.keysGeneration, 'keys_generation', { least: 1 }),
  }),
);

export const encodeEnrolmentReply = (reply: EnrolmentReply): Result<Uint8Array, Unreadable> =>
  checked(
    v1.EnrolmentReply.encode({
      ...reply,
      certificates: [...reply.certificates],
      brokers: [...reply.brokers],
      keys: keySetMessage(reply.keys),
    }).finish(),
    decodeEnrolmentReply,
  );

export const decodeEnrolmentRefusal: (bytes: Uint8Array) => Result<EnrolmentRefusal, Unreadable> = decoder(
  'EnrolmentRefusal',
  v1.EnrolmentRefusal,
  (message): EnrolmentRefusal => ({
    code: word(message.code, 'code', ENROLMENT_REFUSALS),
    text: filledText(message.text, 'text', 1024),
  }),
);

export const encodeEnrolmentRefusal = ({ code, text: said }: EnrolmentRefusal): Uint8Array =>
  v1.EnrolmentRefusal.encode({ code, text: saidText(said, 1024) }).finish();
