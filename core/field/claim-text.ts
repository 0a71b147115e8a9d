import type { Serial } from './serial.ts';

/**
 * What the QR code of an appliance that nobody has claimed says: `BZ1:SERIAL:CODE`, both without dashes. A text and no URL:
 * the phone that reads it is seldom in the appliance's network, and a code in a URL would stay in histories. The claim page
 * takes the whole text.
 */
export const claimText = (serial: Serial, code: string): string => `BZ1:${bare(serial)}:${bare(code)}`;

const bare = (text: string): string => text.replaceAll('-', '');

const HEAD = /^\s*BZ1:[0-9A-Z-]{1,20}:/i;

/** The code in such a text, or in any other the whole text. */
export const codeIn = (typed: string): string => typed.replace(HEAD, '');
