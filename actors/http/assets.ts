import { PAGE_HEADERS } from '../../core/api/headers.ts';
import type { HttpReply, HttpRequest } from '../../core/api/http.ts';
import { sha256Hex } from '../../core/base/ids.ts';

/** A file of the console. */
export interface Asset {
  /** Below the console's folder, `/` between parts, without one in front: `app/main.js`. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Answers for the console's paths; `undefined` for any other. */
export type Assets = (request: HttpRequest, path: string) => HttpReply | undefined;

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  json: 'application/json; charset=utf-8',
  map: 'application/json; charset=utf-8',
  webmanifest: 'application/manifest+json',
  txt: 'text/plain; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
  ico: 'image/x-icon',
  woff2: 'font/woff2',
};

const API_ONLY: Asset = {
  path: 'index.html',
  bytes: new TextEncoder().encode(
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Bartizan</title>' +
      '<h1>Bartizan</h1><p>This appliance runs without its web console; the API is at <code>/api/v1/</code>.</p></html>\n',
  ),
};

/** The CSRF token to be written into the page that this request asks for; undefined where nobody is signed in. */
export type PageCsrf = (request: HttpRequest) => string | undefined;

interface Page {
  readonly reply: HttpReply;
  readonly etag: string;
}

/**
 * The console in memory, `index.html` at `/`. Without an index `/` says that there is only the API. Whoever is signed in
 * gets the index with the session's CSRF token in it, which no cache may keep; all else is asked for again by ETag.
 */
export function consoleAssets(files: readonly Asset[], csrfOf: PageCsrf = () => undefined): Assets {
  const complete = files.some(({ path }) => path === 'index.html') ? files : [...files, API_ONLY];
  const pages = new Map(complete.map((file) => [`/${file.path}`, pageOf(file)]));
  const index = pages.get('/index.html');
  return (request, path) => {
    const page = path === '/' ? index : pages.get(path);
    if (page === undefined) return undefined;
    if (request.method !== 'GET' && request.method !== 'HEAD') return notAllowed;
    const csrf = page === index ? csrfOf(request) : undefined;
    if (csrf !== undefined) return withCsrf(page.reply, csrf);
    return isCurrent(request.header('if-none-match'), page.etag)
      ? { status: 304, headers: page.reply.headers, body: '' }
      : page.reply;
  };
}

function pageOf({ path, bytes }: Asset): Page {
  const etag = `"${sha256Hex(bytes).slice(0, 32)}"`;
  const extension = /\.([a-z0-9]+)$/.exec(path)?.[1] ?? '';
  const type = TYPES[extension] ?? 'application/octet-stream';
  return {
    etag,
    reply: {
      status: 200,
      headers: { ...PAGE_HEADERS, 'content-type': type, etag, ...(type === TYPES['html'] ? { vary: 'cookie' } : {}) },
      body: bytes,
    },
  };
}

/** As CSM does it: `<meta name="csrf-token" content="…">` in the head. */
function withCsrf({ body }: HttpReply, csrf: string): HttpReply {
  const text = typeof body === 'string' ? body : new TextDecoder().decode(body);
  const escaped = csrf.replace(/[^A-Za-z0-9_-]/g, (char) => `&#${char.codePointAt(0)};`);
  const meta = `<meta name="csrf-token" content="${escaped}">`;
  const headers = { ...PAGE_HEADERS, 'cache-control': 'no-store', 'content-type': TYPES['html'] ?? '' };
  return { status: 200, headers, body: text.replace(/<meta charset="utf-8"\s*\/?>/i, (charset) => charset + meta) };
}

const isCurrent = (header: string | undefined, etag: string): boolean =>
  header?.split(',').some((tag) => ['*', etag].includes(tag.trim().replace(/^W\//, ''))) ?? false;

const notAllowed: HttpReply = {
  status: 405,
  headers: { ...PAGE_HEADERS, allow: 'GET, HEAD', 'content-type': 'text/plain; charset=utf-8' },
  body: 'Method not allowed\n',
};
