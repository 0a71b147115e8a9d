/**
 * The program behind `bartizan-packets.socket`: reads one question on its standard input, sends the packets in network
 * namespaces of its own, and prints the answer. The daemon has no right to make any.
 */
import { text } from 'node:stream/consumers';
import { fail, messageOf } from '../../../core/base/result.ts';
import { packetTools } from '../../packets/index.ts';
import type { PacketAnswer, PacketQuestion } from './ask-packet-room.ts';
import { sendThrough } from './packets.ts';

const PATIENCE = 30_000;

async function answer(): Promise<PacketAnswer> {
  try {
    const { texts, knocks } = JSON.parse(await text(process.stdin)) as PacketQuestion;
    return await sendThrough(packetTools, texts, knocks, AbortSignal.timeout(PATIENCE));
  } catch (thrown) {
    return fail('unavailable', `bartizan-packets: ${messageOf(thrown)}`);
  }
}

process.stdout.write(JSON.stringify(await answer()));
