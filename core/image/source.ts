import { fail, ok, type Result } from '../base/result.ts';

/** Where a bundle is. A `file` is on a stick that was put in; a `url` is read piece by piece as it is installed. */
export type BundleSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'url'; readonly url: string; readonly host: string };

/** Below it each USB stick has a folder of its own, read-only. */
export const STICKS = '/run/bartizan-usb';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._+~-]{0,127}$/;

/** Reads what somebody gave as a source: `stick/FILE.raucb` or its whole path below `STICKS`, or an http(s) URL. */
export function parseSource(text: string): Result<BundleSource, 'bad_source'> {
  const given = text.trim();
  if (/^https?:\/\//i.test(given)) return urlSource(given);
  const inside = given.startsWith(`${STICKS}/`) ? given.slice(STICKS.length + 1) : given;
  const pieces = inside.split('/');
  if (inside.endsWith('.raucb') && pieces.length === 2 && pieces.every((piece) => NAME.test(piece))) {
    return ok({ kind: 'file', path: `${STICKS}/${inside}` });
  }
  return fail('bad_source', `must be STICK/FILE.raucb of a USB stick (below ${STICKS}), or an http:// or https:// URL`);
}

function urlSource(text: string): Result<BundleSource, 'bad_source'> {
  if (text.length > 1024 || !/^[!-~]+$/.test(text) || !URL.canParse(text))
    return fail('bad_source', 'is no usable URL');
  const { username, password, hash, hostname, href } = new URL(text);
  if (username !== '' || password !== '' || hash !== '') {
    return fail('bad_source', 'the URL must have neither credentials nor a fragment');
  }
  return ok({ kind: 'url', url: href, host: hostname.replace(/^\[|\]$/g, '') });
}
