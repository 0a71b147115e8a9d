import type { ReplySource } from '../../core/api/http.ts';

/** Content on its way to the disk, under no name that anybody reads. */
export interface StagedFile {
  write(piece: Uint8Array): Promise<void>;
  /** On disk, and durable, under the name of its content; what is there already is replaced by its like. */
  keep(sha256: string): Promise<void>;
  /** Removes it, unless it was kept. Never rejects. */
  discard(): Promise<void>;
}

export interface Content {
  /** 64 hex digits. */
  readonly sha256: string;
  readonly size: number;
}

/** Files named after their content. Rejections carry the system's error code. */
export interface BlobDisk {
  /** Makes the folders, removes what was staged when the program died, and lists the content. */
  open(): Promise<readonly Content[]>;
  stage(): Promise<StagedFile>;
  /** `undefined` when it is not there, or shorter than that. */
  read(sha256: string, from: number, length: number): Promise<ReplySource | undefined>;
  /** What is not there already is no error. */
  remove(sha256: string): Promise<void>;
}
