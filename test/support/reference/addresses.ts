/** The eight groups of an IPv6 address. */
function groups(ip: string): number[] {
  const [head = '', tail] = ip.split('::');
  const read = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  if (tail === undefined) return read(head);
  const [front, back] = [read(head), read(tail)];
  return [...front, ...Array<number>(8 - front.length - back.length).fill(0), ...back];
}

/** Addresses with the same name are one source. */
export const sourceOf = (ip: string): string => (ip.includes(':') ? groups(ip).slice(0, 4).join(':') : ip);

const bitsOf = (ip: string): string =>
  ip.includes(':')
    ? groups(ip)
        .map((group) => group.toString(2).padStart(16, '0'))
        .join('')
    : ip
        .split('.')
        .map((octet) => Number(octet).toString(2).padStart(8, '0'))
        .join('');

export function isWithin(ip: string, network: string): boolean {
  const [address = '', prefix] = network.split('/');
  if (address.includes(':') !== ip.includes(':')) return false;
  return bitsOf(ip).slice(0, Number(prefix)) === bitsOf(address).slice(0, Number(prefix));
}
