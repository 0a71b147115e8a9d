import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { fail, messageOf, type Result } from '../../../core/base/result.ts';
import type { Fate } from '../../packets/index.ts';
import type { Knock } from './packets.ts';

/** What is asked of the program behind the socket, as one JSON text; its end is the end of the writing. */
export interface PacketQuestion {
  readonly texts: readonly string[];
  readonly knocks: readonly Knock[];
}

export type PacketAnswer = Result<readonly (readonly Fate[])[], 'unavailable' | 'refused'>;

/** Asks over a connection of its own, which the service manager starts a program for (`bartizan-packets.socket`). */
export async function askPacketRoom(
  path: string,
  question: PacketQuestion,
  signal: AbortSignal,
): Promise<PacketAnswer> {
  const socket = connect({ path, signal });
  try {
    socket.end(JSON.stringify(question));
    const said = await text(socket);
    if (said === '') return fail('unavailable', 'bartizan-packets ended without an answer; its journal says why');
    return answerIn(said, question) ?? fail('unavailable', 'bartizan-packets said nothing of sense');
  } catch (thrown) {
    return fail('unavailable', `bartizan-packets cannot be asked: ${messageOf(thrown)}`, thrown);
  } finally {
    socket.destroy();
  }
}

/** The answer, if it is one to this question. */
function answerIn(said: string, { texts, knocks }: PacketQuestion): PacketAnswer | undefined {
  try {
    const answer = JSON.parse(said) as PacketAnswer;
    if (!answer.ok) return typeof answer.public === 'string' ? answer : undefined;
    const isWhole = answer.value.length === texts.length && answer.value.every((row) => row.length === knocks.length);
    return isWhole ? answer : undefined;
  } catch {
    return undefined;
  }
}
