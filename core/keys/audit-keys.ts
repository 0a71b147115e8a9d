/** Digits of the largest safe integer. */
const WIDTH = 16;
const PREFIX = 'audit!';

/** Keys of the audit log: records in the order of their serials, and the head outside that range. */
export const auditKeys = {
  /** @param serial 1 .. 2^53 − 1 */
  record: (serial: number): string => PREFIX + String(serial).padStart(WIDTH, '0'),
  records: { gte: PREFIX, lt: 'audit"' },
  /** Serial and hash of the newest record, written in the same batch. */
  head: 'audit-head',
} as const;
