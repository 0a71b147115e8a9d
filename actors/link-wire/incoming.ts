import { fail, ok, type Result } from '../../core/base/result.ts';
import type { OrderResult } from '../../core/link/order.ts';
import type { Presence, Reported } from '../../core/link/reported.ts';
import type { StreamBatch } from '../../core/link/stream.ts';
import { TOPICS } from '../../core/link/topic-table.ts';
import { parseTopic, type Topic } from '../../core/link/topics.ts';
import type { Unreadable } from './codec.ts';
import { LIMITS, LONGEST_PART, type MessageName } from './limits.ts';
import { decodePresence } from './presence.ts';
import { decodeReported } from './reported.ts';
import { decodeResult } from './result.ts';
import { decodeStreamBatch } from './stream.ts';

type TopicOf<K extends Topic['kind']> = Extract<Topic, { kind: K }>;

/** A message by what its topic says it is. Envelopes and parts of lists are left as they are: who judges them reads them. */
export type Incoming =
  | { readonly is: 'envelope'; readonly topic: TopicOf<EnvelopeTopic>; readonly bytes: Uint8Array }
  | { readonly is: 'list_part'; readonly topic: TopicOf<'list_part'>; readonly bytes: Uint8Array }
  | { readonly is: 'presence'; readonly topic: TopicOf<'presence'>; readonly presence: Presence }
  | { readonly is: 'reported'; readonly topic: TopicOf<'reported'>; readonly reported: Reported }
  | { readonly is: 'result'; readonly topic: TopicOf<'result'>; readonly result: OrderResult }
  | { readonly is: 'stream'; readonly topic: TopicOf<'stream'>; readonly batch: StreamBatch }
  /** A retained message was taken away. */
  | { readonly is: 'cleared'; readonly topic: Topic };
type EnvelopeTopic = 'desired' | 'keys' | 'cmd' | 'fleet_keys' | 'list_manifest' | 'lease';

export type NotIncoming = Unreadable | 'not_ours' | 'wrong_type';

/** The content type of a message, for MQTT 5. */
export const contentType = (name: MessageName): string => `application/x-protobuf; messageType=bartizan.v1.${name}`;

/** The message that goes to a topic; undefined: bytes that are named by their SHA-256. */
export const messageOf = (topic: Topic['kind']): MessageName | undefined => TOPICS[topic].message;

/**
 * Reads what a broker hands over, believing nothing of it: its topic has to be one of ours, its content type, where one is given,
 * that of the topic, and an item of a stream or a result has to be what the topic says.
 * @param properties as the MQTT library gives them, whatever that may be
 */
export function readIncoming(
  topicText: string,
  payload: Uint8Array,
  properties: unknown,
): Result<Incoming, NotIncoming> {
  const topic = parseTopic(topicText);
  if (topic === undefined) return fail('not_ours', 'the topic is none of this product');
  const name = messageOf(topic.kind);
  const given = contentTypeOf(properties);
  if (given !== undefined && name !== undefined && given !== contentType(name)) {
    return fail('wrong_type', `a ${topic.kind} is of another content type`);
  }
  if (payload.length === 0) return ok({ is: 'cleared', topic });
  switch (topic.kind) {
    case 'presence':
      return mapped(decodePresence(payload), (presence) => ok({ is: 'presence', topic, presence }));
    case 'reported':
      return mapped(decodeReported(payload), (reported) => ok({ is: 'reported', topic, reported }));
    case 'result':
      return mapped(decodeResult(payload), (result) =>
        result.id === topic.id
          ? ok({ is: 'result', topic, result })
          : fail('malformed', 'Result.id: is not that of the topic'),
      );
    case 'stream':
      return mapped(decodeStreamBatch(payload), (batch) => streamOf(topic, batch));
    case 'list_part':
      return payload.length > LONGEST_PART
        ? fail('too_long', `a part of a list has ${payload.length} bytes, at most ${LONGEST_PART} are allowed`)
        : ok({ is: 'list_part', topic, bytes: payload });
    default:
      return payload.length > LIMITS.Envelope
        ? fail('too_long', `Envelope has ${payload.length} bytes, at most ${LIMITS.Envelope} are allowed`)
        : ok({ is: 'envelope', topic, bytes: payload });
  }
}

function streamOf(topic: TopicOf<'stream'>, batch: StreamBatch): Result<Incoming, 'malformed'> {
  const other = batch.items.findIndex(({ kind }) => kind !== topic.stream && kind !== 'gap');
  return other < 0
    ? ok({ is: 'stream', topic, batch })
    : fail('malformed', `StreamBatch.items[${other}]: is no ${topic.stream}`);
}

const mapped = <V, W, C extends string, D extends string>(
  result: Result<V, C>,
  next: (value: V) => Result<W, D>,
): Result<W, C | D> => (result.ok ? next(result.value) : result);

/** Undefined where none is given; a content type that is no text is none of ours. */
function contentTypeOf(properties: unknown): string | undefined {
  if (typeof properties !== 'object' || properties === null || !('contentType' in properties)) return undefined;
  const { contentType: given } = properties;
  return given === undefined ? undefined : String(typeof given === 'string' ? given : typeof given);
}
