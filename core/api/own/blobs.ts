import { type Static, Type } from 'typebox';
import type { BlobRecord } from '../../base/blob.ts';
import { fail, ok } from '../../base/result.ts';
import { parseDuration, plus, rfc3339 } from '../../base/time.ts';
import type { BlobRefusal, NewBlob } from '../blobs.ts';
import { wireDeadline } from '../csm/wire.ts';
import { endpoint } from '../deps.ts';
import { refuse } from '../endpoint.ts';
import { pageParameters, readPage } from '../paging.ts';
import type { ErrorCode } from '../problem.ts';
import { OWN_PAGING } from '../surface.ts';
import { type Upload, type UploadCode, type UploadPart, uploadRefusal } from '../upload.ts';

const LARGEST = 512 * 1024 * 1024;
/** The only part that an upload has. */
const PART = 'file';

const Blob = Type.Object({
  id: Type.String(),
  sha256: Type.String({ description: '64 hex digits' }),
  size: Type.Integer({ description: 'Bytes' }),
  name: Type.String(),
  media_type: Type.String(),
  created_at: Type.String({ description: 'RFC 3339' }),
  owner: Type.String(),
  expires_at: Type.String({ description: 'RFC 3339, or empty: never' }),
});

const ById = Type.Object({ id: Type.String({ maxLength: 64 }) });

const REFUSALS: Readonly<Record<Exclude<BlobRefusal, UploadCode>, ErrorCode>> = {
  full: 'insufficient_storage',
  failed: 'unavailable',
};

export const uploadBlob = endpoint({
  name: 'uploadBlob',
  method: 'POST',
  path: '/api/v1/blobs',
  scope: 'admin',
  summary: 'Keep a file: the part `file` of a multipart/form-data body',
  query: Type.Object({
    expires_in: Type.Optional(Type.String({ maxLength: 64, description: '30m, 24h, 7d; without it the file stays' })),
  }),
  upload: { parts: 1, partBytes: LARGEST, totalBytes: LARGEST + 64 * 1024 },
  response: Blob,
  errors: ['bad_request', 'too_large', 'timeout', 'insufficient_storage', 'unavailable'],
  audit: { action: 'upload_blob', target: 'id' },
  handler: async ({ deps: { blobs, clock }, query, upload, context: { principal } }) => {
    const length = parseDuration(query.expires_in ?? '');
    if (!length.ok) return refuse('bad_request', length.public);
    const part = await upload?.next();
    if (part?.ok === false) return uploadRefusal(part);
    if (upload === undefined || part?.value?.name !== PART) return refuse('bad_request', `part "${PART}" is missing`);
    const { fileName = '', mediaType } = part.value;
    const kept = await blobs.put({
      content: onlyPart(part.value, upload),
      name: fileName || 'upload',
      mediaType,
      owner: principal.name,
      expiresAt: length.value === 'never' ? 'never' : plus(clock.now(), length.value),
    });
    if (kept.ok) return { ok: true, value: shown(kept.value) };
    const { code } = kept;
    return code === 'full' || code === 'failed'
      ? refuse(REFUSALS[code], kept.public, kept.cause)
      : uploadRefusal({ ...kept, code });
  },
});

export const listBlobs = endpoint({
  name: 'blobs',
  method: 'GET',
  path: '/api/v1/blobs',
  scope: 'admin',
  summary: 'Files that are kept, newest first, a page at a time',
  query: Type.Object(pageParameters(OWN_PAGING)),
  response: Type.Object({
    blobs: Type.Array(Blob),
    next_before: Type.Optional(Type.String({ description: 'There while more may follow' })),
  }),
  errors: ['bad_request'],
  handler: async ({ deps, query }) => {
    const asked = readPage(OWN_PAGING, query);
    if (!asked.ok) return refuse('bad_request', asked.public);
    const { limit, cursor } = asked.value;
    const page = await deps.blobs.list({ limit, ...(cursor === undefined ? {} : { before: cursor }) });
    const last = page.length < limit ? undefined : page.at(-1)?.id;
    return { ok: true, value: { blobs: page.map(shown), ...(last === undefined ? {} : { next_before: last }) } };
  },
});

export const getBlob = endpoint({
  name: 'blob',
  method: 'GET',
  path: '/api/v1/blobs/{id}',
  scope: 'admin',
  summary: 'The content of a file, or a range of it',
  query: ById,
  response: Type.Unknown(),
  transport: 'file',
  errors: ['not_found', 'gone', 'range_not_satisfiable'],
  handler: async ({ deps: { blobs }, query: { id } }) => {
    const blob = await blobs.find(id);
    if (blob === undefined) return refuse('not_found', 'there is no such file');
    const { size, sha256: tag, mediaType, name } = blob;
    return { ok: true, file: { size, tag, mediaType, name, open: (from, length) => blobs.open(blob, from, length) } };
  },
});

export const deleteBlob = endpoint({
  name: 'deleteBlob',
  method: 'DELETE',
  path: '/api/v1/blobs/{id}',
  scope: 'admin',
  summary: 'Forget a file; its content goes when nothing else refers to it',
  query: ById,
  response: Type.Object({ status: Type.Literal('deleted'), id: Type.String() }),
  errors: ['not_found', 'unavailable'],
  audit: { action: 'delete_blob', target: 'id' },
  handler: async ({ deps, query: { id } }) => {
    const gone = await deps.blobs.delete(id);
    if (gone.ok) return { ok: true, value: { status: 'deleted' as const, id: gone.value.id } };
    return refuse(gone.code === 'not_found' ? 'not_found' : 'unavailable', gone.public, gone.cause);
  },
});

/** The part's content, which ends well only when no other part follows. */
const onlyPart = (part: UploadPart, upload: Upload): NewBlob['content'] => ({
  next: async () => {
    const piece = await part.next();
    if (!piece.ok || piece.value !== undefined) return piece;
    const another = await upload.next();
    if (!another.ok) return another;
    return another.value === undefined ? ok(undefined) : fail('malformed', `only the part "${PART}" is expected`);
  },
});

const shown = (blob: BlobRecord): Static<typeof Blob> => ({
  id: blob.id,
  sha256: blob.sha256,
  size: blob.size,
  name: blob.name,
  media_type: blob.mediaType,
  created_at: rfc3339(blob.createdAt),
  owner: blob.owner,
  expires_at: wireDeadline(blob.expiresAt),
});
