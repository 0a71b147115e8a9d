/**
 * What stands before the bytes that are signed, so that a signature for one purpose is none for another.
 * @param purpose without a zero byte
 */
export const signedText = (purpose: SignedPurpose, bytes: Uint8Array): Uint8Array => {
  const before = new TextEncoder().encode(`bartizan/1/${purpose}\0`);
  const text = new Uint8Array(before.length + bytes.length);
  text.set(before);
  text.set(bytes, before.length);
  return text;
};
export type SignedPurpose = 'order' | 'enrolment';
