import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

/**
 * SHA-256 of the text's UTF-8 as lower-case hex; a lone surrogate counts as U+FFFD. In a module of its own, because every finding's
 * and every decision's id is made of it: in the bundle Node does it (`image/build/bundle.ts`), from the text and without bytes between.
 */
export const sha256OfText = (text: string): string => bytesToHex(sha256(utf8ToBytes(text)));
