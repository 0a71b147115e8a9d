import { type Static, Type } from 'typebox';
import { rfc3339 } from '../../base/time.ts';
import type { Change } from '../../change/change.ts';
import type { Changes } from '../../change/changes.ts';
import { type ApiParts, endpoint } from '../deps.ts';
import type { StreamReply } from '../endpoint.ts';
import { ChangeWatch } from '../stream/change-watch.ts';
import { secondsOf } from './changes-wire.ts';

const ChangeEvent = Type.Object({
  pending: Type.Boolean({ description: 'Something is on trial; the rest is about it, else about what has just ended' }),
  id: Type.Optional(Type.String()),
  state: Type.Optional(Type.String()),
  summary: Type.Optional(Type.String()),
  actor: Type.Optional(Type.String({ description: 'By whose word' })),
  peer: Type.Optional(Type.String({ description: 'From which address, or local' })),
  deadline: Type.Optional(Type.String({ description: 'RFC 3339' })),
  seconds_remaining: Type.Optional(Type.Integer({ minimum: 0 })),
  why: Type.Optional(Type.String({ description: 'Of what has ended: why so' })),
});

export const changeEvents = endpoint({
  name: 'changeEvents',
  method: 'GET',
  path: '/api/v1/events/changes',
  scope: 'read',
  summary: 'Server-sent events named `change`: what is on trial, by whom, and how long still',
  response: ChangeEvent,
  transport: 'sse',
  errors: ['unavailable'],
  handler: async ({ deps: { changeWatch: watch } }) => ({ ok: true, stream: streamOf(watch) }),
});

/** A stream holds nothing of its request. */
const streamOf =
  (watch: ChangeWatch): StreamReply['stream'] =>
  (sink, signal) =>
    watch.join(sink, signal);

/** One for all clients. */
export const changeWatch = ({ changes, clock }: Pick<ApiParts, 'changes' | 'clock'>): ChangeWatch =>
  new ChangeWatch(changes, clock, (ended) => changeEvent(changes, ended));

function changeEvent(changes: Changes, ended: Change | undefined): Static<typeof ChangeEvent> {
  const pending = changes.pending();
  const change = pending?.change ?? ended;
  if (change === undefined) return { pending: false };
  const { id, state, summary, word, verdict } = change;
  return {
    pending: pending !== undefined,
    id,
    state,
    summary,
    actor: word.actor,
    peer: word.peer,
    ...(pending && { deadline: rfc3339(pending.until), seconds_remaining: secondsOf(pending.left) }),
    ...(verdict && { why: verdict.why }),
  };
}
