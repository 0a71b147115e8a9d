import type { Hex } from './hex.ts';

/** One generation of a list of addresses and networks that a fleet shares. The order around it has the generation. */
export interface ListManifest {
  /** `[a-z0-9-]`, 1 to 48. */
  readonly name: string;
  readonly purpose: 'block' | 'allow';
  readonly entries: number;
  /** SHA-256 over the canonical content. */
  readonly contentSha256: Hex;
  readonly whole: readonly ListPart[];
  /** The newest first, at most 8. */
  readonly deltas: readonly ListDelta[];
  readonly withdrawn: boolean;
}

/** A message of its own, found by its SHA-256. */
export interface ListPart {
  readonly sha256: Hex;
  /** Length as carried, bytes. */
  readonly bytes: number;
}

export interface ListDelta {
  readonly fromGeneration: number;
  readonly fromSha256: Hex;
  readonly part: ListPart;
}

/** Networks as LEB128 differences, see docs/controller.md; both uncompressed. */
export interface ListContent {
  readonly v4: Uint8Array;
  readonly v6: Uint8Array;
}

export interface ListChange {
  readonly added: ListContent;
  readonly removed: ListContent;
}
