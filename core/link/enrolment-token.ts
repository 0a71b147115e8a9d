import { fail, ok, type Result } from '../base/result.ts';
import { type Hex, isHex } from './hex.ts';

/** What somebody carries from a controller to an appliance: where to ask, and as whom. */
export interface EnrolmentToken {
  /** `https:`. */
  readonly url: string;
  /** Name of the token. */
  readonly name: string;
  /** 32 bytes: whoever has it is taken into the fleet. */
  readonly secret: Hex;
  /** SHA-256 of the enrolment server's authority, DER: no other server is asked. */
  readonly authority: Hex;
}

const PREFIX = 'bze1.';
const LONGEST = 4096;
const NAME = /^[a-z0-9-]{1,64}$/;

/** @returns `bze1.` and base64url of a JSON object: `u` URL, `t` name, `s` secret and `c` authority in hex */
export function enrolmentTokenText({ url, name, secret, authority }: EnrolmentToken): string {
  const json = JSON.stringify({ u: url, t: name, s: secret, c: authority });
  return PREFIX + btoa(json).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** Reads a token as somebody pasted it; what is refused is never shown, for it may be most of a secret. */
export function readEnrolmentToken(text: string): Result<EnrolmentToken, 'bad_token'> {
  const bad = fail('bad_token', 'that is no enrolment token: it begins with bze1. and was made by a controller');
  const trimmed = text.trim();
  if (!trimmed.startsWith(PREFIX) || trimmed.length > LONGEST) return bad;
  let read: unknown;
  try {
    read = JSON.parse(atob(trimmed.slice(PREFIX.length).replaceAll('-', '+').replaceAll('_', '/')));
  } catch {
    return bad;
  }
  if (typeof read !== 'object' || read === null) return bad;
  const { u: url, t: name, s: secret, c: authority } = read as Readonly<Record<string, unknown>>;
  if (typeof url !== 'string' || !URL.canParse(url) || new URL(url).protocol !== 'https:') return bad;
  if (typeof name !== 'string' || !NAME.test(name)) return bad;
  if (typeof secret !== 'string' || !isHex(secret, 32)) return bad;
  if (typeof authority !== 'string' || !isHex(authority, 32)) return bad;
  return ok({ url, name, secret, authority });
}
