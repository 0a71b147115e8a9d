const BROKER = 'must be mqtts://HOST:PORT or wss://HOST:PORT/PATH';

/** What is wrong with the URL of a broker, or nothing. */
export function wrongBroker(text: string): string | undefined {
  if (!URL.canParse(text)) return BROKER;
  const { protocol, hostname, username, password, hash, pathname, search } = new URL(text);
  if (protocol !== 'mqtts:' && protocol !== 'wss:') return BROKER;
  if (hostname === '') return BROKER;
  if (username !== '' || password !== '' || hash !== '') return 'must have neither credentials nor a fragment';
  return protocol === 'mqtts:' && (search !== '' || !['', '/'].includes(pathname))
    ? 'must have no path: that belongs to wss://'
    : undefined;
}

/** What is wrong with the URL of a proxy, or nothing. */
export function wrongProxy(text: string): string | undefined {
  if (!URL.canParse(text)) return 'must be http://HOST:PORT';
  const { protocol, hostname, username, password, pathname, search, hash } = new URL(text);
  if (protocol !== 'http:' || hostname === '') return 'must be http://HOST:PORT';
  if (username !== '' || password !== '') return 'must have no credentials';
  return pathname !== '/' || search !== '' || hash !== '' ? 'must be http://HOST:PORT and no more' : undefined;
}
