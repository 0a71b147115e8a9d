import type { Hex } from './hex.ts';
import type { KeySet } from './keys.ts';

/** Asks a controller to take an appliance into its fleet, or to renew its certificate. */
export interface EnrolmentRequest {
  /** Name of the enrolment token; empty in a renewal. */
  readonly token: string;
  /** HMAC-SHA256 over the certificate request with the token's secret; undefined in a renewal. */
  readonly proof: Hex | undefined;
  /** PKCS#10, DER. */
  readonly certificateRequest: Uint8Array;
  readonly serial: string;
  /** Ed25519, 32 bytes. */
  readonly deviceKey: Hex;
  /** Over `signedText('enrolment', certificateRequest)`, 64 bytes. */
  readonly deviceSignature: Uint8Array;
  readonly version: string;
}

/** The appliance is in the fleet. */
export interface EnrolmentReply {
  /** Its own first, DER each; the root is left out. */
  readonly certificates: readonly Uint8Array[];
  /** DER. */
  readonly brokerAuthority: Uint8Array;
  readonly tenant: string;
  readonly shard: number;
  /** URLs in the order in which they are tried. */
  readonly brokers: readonly string[];
  readonly keys: KeySet;
  readonly keysGeneration: number;
}

export const ENROLMENT_REFUSALS = [
  'unknown_token',
  'used_token',
  'expired_token',
  'bad_proof',
  'bad_request',
  'revoked',
  'busy',
] as const;

export interface EnrolmentRefusal {
  readonly code: (typeof ENROLMENT_REFUSALS)[number];
  /** For people. */
  readonly text: string;
}
