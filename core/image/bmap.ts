import { utf8ToBytes } from '@noble/hashes/utils.js';
import { sha256Hex } from '../base/ids.ts';
import { fail, ok, type Result } from '../base/result.ts';

/** Blocks `first` to `last` of an image, both included, and the SHA-256 of their bytes in lower-case hex. */
export interface BmapRange {
  readonly first: number;
  readonly last: number;
  readonly sha256: string;
}

/** Which blocks of a disk image have to be written; what lies between them is of no account. Sizes in bytes. */
export interface Bmap {
  readonly imageSize: number;
  readonly blockSize: number;
  /** Ascending, apart from each other. */
  readonly ranges: readonly BmapRange[];
}

/** Where a range lies: `[start, end)` in bytes. The last block of an image may be short. */
export const extentOf = ({ first, last }: BmapRange, { blockSize, imageSize }: Bmap): readonly [number, number] => [
  first * blockSize,
  Math.min((last + 1) * blockSize, imageSize),
];

/** Bytes that have to be written. */
export const mappedBytes = (bmap: Bmap): number =>
  bmap.ranges.reduce((sum, range) => {
    const [start, end] = extentOf(range, bmap);
    return sum + end - start;
  }, 0);

const NO_SUM = '0'.repeat(64);

/** A block map in the format 2.0 of bmap-tools. Its own checksum is made with the checksum's place full of zeros. */
export function formatBmap(bmap: Bmap): string {
  const text = bmapText(bmap);
  return text.replace(NO_SUM, sumOf(text));
}

const sumOf = (text: string): string => sha256Hex(utf8ToBytes(text));

const bmapText = ({ imageSize, blockSize, ranges }: Bmap): string =>
  [
    '<?xml version="1.0" ?>',
    '<bmap version="2.0">',
    `<ImageSize> ${imageSize} </ImageSize>`,
    `<BlockSize> ${blockSize} </BlockSize>`,
    `<BlocksCount> ${Math.ceil(imageSize / blockSize)} </BlocksCount>`,
    `<MappedBlocksCount> ${ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0)} </MappedBlocksCount>`,
    '<ChecksumType> sha256 </ChecksumType>',
    `<BmapFileChecksum> ${NO_SUM} </BmapFileChecksum>`,
    '<BlockMap>',
    ...ranges.map(
      ({ first, last, sha256 }) => `<Range chksum="${sha256}"> ${first === last ? first : `${first}-${last}`} </Range>`,
    ),
    '</BlockMap>',
    '</bmap>',
    '',
  ].join('\n');

const FIELD =
  /<(ImageSize|BlockSize|BlocksCount|MappedBlocksCount|ChecksumType|BmapFileChecksum)>\s*([0-9a-z]{1,64})\s*<\/\1>/g;
const RANGE = /<Range chksum="([0-9a-f]{64})">\s*(\d{1,12})(?:\s*-\s*(\d{1,12}))?\s*<\/Range>/g;
const COMMENT = /<!--.*?-->/gs;
/** Far more than any disk image needs. */
const MOST_RANGES = 1_000_000;

/**
 * Reads a block map of format 2.x with SHA-256 sums, as bmap-tools write it.
 * @returns `invalid` with what is wrong; a map is taken whole or not at all
 */
export function parseBmap(text: string): Result<Bmap, 'invalid'> {
  const bare = text.replace(COMMENT, '');
  if (!/<bmap version="2\.\d+">/.test(bare)) return wrong('it is not of format 2');
  const fields = new Map([...bare.matchAll(FIELD)].map(([, name = '', value = '']) => [name, value]));
  if (fields.get('ChecksumType') !== 'sha256') return wrong('its sums are not SHA-256');
  const own = fields.get('BmapFileChecksum') ?? '';
  if (own.length !== 64 || sumOf(text.replace(own, NO_SUM)) !== own) return wrong('its own checksum does not match');
  const ranges: BmapRange[] = [];
  for (const [, sum = '', first, last = first] of bare.matchAll(RANGE)) {
    if (ranges.push({ first: Number(first), last: Number(last), sha256: sum }) > MOST_RANGES)
      return wrong('too many ranges');
  }
  const bmap = { imageSize: Number(fields.get('ImageSize')), blockSize: Number(fields.get('BlockSize')), ranges };
  const trouble = troubleOf(bmap, Number(fields.get('BlocksCount')), Number(fields.get('MappedBlocksCount')));
  return trouble === undefined ? ok(bmap) : wrong(trouble);
}

function troubleOf({ imageSize, blockSize, ranges }: Bmap, blocks: number, mapped: number): string | undefined {
  if (!Number.isSafeInteger(imageSize) || imageSize <= 0) return 'it has no image size';
  if (!Number.isSafeInteger(blockSize) || blockSize < 512 || blockSize > 1 << 24)
    return 'it has no sensible block size';
  if (blocks !== Math.ceil(imageSize / blockSize)) return 'its count of blocks does not fit the size';
  let next = 0;
  let sum = 0;
  for (const { first, last } of ranges) {
    if (first < next || last < first || last >= blocks)
      return `blocks ${first}-${last} are out of order or beyond the end`;
    next = last + 1;
    sum += last - first + 1;
  }
  return sum === mapped ? undefined : `it has ${sum} mapped blocks and says ${mapped}`;
}

const wrong = (why: string) => fail('invalid' as const, `the block map cannot be used: ${why}`);
