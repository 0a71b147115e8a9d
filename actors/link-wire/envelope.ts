import { ok, type Result } from '../../core/base/result.ts';
import type { Envelope, EnvelopeReader, Signature } from '../../core/link/envelope.ts';
import type { KeyId } from '../../core/link/keys.ts';
import type { Order } from '../../core/link/order.ts';
import type { bartizan } from '../../proto/index.ts';
import { v1 } from '../../proto/index.ts';
import { bytes, distinct, each, hex } from './checks.ts';
import { checked, decoder, type Unreadable } from './codec.ts';
import { digestOf, type Signer, verifies } from './ed25519.ts';
import { LIMITS } from './limits.ts';
import { decodeOrder, encodeOrder } from './order.ts';
import { saidHex } from './said.ts';

const MOST_SIGNATURES = 4;

/** Nobody vouches for what is around the payload, so fields that are not known here are passed over. */
export const decodeEnvelope: (bytes: Uint8Array) => Result<Envelope, Unreadable> = decoder(
  'Envelope',
  v1.Envelope,
  (message): Envelope => ({
    payload: bytes(message.payload, 'payload', LIMITS.Order, 1),
    signatures: distinct(
      each(message.signatures, 'signatures', MOST_SIGNATURES, readSignature, 1),
      'signatures',
      ({ keyId }) => keyId,
    ),
  }),
);

const readSignature = (message: bartizan.v1.Signature.$Properties): Signature => ({
  keyId: hex(message.keyId, 'key_id', 8) as KeyId,
  signature: bytes(message.signature, 'signature', 64, 64),
});

export const encodeEnvelope = ({ payload, signatures }: Envelope): Result<Uint8Array, Unreadable> =>
  checked(
    v1.Envelope.encode({
      payload,
      signatures: signatures.map(({ keyId, signature }) => ({ keyId: saidHex(keyId), signature })),
    }).finish(),
    decodeEnvelope,
  );

/** An order as it is published, and what it is called by those that follow it. */
export interface SealedOrder {
  /** An encoded Envelope. */
  readonly bytes: Uint8Array;
  /** SHA-256 of the payload. */
  readonly digest: ReturnType<typeof digestOf>;
}

/** Signs an order. @param signers 1 to 4; for `keys` one that is believed and one of the new set, which may be the same */
export function seal(order: Order, signers: readonly Signer[]): Result<SealedOrder, Unreadable> {
  const payload = encodeOrder(order);
  if (!payload.ok) return payload;
  const envelope = encodeEnvelope({
    payload: payload.value,
    signatures: signers.map((signer) => ({ keyId: signer.keyId, signature: signer.sign('order', payload.value) })),
  });
  return envelope.ok ? ok({ bytes: envelope.value, digest: digestOf(payload.value) }) : envelope;
}

/** Protobuf and Ed25519 for `judge`. */
export const envelopeReader: EnvelopeReader = {
  envelope: decodeEnvelope,
  order: decodeOrder,
  verifies: (publicKey, payload, signature) => verifies(publicKey, 'order', payload, signature),
  digest: digestOf,
};
