import type { ResponseGrant } from '../detector.ts';

export const BRUTE_FORCE = 'Brute Force';
export const LOGIN = 'Authentication & Login';
export const WEB = 'Web & Application';
export const EMAIL = 'Email & Phishing';
export const NETWORK = 'Network & Firewall';

/** Blocks the address, unless one of the lines is such that anybody could have sent it. */
export const blocks: ResponseGrant = { kind: 'block', least: 'authenticated' };

/** Left to a person, and why. */
export const reports = (why: string): ResponseGrant => ({ kind: 'none', why });
