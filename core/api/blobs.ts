import type { BlobRecord } from '../base/blob.ts';
import type { Result } from '../base/result.ts';
import type { ReplySource } from './http.ts';
import type { UploadCode } from './upload.ts';

export interface NewBlob extends Pick<BlobRecord, 'name' | 'mediaType' | 'owner' | 'expiresAt'> {
  /** Content, piece by piece. A failure is passed on and leaves nothing behind. */
  readonly content: { next(): Promise<Result<Uint8Array | undefined, UploadCode>> };
}

/** `full`: the quota, or the disk. `failed`: the disk does not take it, or the store its record. */
export type BlobRefusal = UploadCode | 'full' | 'failed';

/** Files kept by content, as the endpoints see them. An expired record is as if it were not there. */
export interface Blobs {
  /** Resolves when content and record are on disk. */
  put(blob: NewBlob): Promise<Result<BlobRecord, BlobRefusal>>;
  find(id: string): Promise<BlobRecord | undefined>;
  /** Newest first, `limit` at most, behind the record with the id `before`. */
  list(page: { readonly limit: number; readonly before?: string }): Promise<readonly BlobRecord[]>;
  /** A stretch of the content. `gone`: it is no longer on disk. */
  open(blob: BlobRecord, from: number, length: number): Promise<Result<ReplySource, 'gone'>>;
  /** The content goes with its last record. */
  delete(id: string): Promise<Result<BlobRecord, 'not_found' | 'failed'>>;
}
