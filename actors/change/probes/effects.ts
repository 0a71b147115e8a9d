import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { existsSync } from 'node:fs';
import { open, readFile, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PACKETS_DOOR } from '../../../core/base/doors.ts';
import { fail, messageOf, ok, type Result } from '../../../core/base/result.ts';
import type { Millis } from '../../../core/base/time.ts';
import { packetTools, type RunOptions, within } from '../../packets/index.ts';
import { askApi } from './ask-api.ts';
import { askPacketRoom } from './ask-packet-room.ts';
import { sendThrough } from './packets.ts';
import type { ApiAnswer, DnsAnswer, SendThrough, Tools } from './port.ts';

/** What a server answers when it does answer. */
const ANSWERS = new Set(['ENOTFOUND', 'ENODATA', 'ESERVFAIL', 'EREFUSED', 'EFORMERR', 'ENOTIMP', 'EBADRESP']);

async function askDns(server: string, timeout: Millis, signal: AbortSignal): Promise<DnsAnswer> {
  const resolver = new Resolver({ timeout, tries: 1 });
  const cancel = (): void => resolver.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  const late = setTimeout(cancel, timeout);
  try {
    resolver.setServers([server]);
    await resolver.resolveNs('.');
    return { answered: true, said: 'NOERROR' };
  } catch (thrown) {
    const said = (thrown as NodeJS.ErrnoException).code ?? messageOf(thrown);
    return { answered: ANSWERS.has(said), said };
  } finally {
    clearTimeout(late);
    signal.removeEventListener('abort', cancel);
  }
}

/** Of the discard service. */
const DISCARD = 9;

/** Whether it could be sent shows in what follows. */
function nudge(address: string, device: string): Promise<void> {
  const isV6 = address.includes(':');
  const socket = createSocket(isV6 ? 'udp6' : 'udp4');
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.on('error', () => resolve());
  socket.send('', DISCARD, isV6 ? `${address}%${device}` : address, () => resolve());
  return promise.finally(() => socket.close());
}

function pause(length: Millis, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, length);
  signal.addEventListener('abort', () => resolve(), { once: true });
  return promise.finally(() => clearTimeout(timer));
}

const CLIENT = fileURLToPath(new URL('./outside-client.js', import.meta.url));

async function askApiFrom(
  namespace: string,
  host: string,
  port: number,
  options: RunOptions,
): Promise<Result<ApiAnswer, 'failed' | 'unavailable'>> {
  const client = [process.execPath, ...process.execArgv, CLIENT, host, String(port), String(options.timeout)];
  // The client itself takes as long as it is told to; what it takes to be started comes on top.
  const [program = '', ...words] = client;
  const ran = await packetTools.run(...within(namespace, program, words), {
    ...options,
    timeout: (options.timeout * 2) as Millis,
  });
  if (ran.kind !== 'ended' || ran.code !== 0) return fail('unavailable', 'the client could not be run there');
  try {
    return JSON.parse(ran.out) as Result<ApiAnswer, 'failed'>;
  } catch (thrown) {
    return fail('unavailable', 'the client there said nothing of sense', thrown);
  }
}

async function writeFile(directory: string): Promise<Result<number, 'failed'>> {
  const path = join(directory, `.probe-${process.pid}-${randomBytes(4).toString('hex')}`);
  try {
    const file = await open(path, 'wx+', 0o600);
    try {
      const text = randomBytes(32);
      await file.write(text, 0, text.length, 0);
      await file.sync();
      const { buffer } = await file.read(Buffer.alloc(text.length), 0, text.length, 0);
      if (!buffer.equals(text)) return fail('failed', 'other bytes were read than were written');
    } finally {
      await file.close();
      await rm(path, { force: true });
    }
    const { bavail, bsize } = await statfs(directory);
    return ok(bavail * bsize);
  } catch (thrown) {
    return fail('failed', messageOf(thrown), thrown);
  }
}

/** By the service that has the right to make namespaces of its own, where there is one; else by ourselves. */
const packetsThrough: SendThrough = (texts, knocks, signal) =>
  existsSync(PACKETS_DOOR)
    ? askPacketRoom(PACKETS_DOOR, { texts, knocks }, signal)
    : sendThrough(packetTools, texts, knocks, signal);

/** This machine. */
export const systemTools: Tools = {
  ...packetTools,
  read: (path) => readFile(path, 'utf8').catch(() => undefined),
  askDns,
  askApi,
  askApiFrom,
  sendThrough: packetsThrough,
  nudge,
  pause,
  writeFile,
};
