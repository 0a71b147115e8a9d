import type { Result } from '../../core/base/result.ts';
import type { ListChange, ListContent, ListDelta, ListManifest, ListPart } from '../../core/link/list.ts';
import { LIST_NAME } from '../../core/link/topics.ts';
import type { bartizan } from '../../proto/index.ts';
import { v1 } from '../../proto/index.ts';
import { bytes, count, distinct, each, enumerated, hex, inner, patternText, within } from './checks.ts';
import { checked, decoder, type Unreadable } from './codec.ts';
import { LIMITS, LONGEST_PART } from './limits.ts';
import { saidHex } from './said.ts';
import { LIST_PURPOSE } from './words.ts';

const MOST_PARTS = 64;
const MOST_DELTAS = 8;

export function listManifest(message: bartizan.v1.ListManifest.$Properties): ListManifest {
  const parts = each(message.whole, 'whole', MOST_PARTS, readPart);
  return {
    name: patternText(message.name, 'name', LIST_NAME),
    purpose: enumerated(message.purpose, 'purpose', LIST_PURPOSE.words),
    entries: count(message.entries, 'entries', { most: 100_000_000 }),
    contentSha256: hex(message.contentSha256, 'content_sha256', 32),
    whole: distinct(parts, 'whole', ({ sha256 }) => sha256),
    deltas: each(message.deltas, 'deltas', MOST_DELTAS, readDelta),
    withdrawn: message.withdrawn === true,
  };
}

const readPart = (message: bartizan.v1.ListPart.$Properties): ListPart => ({
  sha256: hex(message.sha256, 'sha256', 32),
  bytes: count(message.bytes, 'bytes', { least: 1, most: LONGEST_PART }),
});

const readDelta = (message: bartizan.v1.ListDelta.$Properties): ListDelta => ({
  fromGeneration: count(message.fromGeneration, 'from_generation', { least: 1 }),
  fromSha256: hex(message.fromSha256, 'from_sha256', 32),
  part: inner(message.part, 'part', readPart),
});

export const listManifestMessage = (manifest: ListManifest): bartizan.v1.ListManifest.$Properties => ({
  name: manifest.name,
  purpose: LIST_PURPOSE.numbers[manifest.purpose],
  entries: manifest.entries,
  contentSha256: saidHex(manifest.contentSha256),
  whole: manifest.whole.map(partMessage),
  deltas: manifest.deltas.map(({ fromGeneration, fromSha256, part }) => ({
    fromGeneration,
    fromSha256: saidHex(fromSha256),
    part: partMessage(part),
  })),
  withdrawn: manifest.withdrawn,
});

const partMessage = ({ sha256, bytes: length }: ListPart): bartizan.v1.ListPart.$Properties => ({
  sha256: saidHex(sha256),
  bytes: length,
});

const readContent = (message: bartizan.v1.ListContent.$Properties): ListContent => ({
  v4: bytes(message.v4, 'v4', LIMITS.ListContent),
  v6: bytes(message.v6, 'v6', LIMITS.ListContent),
});

/** Of bytes that are no longer compressed, as is the next one. What is in the columns is for who merges them. */
export const decodeListContent = decoder('ListContent', v1.ListContent, readContent);
export const decodeListChange = decoder(
  'ListChange',
  v1.ListChange,
  (message): ListChange => ({
    added: within('added', () => readContent(message.added ?? {})),
    removed: within('removed', () => readContent(message.removed ?? {})),
  }),
);

export const encodeListContent = (content: ListContent): Result<Uint8Array, Unreadable> =>
  checked(v1.ListContent.encode(content).finish(), decodeListContent);
export const encodeListChange = (change: ListChange): Result<Uint8Array, Unreadable> =>
  checked(v1.ListChange.encode(change).finish(), decodeListChange);
