import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const UTF8 = 0x0c;
const ATTRIBUTES = 0xa0;
/** 2.5.4.10 and 2.5.4.3. */
const ORGANIZATION = Buffer.from('060355040a', 'hex');
const COMMON_NAME = Buffer.from('0603550403', 'hex');
/** 1.2.840.10045.4.3.2, ecdsa-with-SHA256. */
const ECDSA_SHA256 = Buffer.from('06082a8648ce3d040302', 'hex');

/** A new P-256 key, PKCS #8 in PEM. */
export const newClientKey = (): string =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

/**
 * PKCS #10 for a key on P-256, DER, without extensions: what the certificate may be used for is the authority's to say. Made
 * here, since the library that issues certificates would stay in memory for good, 25 MB for 300 bytes a year.
 * @param keyPem PKCS #8
 */
export function certificateRequest(keyPem: string, commonName: string): Uint8Array {
  const key: KeyObject = createPrivateKey(keyPem);
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const subject = node(SEQUENCE, attribute(ORGANIZATION, 'Bartizan'), attribute(COMMON_NAME, commonName));
  const info = node(SEQUENCE, node(INTEGER, Buffer.from([0])), subject, publicKey, node(ATTRIBUTES));
  const signature = sign('sha256', info, key);
  return node(SEQUENCE, info, node(SEQUENCE, ECDSA_SHA256), node(BIT_STRING, Buffer.from([0]), signature));
}

const attribute = (type: Buffer, value: string): Buffer =>
  node(SET, node(SEQUENCE, type, node(UTF8, Buffer.from(value))));

/** Type, length in the shortest form, content. */
function node(type: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([type, ...head]), content]);
}
