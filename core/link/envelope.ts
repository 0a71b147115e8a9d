import type { Result } from '../base/result.ts';
import type { Hex } from './hex.ts';
import type { KeyId } from './keys.ts';
import type { Order } from './order.ts';

/** An order's bytes as they were signed, and who signed them. */
export interface Envelope {
  readonly payload: Uint8Array;
  /** 1 to 4, each key once. */
  readonly signatures: readonly Signature[];
}

export interface Signature {
  readonly keyId: KeyId;
  /** 64 bytes. */
  readonly signature: Uint8Array;
}

/** Reads and verifies bytes for the judge, which knows neither protobuf nor Ed25519. None of it throws, whatever it is given. */
export interface EnvelopeReader {
  envelope(bytes: Uint8Array): Result<Envelope, 'too_long' | 'malformed'>;
  order(payload: Uint8Array): Result<Order, 'too_long' | 'malformed'>;
  /** Whether the signature of that purpose over the payload is good. @param publicKey Ed25519 */
  verifies(publicKey: Hex, payload: Uint8Array, signature: Uint8Array): boolean;
  /** SHA-256: what names an order's payload. */
  digest(payload: Uint8Array): Hex;
}
