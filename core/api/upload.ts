import type { Failure, Result } from '../base/result.ts';
import { type Refusal, refuse } from './endpoint.ts';
import type { BodyCode, BodyReader } from './http.ts';
import type { ErrorCode } from './problem.ts';

/** Bounds of a multipart/form-data body; beyond any of them it is refused. */
export interface UploadLimits {
  readonly parts: number;
  /** Content of one part. */
  readonly partBytes: number;
  /** The whole body, its headers and boundaries included. */
  readonly totalBytes: number;
}

/** `malformed`: not multipart/form-data, or not as this endpoint wants it. */
export type UploadCode = BodyCode | 'malformed';

/** One part. Its content has to be read, or is passed over when the next part is asked for. */
export interface UploadPart {
  readonly name: string;
  /** Without any folders; absent for a plain field. */
  readonly fileName?: string;
  /** As the client says: `type/subtype` in lower case. */
  readonly mediaType: string;
  /** The next piece of its content, `undefined` at its end. */
  next(): Promise<Result<Uint8Array | undefined, UploadCode>>;
}

/** A multipart body as it arrives, a few pieces of it in memory at a time. What failed once goes on failing. */
export interface Upload {
  /** The next part, `undefined` behind the last. */
  next(): Promise<Result<UploadPart | undefined, UploadCode>>;
  /** Lets go of it; what has not been read will not be. */
  close(): void;
}

/** Begins to read a body as parts. `malformed`: the content type has no usable boundary. */
export type OpenUpload = (contentType: string, body: BodyReader, limits: UploadLimits) => Result<Upload, 'malformed'>;

const CODES: Readonly<Record<UploadCode, ErrorCode>> = {
  too_large: 'too_large',
  late: 'timeout',
  aborted: 'bad_request',
  malformed: 'bad_request',
};

/** What an upload that could not be read is answered with. */
export const uploadRefusal = ({ code, public: text }: Failure<UploadCode>): Refusal => refuse(CODES[code], text);
