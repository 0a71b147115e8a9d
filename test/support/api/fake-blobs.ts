import type { Blobs, NewBlob } from '../../../core/api/blobs.ts';
import type { BlobRecord } from '../../../core/base/blob.ts';
import type { Id } from '../../../core/base/ids.ts';
import { fail, ok } from '../../../core/base/result.ts';
import { START } from './fake-appliance.ts';

export const CONTENT = 'content of the file';

export const BLOB: BlobRecord = {
  id: '019b7000-0000-7000-8000-000000000003' as Id,
  sha256: 'ab'.repeat(32),
  size: CONTENT.length,
  name: 'été "1".bin',
  mediaType: 'application/x-thing',
  createdAt: START,
  owner: 'operator',
  expiresAt: 'never',
};

/** One blob under every id; what is put is read to its end and written down. */
export class FakeBlobs implements Blobs {
  readonly asked: unknown[] = [];
  blob: BlobRecord | undefined = BLOB;
  /** Stretches opened, and how many were closed again. */
  readonly opened: (readonly [from: number, length: number])[] = [];
  closed = 0;

  async put({ content, ...about }: NewBlob) {
    let text = '';
    for (let piece = await content.next(); ; piece = await content.next()) {
      if (!piece.ok) return piece;
      if (piece.value === undefined) break;
      text += Buffer.from(piece.value).toString('latin1');
    }
    this.asked.push(['put', { ...about, content: text }]);
    return ok(BLOB);
  }
  async find(_: string) {
    return this.blob;
  }
  async list() {
    return this.blob === undefined ? [] : [this.blob];
  }
  async open({ size }: BlobRecord, from: number, length: number) {
    this.opened.push([from, length]);
    if (size !== CONTENT.length) return fail('gone', 'gone');
    let left: Uint8Array | undefined = new TextEncoder().encode(CONTENT.slice(from, from + length));
    const next = async () => {
      const piece = left;
      left = undefined;
      return piece;
    };
    const close = () => {
      this.closed++;
    };
    return ok({ size: length, next, close });
  }
  async delete(id: string) {
    this.asked.push(['delete', id]);
    return this.blob === undefined ? fail('not_found', 'there is no such file') : ok(this.blob);
  }
}
