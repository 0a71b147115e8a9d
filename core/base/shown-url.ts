/** What stands where something secret was. */
const GONE = '***';

/**
 * A text in which every http(s) URL has lost what may let somebody in: user and password, the values of its query, its
 * fragment. Scheme, host, port, path and the names of the query stay. Of a text without URLs nothing changes.
 */
export const withoutUrlSecrets = (text: string): string => text.replace(/https?:\/\/\S+/gi, shown);

function shown(found: string): string {
  // A message goes on behind a URL; what closes it there is no part of it.
  const [, url = '', behind = ''] = /^(.*?)([:;,.)'"`\]>]*)$/s.exec(found) ?? [];
  const [, scheme = '', authority = '', path = '', query = ''] =
    /^(https?:\/+)([^/?#]*)([^?#]*)(?:\?([^#]*))?/is.exec(url) ?? [];
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  return `${scheme}${host}${path}${query === '' ? '' : `?${query.split('&').map(valueless).join('&')}`}${behind}`;
}

/** Of `name=value` the name; what has no name is a value. */
function valueless(pair: string): string {
  const at = pair.indexOf('=');
  return at === -1 ? GONE : `${pair.slice(0, at + 1)}${GONE}`;
}

/** Shorter ones are no secrets, and stand in other words too. */
const LEAST = 4;

/**
 * Also takes out what belongs to this one URL wherever a text repeats it in pieces: its query as a whole and each value,
 * as they stand and decoded.
 */
export function hidingSecretsOf(url: string): (text: string) => string {
  const { search, searchParams, username, password } = new URL(url);
  const raw = search.slice(1).split('&');
  const pieces = [
    search.slice(1),
    ...raw.map((pair) => pair.slice(pair.indexOf('=') + 1)),
    ...searchParams.values(),
    username,
    password,
  ]
    .filter((piece) => piece.length >= LEAST)
    .sort((a, b) => b.length - a.length);
  return (text) => pieces.reduce((rest, piece) => rest.replaceAll(piece, GONE), withoutUrlSecrets(text));
}
