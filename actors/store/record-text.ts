import { crc32 } from 'node:zlib';

/** @throws TypeError for what JSON cannot carry at the top: `undefined`, a function, a cycle. */
export function toJson(value: unknown): string {
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError(`${typeof value} cannot be stored`);
  return text;
}

/**
 * A record as it lies on disk: CRC-32 over key and JSON in base 36, a colon, the JSON. LevelDB 1.20 as it is built here
 * does not verify its blocks' checksums when it reads, so without one of our own a flipped bit would be believed.
 */
export const seal = (key: string, json: string): string => `${checksum(key, json)}:${json}`;

/** The JSON of a sealed record; `undefined` when it is not what was written under this key. */
export function unseal(key: string, text: string): string | undefined {
  const colon = text.indexOf(':');
  const json = text.slice(colon + 1);
  return colon > 0 && text.slice(0, colon) === checksum(key, json) ? json : undefined;
}

const checksum = (key: string, json: string): string => crc32(key + json).toString(36);
