import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';

/** Bytes as lower-case hex, two digits a byte: what orders name by number is compared, kept and shown so. */
export type Hex = string & { readonly kind: 'hex' };

export const hexOf = (bytes: Uint8Array): Hex => bytesToHex(bytes) as Hex;

/** The bytes again. */
export const bytesOf = (hex: Hex): Uint8Array => hexToBytes(hex);

/** Whether `text` is the lower-case hex of so many bytes. */
export const isHex = (text: string, bytes: number): text is Hex =>
  text.length === bytes * 2 && /^[0-9a-f]*$/.test(text);
