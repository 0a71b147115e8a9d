import { constants } from 'node:fs';
import { type FileHandle, open, readFile, readlink, realpath } from 'node:fs/promises';
import { sep } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { type ListSpec, pinOf } from '../../core/config/lists-setting.ts';
import { ListReader, type ListReading } from '../../core/respond/lists/reader.ts';
import type { Fetch, OutboundRequest } from '../outbound/index.ts';
import { countryFiles, readCountry } from './country.ts';
import type { FetchSettings, Found, ReadSource, SourceFailure, SourceMark } from './port.ts';
import { type Proof, sha256Proof, signatureProof } from './verify.ts';

/** A checksum or a signature is no longer. */
const SIDECAR_BYTES = 65_536;
const COUNTRY = 'country:';

export interface SourceParts {
  readonly fetch: Fetch;
  /** Paths of the shipped GeoIP data, where they are not looked for. */
  readonly countryFiles?: () => Result<readonly string[], 'unreachable'>;
  /** Directories that no list is read from, by whatever name: who may declare lists need not see what is there. */
  readonly closed?: readonly string[];
}

/** Reads lists from files, from the web and from the shipped data. */
export const sourceReader =
  ({ fetch, countryFiles: files = countryFiles, closed = [] }: SourceParts): ReadSource =>
  async (spec, mark, settings) => {
    if (spec.source.startsWith('/')) return readList(spec, mark, closed);
    if (!spec.source.startsWith(COUNTRY)) return fetchList(fetch, spec, mark, settings);
    const found = files();
    if (!found.ok) return found;
    // The data change with the product only, whose files are named after their release.
    const stamp = { file: found.value.join() };
    if (mark?.file === stamp.file) return ok({ kind: 'unchanged' });
    const read = await readCountry(spec.source.slice(COUNTRY.length), found.value);
    return read.ok ? ok({ kind: 'list', reading: read.value, mark: stamp }) : read;
  };

const readerOf = ({ format, column, max_entries, widest_v4, widest_v6 }: ListSpec): ListReader =>
  new ListReader({
    format,
    ...(column === undefined ? {} : { column }),
    maxEntries: max_entries,
    widest: { v4: widest_v4, v6: widest_v6 },
  });

/**
 * A file that is being written while it is read shows in what it is afterwards: it is not taken then, and looked at again
 * the next time. Only plain files are read; a pipe could be silent for ever.
 */
async function readList(
  spec: ListSpec,
  mark: SourceMark | undefined,
  closed: readonly string[],
): Promise<Result<Found, SourceFailure>> {
  try {
    const file = await open(spec.source, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const within = await directoryAbove(file, closed);
      if (within !== undefined) return fail('refused', `no list is read from below ${within}`);
      const before = await file.stat();
      if (!before.isFile()) return fail('refused', `${spec.source} is no plain file`);
      const stamp = stampOf(before);
      if (mark?.file === stamp) return ok({ kind: 'unchanged' });
      if (before.size > spec.max_bytes) return fail('refused', `it is longer than ${spec.max_bytes} bytes`);
      const reader = readerOf(spec);
      await unpacked(file.createReadStream({ autoClose: false, end: spec.max_bytes }), spec.max_bytes, (piece) =>
        reader.feed(piece),
      );
      if (stampOf(await file.stat()) !== stamp) return fail('unreachable', 'it changed while it was read');
      const reading = reader.end();
      return reading.ok ? ok({ kind: 'list', reading: reading.value, mark: { file: stamp } }) : reading;
    } finally {
      await file.close();
    }
  } catch (thrown) {
    return fail('unreachable', messageOf(thrown), thrown);
  }
}

/** In which of these the file is that was opened, links followed; in none of them where a directory is not there. */
async function directoryAbove(file: FileHandle, directories: readonly string[]): Promise<string | undefined> {
  const path = await readlink(`/proc/self/fd/${file.fd}`);
  for (const directory of directories) {
    const real = await realpath(directory).catch(() => directory);
    if (path.startsWith(real.endsWith(sep) ? real : `${real}${sep}`)) return directory;
  }
  return undefined;
}

const stampOf = ({ ino, mtimeMs, size }: { ino: number; mtimeMs: number; size: number }): string =>
  `${ino} ${mtimeMs} ${size}`;

/** Hands on the pieces of a stream, unpacked where it begins as gzip does; rejects when they come to more than `most`. */
async function unpacked(stream: Readable, most: number, take: (piece: Uint8Array) => void): Promise<void> {
  const pieces = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  const first = await pieces.next();
  if (first.done === true) return;
  const rest = (async function* () {
    yield first.value;
    for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) yield next.value;
  })();
  const isPacked = first.value[0] === 0x1f && first.value[1] === 0x8b;
  const plain = isPacked ? pipeline(Readable.from(rest), createGunzip(), () => {}) : rest;
  let taken = 0;
  for await (const piece of plain as AsyncIterable<Uint8Array>) {
    taken += piece.length;
    if (taken > most) throw new Error(`it is longer than ${most} bytes when it is unpacked`);
    take(piece);
  }
}

async function fetchList(
  fetch: Fetch,
  spec: ListSpec,
  mark: SourceMark | undefined,
  settings: FetchSettings,
): Promise<Result<Found, SourceFailure>> {
  const common = await commonOf(spec, settings);
  if (!common.ok) return common;
  const proofs = await proofsOf(fetch, spec, common.value);
  if (!proofs.ok) return proofs;
  const reader = readerOf(spec);
  let received = 0;
  const answer = await fetch(
    { ...common.value, url: spec.source, maxBytes: spec.max_bytes, headers: conditions(mark) },
    (piece) => {
      received += piece.length;
      for (const proof of proofs.value) proof.take(piece);
      reader.feed(piece);
    },
  );
  if (!answer.ok) return answer;
  const { status, etag, lastModified } = answer.value;
  if (status === 304) {
    return mark === undefined ? fail('unreachable', 'it answers 304 to a first request') : ok({ kind: 'unchanged' });
  }
  if (received === 0) return fail('refused', 'it is empty');
  return judged(reader.end(), proofs.value, {
    ...(etag === undefined ? {} : { etag }),
    ...(lastModified === undefined ? {} : { lastModified }),
  });
}

function judged(
  reading: Result<ListReading, 'refused'>,
  proofs: readonly Proof[],
  mark: SourceMark,
): Result<Found, SourceFailure> {
  for (const proof of proofs) {
    const proved = proof.judge();
    if (!proved.ok) return proved;
  }
  return reading.ok ? ok({ kind: 'list', reading: reading.value, mark }) : reading;
}

type Common = Omit<OutboundRequest, 'url' | 'maxBytes' | 'headers'>;

async function commonOf(
  spec: ListSpec,
  { allowPrivate, ca, signal }: FetchSettings,
): Promise<Result<Common, 'unreachable'>> {
  const pin = pinOf(spec);
  const common = {
    allowPrivate,
    ...(pin === undefined ? {} : { pin }),
    ...(signal === undefined ? {} : { signal }),
  };
  if (ca === undefined) return ok(common);
  try {
    return ok({ ...common, ca: await readFile(ca, 'utf8') });
  } catch (thrown) {
    return fail('unreachable', `outbound.ca: ${messageOf(thrown)}`, thrown);
  }
}

function conditions({ etag, lastModified }: SourceMark = {}): Readonly<Record<string, string>> {
  if (etag !== undefined) return { 'if-none-match': etag };
  return lastModified === undefined ? {} : { 'if-modified-since': lastModified };
}

/** What a list must prove is fetched ahead of it: a list that changes in between is refused, and fetched again later. */
async function proofsOf(
  fetch: Fetch,
  { sha256_url, signature_url, public_key }: ListSpec,
  common: Common,
): Promise<Result<readonly Proof[], SourceFailure>> {
  const proofs: Proof[] = [];
  const wanted = [
    { url: sha256_url, proof: sha256Proof },
    { url: signature_url, proof: (file: Uint8Array) => signatureProof(file, public_key ?? '') },
  ];
  for (const { url, proof } of wanted) {
    if (url === undefined) continue;
    const pieces: Uint8Array[] = [];
    const answer = await fetch({ ...common, url, maxBytes: SIDECAR_BYTES }, (piece) => void pieces.push(piece));
    if (!answer.ok) return answer;
    const made = proof(Buffer.concat(pieces));
    if (!made.ok) return made;
    proofs.push(made.value);
  }
  return ok(proofs);
}
