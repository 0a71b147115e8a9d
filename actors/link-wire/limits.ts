const KIB = 1024;
const MIB = 1024 * KIB;

/** How long each message may be, bytes: looked at before anything of it is read. */
export const LIMITS = {
  Envelope: MIB + KIB,
  Order: MIB,
  Presence: 2 * KIB,
  Reported: 2 * MIB,
  Result: 8 * MIB,
  StreamBatch: 256 * KIB,
  /** Uncompressed. */
  ListContent: 64 * MIB,
  /** Uncompressed. */
  ListChange: 64 * MIB,
  EnrolmentRequest: 32 * KIB,
  EnrolmentReply: 128 * KIB,
  EnrolmentRefusal: 4 * KIB,
} as const;
export type MessageName = keyof typeof LIMITS;

/** Of a part of a list as it is carried. */
export const LONGEST_PART: number = 16 * MIB;
