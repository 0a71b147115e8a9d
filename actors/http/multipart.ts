import { Busboy, type BusboyFileStream, type BusboyInstance } from '@fastify/busboy';
import type { BodyReader } from '../../core/api/http.ts';
import type { OpenUpload, Upload, UploadCode, UploadLimits, UploadPart } from '../../core/api/upload.ts';
import { printable, shortened } from '../../core/base/printable.ts';
import { type Failure, fail, messageOf, ok, type Result } from '../../core/base/result.ts';

/** Headers of one part that are read; what is beyond is not looked at. */
const HEADER_BYTES = 8 * 1024;
const HEADER_PAIRS = 16;
const LONGEST_NAME = 255;
const MEDIA_TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,63}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}$/;
const UNKNOWN_TYPE = 'application/octet-stream';

/** multipart/form-data by way of `@fastify/busboy`. */
export const openUpload: OpenUpload = (contentType, body, limits) => {
  try {
    const parser = new Busboy({
      headers: { 'content-type': contentType },
      isPartAFile: () => true,
      limits: { parts: limits.parts, fileSize: limits.partBytes, headerSize: HEADER_BYTES, headerPairs: HEADER_PAIRS },
    });
    return ok(new MultipartUpload(parser, body, limits));
  } catch (thrown) {
    return fail('malformed', `body is not multipart/form-data: ${messageOf(thrown)}`, thrown);
  }
};

/**
 * Drives the parser, which stops taking bytes while the content of a part is not read. Whoever waits is woken by every
 * event and looks for himself.
 */
class MultipartUpload implements Upload {
  readonly #parser: BusboyInstance;
  readonly #found: MultipartPart[] = [];
  #current: MultipartPart | undefined;
  #isFinished = false;
  #failure: Failure<UploadCode> | undefined;
  #waiting: (() => void)[] = [];

  constructor(parser: BusboyInstance, body: BodyReader, limits: UploadLimits) {
    this.#parser = parser;
    parser.on('file', (name, content, fileName, _, mediaType) => {
      this.#found.push(new MultipartPart(this, content, { name, fileName, mediaType }));
      content.on('limit', () =>
        this.fail(fail('too_large', `part ${JSON.stringify(name)} is larger than ${limits.partBytes} bytes`)),
      );
      this.wake();
    });
    parser.on('partsLimit', () =>
      this.fail(fail('malformed', `body has more than ${limits.parts} ${limits.parts === 1 ? 'part' : 'parts'}`)),
    );
    parser.on('error', (cause) => this.fail(malformed(messageOf(cause))));
    parser.on('drain', () => this.wake());
    parser.on('finish', () => {
      this.#isFinished = true;
      this.wake();
    });
    this.#feed(body, limits).catch((cause: unknown) => this.fail(malformed(messageOf(cause))));
  }

  get failure(): Failure<UploadCode> | undefined {
    return this.#failure;
  }

  async next(): Promise<Result<UploadPart | undefined, UploadCode>> {
    this.#current?.skip();
    this.#current = undefined;
    while (this.#failure === undefined && this.#found.length === 0 && !this.#isFinished) await this.change();
    if (this.#failure !== undefined) return this.#failure;
    this.#current = this.#found.shift();
    return ok(this.#current);
  }

  close(): void {
    this.fail(fail('aborted', 'nobody reads the upload any more'));
  }

  fail(failure: Failure<UploadCode>): void {
    this.#failure ??= failure;
    this.wake();
  }

  /** Resolves at the next event. */
  change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async #feed(body: BodyReader, { totalBytes }: UploadLimits): Promise<void> {
    while (this.#failure === undefined) {
      const piece = await body.next();
      if (!piece.ok) {
        const text = piece.code === 'too_large' ? `body is larger than ${totalBytes} bytes` : piece.public;
        return this.fail({ ...piece, public: text });
      }
      if (this.#failure !== undefined) return;
      if (piece.value === undefined) {
        this.#parser.end();
        return;
      }
      this.#parser.write(piece.value);
      while (this.#parser.writableNeedDrain && this.#failure === undefined) await this.change();
    }
  }
}

class MultipartPart implements UploadPart {
  readonly name: string;
  readonly fileName?: string;
  readonly mediaType: string;
  readonly #upload: MultipartUpload;
  readonly #content: BusboyFileStream;
  #isOver = false;

  /** The library's types do not say that a name may be missing. */
  constructor(
    upload: MultipartUpload,
    content: BusboyFileStream,
    about: { readonly name?: string; readonly fileName?: string; readonly mediaType: string },
  ) {
    this.#upload = upload;
    this.#content = content;
    this.name = shortened(printable(about.name ?? ''), LONGEST_NAME);
    if (about.fileName !== undefined) this.fileName = shortened(printable(unescaped(about.fileName)), LONGEST_NAME);
    this.mediaType = MEDIA_TYPE.test(about.mediaType) ? about.mediaType : UNKNOWN_TYPE;
    const onEnd = () => {
      this.#isOver = true;
      upload.wake();
    };
    content.on('readable', () => upload.wake()).on('end', onEnd);
    content.on('error', (cause) => upload.fail(malformed(messageOf(cause))));
  }

  async next(): Promise<Result<Uint8Array | undefined, UploadCode>> {
    for (;;) {
      if (this.#upload.failure !== undefined) return this.#upload.failure;
      const piece = this.#content.read() as Uint8Array | null;
      if (piece !== null) return ok(piece);
      if (this.#isOver) return ok(undefined);
      await this.#upload.change();
    }
  }

  skip(): void {
    this.#content.removeAllListeners('readable').resume();
  }
}

/** Browsers and curl write these three so, and nothing else: `%25` is what the file is called. */
const unescaped = (name: string): string => name.replace(/%(?:22|0D|0A)/gi, (code) => decodeURIComponent(code));

const malformed = (why: string): Failure<UploadCode> =>
  fail('malformed', `body is not valid multipart/form-data: ${why}`);
