import { createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto';

/** The device's Ed25519 key. */
export interface DeviceKey {
  /** PKCS#8 in PEM. */
  readonly pem: string;
  /** The 32 bytes of the public key. */
  readonly publicBytes: Uint8Array;
  /** `ssh-ed25519 BASE64`. */
  readonly publicText: string;
  /** `SHA256:` and base64 without padding, as `ssh-keygen -l` prints it. */
  readonly fingerprint: string;
  /** Ed25519 over a domain and a text, so that what is signed for one use is never taken for another. */
  sign(domain: string, text: string): Uint8Array;
  /** Whether this very key signed it. */
  signed(domain: string, text: string, signature: Uint8Array): boolean;
}

const SSH_NAME = 'ssh-ed25519';
/** RFC 8410: everything of the PKCS#8 and SubjectPublicKeyInfo structures ahead of the 32 bytes. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');

/** @param seed 32 random bytes, which are the private key */
export function makeDeviceKey(seed: Uint8Array): DeviceKey {
  return keyOf(createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: 'der', type: 'pkcs8' }));
}

/** Undefined for what is no Ed25519 private key. */
export function readDeviceKey(pem: string): DeviceKey | undefined {
  try {
    const key = createPrivateKey(pem);
    return key.asymmetricKeyType === 'ed25519' ? keyOf(key) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the key with this public text signed the text for this use; `false` for a text that is no such key. */
export function isSigned(publicText: string, domain: string, text: string, signature: Uint8Array): boolean {
  const wire = Buffer.from(publicText.split(' ')[1] ?? '', 'base64');
  const bytes = wire.subarray(-32);
  if (!wire.equals(sshWire(bytes))) return false;
  const key = createPublicKey({ key: Buffer.concat([SPKI_HEAD, bytes]), format: 'der', type: 'spki' });
  return verify(null, signed(domain, text), key, signature);
}

/** Of `ssh-ed25519 BASE64`: `SHA256:` and base64 without padding. */
export function fingerprintOf(publicText: string): string {
  const wire = Buffer.from(publicText.split(' ')[1] ?? '', 'base64');
  return `SHA256:${hash('sha256', wire, 'base64').replace(/=+$/, '')}`;
}

function keyOf(key: KeyObject): DeviceKey {
  const publicBytes = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32);
  const wire = sshWire(publicBytes);
  const publicText = `${SSH_NAME} ${wire.toString('base64')}`;
  return {
    pem: key.export({ format: 'pem', type: 'pkcs8' }).toString(),
    publicBytes,
    publicText,
    fingerprint: fingerprintOf(publicText),
    sign: (domain, text) => sign(null, signed(domain, text), key),
    signed: (domain, text, signature) => verify(null, signed(domain, text), createPublicKey(key), signature),
  };
}

const signed = (domain: string, text: string): Buffer => Buffer.from(`${domain}\n${text}`);

/** RFC 4253: each part behind its length in four bytes. */
const sshWire = (publicBytes: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from(SSH_NAME), publicBytes].flatMap((part) => [lengthOf(part), part]));

function lengthOf(part: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(part.length);
  return length;
}
