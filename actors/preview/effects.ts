import { readFile } from 'node:fs/promises';
import { endianness } from 'node:os';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { type TcpSession, tcpSessions } from '../../core/change/tcp-sessions.ts';

/** Established TCP connections in the network namespace of this process. A kernel without IPv6 has none of those. */
export async function readTcpSessions(folder = '/proc/net'): Promise<Result<readonly TcpSession[], 'failed'>> {
  try {
    const [four, six] = await Promise.all([
      readFile(`${folder}/tcp`, 'latin1'),
      readFile(`${folder}/tcp6`, 'latin1').catch(() => ''),
    ]);
    return ok([four, six].flatMap((text) => tcpSessions(text, endianness() === 'LE')));
  } catch (thrown) {
    return fail('failed', `the connections cannot be read: ${messageOf(thrown)}`, thrown);
  }
}
