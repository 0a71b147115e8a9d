import { readFile } from 'node:fs/promises';
import { endianness } from 'node:os';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { listeningPorts, type TcpSession, tcpSessions, withDirection } from '../../core/change/tcp-sessions.ts';

/** Established TCP connections in the network namespace of this process. A kernel without IPv6 has none of those. */
export async function readTcpSessions(folder = '/proc/net'): Promise<Result<readonly TcpSession[], 'failed'>> {
  try {
    const [four, six] = await Promise.all([
      readFile(`${folder}/tcp`, 'latin1'),
      readFile(`${folder}/tcp6`, 'latin1').catch(() => ''),
    ]);
    const sessions = [four, six].flatMap((text) => tcpSessions(text, endianness() === 'LE'));
    return ok(withDirection(sessions, new Set([four, six].flatMap(listeningPorts))));
  } catch (thrown) {
    return fail('failed', `the connections cannot be read: ${messageOf(thrown)}`, thrown);
  }
}
