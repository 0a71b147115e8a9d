export type { Unreadable } from './codec.ts';
export { digestOf, makeSigner, readSigner, type Signer, verifies } from './ed25519.ts';
export {
  decodeEnrolmentRefusal,
  decodeEnrolmentReply,
  decodeEnrolmentRequest,
  encodeEnrolmentRefusal,
  encodeEnrolmentReply,
  encodeEnrolmentRequest,
} from './enrolment.ts';
export { decodeEnvelope, encodeEnvelope, envelopeReader, type SealedOrder, seal } from './envelope.ts';
export { contentType, type Incoming, messageOf, type NotIncoming, readIncoming } from './incoming.ts';
export { LIMITS, LONGEST_PART, type MessageName } from './limits.ts';
export { decodeListChange, decodeListContent, encodeListChange, encodeListContent } from './list.ts';
export { decodeOrder, encodeOrder } from './order.ts';
export { decodePresence, encodePresence } from './presence.ts';
export { decodeReported, encodeReported } from './reported.ts';
export { decodeResult, encodeResult } from './result.ts';
export { decodeStreamBatch, encodeStreamBatch, MOST_ITEMS, sizeOfItem } from './stream.ts';
export { type BatchHead, batchBytes, gapBytes, itemBytes, type Part, partsOf } from './stream-bytes.ts';
