import type { Serial } from './serial.ts';

/** Who this device is: made at its first start, kept through updates and factory resets. */
export interface DeviceIdentity {
  readonly serial: Serial;
  /** SHA-256 of the public key as OpenSSH prints it: `SHA256:` and 43 characters of base64. */
  readonly keyFingerprint: string;
  /** The public key as OpenSSH writes it: `ssh-ed25519 BASE64`. */
  readonly publicKey: string;
}

/** What the device shows of its identity, or why it has none. */
export type ShownDevice = DeviceIdentity | { readonly trouble: string };
