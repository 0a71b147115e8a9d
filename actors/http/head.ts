import { METHODS } from 'node:http';

/** Header fields of a request. uWebSockets has room for no more. */
export const MAX_HEADERS = 98;

const KNOWN_METHODS: ReadonlySet<string> = new Set(METHODS);

/** Fields of which only the first counts when there are several. The others are joined. */
const SINGLE: ReadonlySet<string> = new Set([
  'age',
  'authorization',
  'content-length',
  'content-type',
  'etag',
  'expires',
  'from',
  'host',
  'if-modified-since',
  'if-unmodified-since',
  'last-modified',
  'max-forwards',
  'proxy-authorization',
  'referer',
  'user-agent',
]);

/** What stands before a request's body. */
export interface Head {
  /** `1.1` */
  readonly version: string;
  readonly method: string;
  readonly target: string;
  /** Names in any case and values in turn, as received. */
  readonly fields: readonly string[];
}

/**
 * The status with which a request is refused that an engine's parser lets pass although two readers could take it for
 * two different requests, or it asks for what is not offered. Then nothing of it is served, and the connection ends.
 */
export function flawOf({ version, method, target, fields }: Head): 400 | 417 | 431 | 501 | 505 | undefined {
  if (version !== '1.1' && version !== '1.0') return 505;
  if (fields.length > 2 * MAX_HEADERS) return 431;
  if (!KNOWN_METHODS.has(method) || method === 'CONNECT' || !/^[!"$-~]+$/.test(target)) return 400;
  let hosts = 0;
  let lengths = 0;
  let codings = 0;
  for (let i = 0; i < fields.length; i += 2) {
    const value = fields[i + 1] ?? '';
    switch (fields[i]?.toLowerCase()) {
      case 'host':
        hosts++;
        break;
      case 'content-length':
        lengths++;
        if (!/^\d{1,15}$/.test(value)) return 400;
        break;
      case 'transfer-encoding':
        codings++;
        if (!/^chunked$/i.test(value)) return /(^|[ ,])chunked$/i.test(value) ? 501 : 400;
        break;
      case 'expect':
        if (!/^100-continue$/i.test(value)) return 417;
    }
  }
  if (hosts > 1 || (hosts === 0 && version === '1.1')) return 400;
  return lengths + codings > 1 ? 400 : undefined;
}

/** Value of a field by its lower-case name, several as one: joined, or the first where a list makes no sense. */
export function fieldOf(fields: readonly string[], name: string): string | undefined {
  let found: string | undefined;
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] !== name) continue;
    const value = fields[i + 1] ?? '';
    if (found === undefined) {
      if (SINGLE.has(name)) return value;
      found = value;
    } else found += (name === 'cookie' ? '; ' : ', ') + value;
  }
  return found;
}

/** Bytes of the body as announced: 0 without one, Infinity for a chunked one. */
export function announcedLength(fields: readonly string[]): number {
  if (fieldOf(fields, 'transfer-encoding') !== undefined) return Number.POSITIVE_INFINITY;
  return Number(fieldOf(fields, 'content-length') ?? 0);
}
