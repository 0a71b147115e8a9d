import { fromBytes, type Ip } from '../base/ip.ts';

/** An established TCP connection of this host. */
export interface TcpSession {
  readonly local: Ip;
  readonly localPort: number;
  readonly remote: Ip;
  readonly remotePort: number;
  /** It was made from here, to somebody else: nobody listens at its local port. */
  readonly outgoing?: true;
}

const ESTABLISHED = '01';
const LISTENING = '0A';

/** Local ports at which a socket listens, in the text of /proc/net/tcp or tcp6. */
export const listeningPorts = (text: string): readonly number[] =>
  text.split('\n').flatMap((line) => {
    const [, near = '', , state] = line.trim().split(/\s+/);
    const [, port = ''] = /:([0-9A-F]{4})$/i.exec(near) ?? [];
    return state === LISTENING && port !== '' ? [Number.parseInt(port, 16)] : [];
  });

/** Says of each which way it was made. */
export const withDirection = (sessions: readonly TcpSession[], listening: ReadonlySet<number>): readonly TcpSession[] =>
  sessions.map((session) => (listening.has(session.localPort) ? session : { ...session, outgoing: true }));

/**
 * The established connections in the text of /proc/net/tcp or tcp6. Lines of another form are passed over. Addresses stand
 * there as 32-bit words in the order of the machine's bytes.
 */
export function tcpSessions(text: string, isLittleEndian: boolean): readonly TcpSession[] {
  return text.split('\n').flatMap((line): TcpSession[] => {
    const [, near = '', far = '', state] = line.trim().split(/\s+/);
    if (state !== ESTABLISHED) return [];
    const [local, remote] = [endOf(near, isLittleEndian), endOf(far, isLittleEndian)];
    if (local === undefined || remote === undefined) return [];
    return [{ local: local.ip, localPort: local.port, remote: remote.ip, remotePort: remote.port }];
  });
}

function endOf(word: string, isLittleEndian: boolean): { readonly ip: Ip; readonly port: number } | undefined {
  const [, address = '', port = ''] = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/i.exec(word) ?? [];
  if (address === '') return undefined;
  const bytes = Uint8Array.from({ length: address.length / 2 }, (_, i) => {
    const at = isLittleEndian ? (i & ~3) + (3 - (i & 3)) : i;
    return Number.parseInt(address.slice(2 * at, 2 * at + 2), 16);
  });
  return { ip: fromBytes(bytes).text, port: Number.parseInt(port, 16) };
}
