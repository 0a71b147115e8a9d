/** What is wrong with the source of a list, or nothing. */
export function wrongSource(text: string): string | undefined {
  if (text.startsWith('/')) return /\p{Cc}/u.test(text) ? 'must be a path without control characters' : undefined;
  if (/^country:[A-Z]{2}$/.test(text)) return undefined;
  return text.startsWith('https:')
    ? wrongUrl(text)
    : 'must be an absolute path, an https:// URL, or country:XX with two capital letters';
}

/** What is wrong with a URL that is to be fetched, or nothing. */
export function wrongUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return 'must be an https:// URL';
  const { protocol, username, password, hash } = new URL(text);
  if (protocol !== 'https:') return 'must begin with https://';
  return username !== '' || password !== '' || hash !== '' ? 'must have neither credentials nor a fragment' : undefined;
}
