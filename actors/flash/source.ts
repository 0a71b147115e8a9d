import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createZstdDecompress } from 'node:zlib';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { type Bmap, type BmapRange, extentOf, mappedBytes, parseBmap } from '../../core/image/bmap.ts';
import type { Progress } from './progress.ts';

const ZSTD_MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
const CHUNK = 1 << 20;
/** Of images without a block map: the pieces that are summed one by one. */
const PIECE = 4 << 20;
const LARGEST_BMAP = 64 << 20;

/** A piece of the unpacked image, and where it begins. */
export interface Piece {
  readonly offset: number;
  readonly bytes: Buffer;
}

/** The unpacked bytes of an image, packed by zstd as one frame or plain. Rejects with what zlib or the disk say. */
export async function* unpacked(path: string, packed: (chunk: Buffer) => void = () => {}): AsyncGenerator<Piece> {
  const bytes = (await isZstd(path)) ? oneFrame(packedBytes(path, packed)) : packedBytes(path, packed);
  let offset = 0;
  for await (const piece of bytes) {
    yield { offset, bytes: piece };
    offset += piece.length;
  }
}

async function* oneFrame(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const frame = createZstdDecompress({ chunkSize: CHUNK });
  let given = 0;
  const counted = async function* () {
    for await (const chunk of source) {
      given += chunk.length;
      yield chunk;
    }
  };
  // Its failure is the stream's, which the loop below throws.
  const fed = pipeline(counted(), frame).catch(() => undefined);
  yield* frame as AsyncIterable<Buffer>;
  await fed;
  if (frame.bytesWritten < given) throw new Error('there is more behind its first zstd frame');
}

async function* packedBytes(path: string, packed: (chunk: Buffer) => void): AsyncGenerator<Buffer> {
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK }) as AsyncIterable<Buffer>) {
    packed(chunk);
    yield chunk;
  }
}

async function isZstd(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { buffer } = await file.read(Buffer.alloc(ZSTD_MAGIC.length), 0, ZSTD_MAGIC.length, 0);
    return buffer.equals(ZSTD_MAGIC);
  } finally {
    await file.close();
  }
}

/** Reads the block map that belongs to an image. */
export async function readBmap(path: string): Promise<Result<Bmap, 'invalid'>> {
  try {
    const text = await readFile(path);
    if (text.length > LARGEST_BMAP) return fail('invalid', `${path} is too large for a block map`);
    const bmap = parseBmap(text.toString('utf8'));
    return bmap.ok ? bmap : fail('invalid', `${path}: ${bmap.public}`);
  } catch (cause) {
    return fail('invalid', `${path} cannot be read: ${messageOf(cause)}`, cause);
  }
}

/** A piece of what has to be written: its place in `bytes`, and in the image. */
interface Part {
  readonly range: BmapRange;
  readonly bytes: Buffer;
  readonly offset: number;
  /** Whether the range ends with it. */
  readonly isLast: boolean;
}

/**
 * Passes the pieces on, and refuses bytes that say something where the map has nothing: the signature covers the image,
 * not the map, which could leave things out.
 * @throws MapTooSmall
 */
async function* heldToMap(pieces: AsyncIterable<Piece>, bmap: Bmap): AsyncGenerator<Piece> {
  let index = 0;
  for await (const piece of pieces) {
    const end = piece.offset + piece.bytes.length;
    for (let at = piece.offset; at < end; ) {
      const range = bmap.ranges[index];
      const [start, stop] = range === undefined ? [end, end] : extentOf(range, bmap);
      const gap = piece.bytes.subarray(at - piece.offset, Math.max(at, Math.min(start, end)) - piece.offset);
      if (!gap.equals(ZEROS.subarray(0, gap.length))) throw new MapTooSmall();
      at = Math.max(at, Math.min(stop, end));
      if (stop <= end) index++;
    }
    yield piece;
  }
}

class MapTooSmall extends Error {}
const ZEROS = Buffer.alloc(CHUNK);

/** Cuts the pieces of an image into parts of the ranges of its map. */
export async function* mappedParts(pieces: AsyncIterable<Piece>, bmap: Bmap): AsyncGenerator<Part> {
  let index = 0;
  for await (const { offset, bytes } of pieces) {
    for (;;) {
      const range = bmap.ranges[index];
      if (range === undefined) break;
      const [start, end] = extentOf(range, bmap);
      if (start >= offset + bytes.length) break;
      const from = Math.max(start, offset);
      const to = Math.min(end, offset + bytes.length);
      yield { range, bytes: bytes.subarray(from - offset, to - offset), offset: from, isLast: to === end };
      if (to < end) break;
      index++;
    }
  }
}

/**
 * Reads an image to its end and compares it with its map, or makes a map of all of it.
 * @param packed is given the bytes of the file as they are read
 * @returns the map that holds: `damaged` when the image is not what the map says, or cannot be unpacked
 */
export async function examined(
  path: string,
  given: Bmap | undefined,
  packed: (chunk: Buffer) => void,
  progress: Progress,
): Promise<Result<Bmap, 'damaged'>> {
  let size = 0;
  const counted = async function* () {
    for await (const piece of unpacked(path, packed)) {
      size += piece.bytes.length;
      yield piece;
    }
  };
  try {
    const found =
      given === undefined
        ? await wholeMap(counted(), progress)
        : await comparedMap(heldToMap(counted(), given), given, progress);
    if (!found.ok) return found;
    return size === found.value.imageSize
      ? found
      : fail('damaged', `${path} is ${size} bytes unpacked, and its block map is of ${found.value.imageSize}`);
  } catch (cause) {
    if (cause instanceof MapTooSmall)
      return fail('damaged', 'the block map leaves out a part of the image that is not empty');
    return fail('damaged', `${path} cannot be read: ${messageOf(cause)}`, cause);
  }
}

async function comparedMap(
  pieces: AsyncIterable<Piece>,
  bmap: Bmap,
  progress: Progress,
): Promise<Result<Bmap, 'damaged'>> {
  const total = mappedBytes(bmap);
  let done = 0;
  let hash: Hash | undefined;
  for await (const { range, bytes, isLast } of mappedParts(pieces, bmap)) {
    hash ??= createHash('sha256');
    hash.update(bytes);
    done += bytes.length;
    progress('check', done, total);
    if (!isLast) continue;
    if (hash.digest('hex') !== range.sha256) {
      return fail('damaged', `blocks ${range.first}-${range.last} of the image are not what its block map says`);
    }
    hash = undefined;
  }
  return ok(bmap);
}

async function wholeMap(pieces: AsyncIterable<Piece>, progress: Progress): Promise<Result<Bmap, 'damaged'>> {
  const ranges: BmapRange[] = [];
  let hash = createHash('sha256');
  let imageSize = 0;
  const close = (): void => {
    ranges.push({ first: ranges.length, last: ranges.length, sha256: hash.digest('hex') });
    hash = createHash('sha256');
  };
  for await (const { bytes } of pieces) {
    for (let at = 0; at < bytes.length; ) {
      const length = Math.min(bytes.length - at, PIECE - (imageSize % PIECE));
      hash.update(bytes.subarray(at, at + length));
      at += length;
      imageSize += length;
      if (imageSize % PIECE === 0) close();
    }
    progress('check', imageSize, undefined);
  }
  if (imageSize % PIECE !== 0) close();
  return imageSize === 0 ? fail('damaged', 'the image is empty') : ok({ imageSize, blockSize: PIECE, ranges });
}
