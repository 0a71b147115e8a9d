import { messageOf } from '../base/result.ts';
import { type AuditDesk, keepRecord, recordOf } from './auditing.ts';
import type { Credential } from './authenticate.ts';
import { type Refusal, type Reply, type RequestContext, refuse, type StreamReply } from './endpoint.ts';
import type { HttpReply, HttpRequest } from './http.ts';
import { readBody, readQuery } from './input.ts';
import type { Bound } from './mount.ts';
import { streamReply, valueReply } from './reply.ts';
import type { Gate } from './sse.ts';
import type { Throttle, TooEarly } from './throttle.ts';
import { LATE, within } from './within.ts';

/** A request that has passed every gate. */
export interface Admitted {
  readonly bound: Bound;
  readonly request: HttpRequest;
  /** Canonical address of the client, which may have come through proxies, or `local`. */
  readonly peer: string;
  /** Reads the request's body. */
  readonly body: HttpRequest['body'];
  readonly requestId: string;
  readonly search: string;
  readonly params: Readonly<Record<string, string>>;
  readonly credential: Credential;
  readonly streams: Gate;
  readonly tries: Throttle;
}

type Outcome = Reply<unknown> | StreamReply | Refusal;

/** Validates, runs the handler, keeps the audit record, shapes the reply. */
export async function serve(desk: AuditDesk, admitted: Admitted): Promise<HttpReply | Refusal> {
  const { bound, request, requestId, credential } = admitted;
  const query = readQuery(bound, admitted.search, admitted.params);
  if (!query.ok) return query;
  const body = await readBody(bound, { header: (name) => request.header(name), body: admitted.body });
  if (!body.ok) return body;
  const context: RequestContext = {
    principal: credential.principal,
    peer: admitted.peer,
    requestId,
    form: body.form,
    signal: request.signal,
  };
  const isGuess = bound.endpoint.rate === 'login' && request.principal === undefined;
  const attempt = isGuess ? admitted.tries.enter(admitted.peer) : undefined;
  if (attempt?.ok === false) return tooManyTries(attempt);
  const outcome = await run(desk, bound, query.value, body.value, context);
  attempt?.end(outcome.ok ? 'right' : outcome.code === 'unauthorized' ? 'wrong' : 'undecided');
  await audited(desk, bound, { query: query.value, body: body.value }, context, outcome);
  if (!outcome.ok) return outcome;
  return 'stream' in outcome ? streamed(admitted, outcome) : valueReply(outcome);
}

const tooManyTries = ({ wait }: TooEarly): Refusal => ({
  ...refuse('rate_limited', `Too many wrong tries; the next is looked at in ${wait} s`),
  headers: { 'retry-after': String(wait) },
});

/** The stream takes a place until it ends; HEAD gets its headers and takes none. */
function streamed({ bound, request, streams }: Admitted, outcome: StreamReply): HttpReply | Refusal {
  const { stream, ...head } = streamReply(bound.surface, outcome, request);
  if (request.method === 'HEAD' || stream === undefined) return head;
  return streams.enter(request.signal) ? { ...head, stream } : refuse('unavailable', 'Too many event streams are open');
}

/** The handler's outcome; a throw or a limit passed becomes a refusal that tells a client nothing of the inside. */
async function run(
  { clock, log }: AuditDesk,
  { surface, endpoint, deps }: Bound,
  query: unknown,
  body: unknown,
  context: RequestContext,
): Promise<Outcome> {
  const about = { endpoint: endpoint.name, requestId: context.requestId };
  try {
    const work = endpoint.handler({ deps, query, body, context });
    const outcome = await within(clock, surface.limits.handler, work);
    if (outcome === LATE) {
      log('error', 'handler took too long', about);
      work.catch((cause: unknown) => log('error', 'handler failed after its time', { ...about, cause }));
      return refuse('unavailable', 'The appliance took too long; what was asked for may still be done');
    }
    if (!outcome.ok && outcome.cause !== undefined) {
      log('warn', 'request refused', { ...about, code: outcome.code, cause: messageOf(outcome.cause) });
    }
    return outcome;
  } catch (thrown) {
    log('error', 'handler failed', { ...about, cause: thrown });
    return internal(context.requestId);
  }
}

/** What a client learns of a bug: where in the log to look. */
export const internal = (requestId: string): Refusal => refuse('internal', `Internal error (request ${requestId})`);

async function audited(
  desk: AuditDesk,
  { surface, endpoint }: Bound,
  input: { readonly query: unknown; readonly body: unknown },
  context: RequestContext,
  outcome: Outcome,
): Promise<void> {
  const declaration = endpoint.audit;
  if (declaration === undefined || 'stream' in outcome) return;
  const status = outcome.ok ? (outcome.status ?? 200) : surface.status[outcome.code];
  const reply = outcome.ok ? outcome.value : undefined;
  await keepRecord(desk, recordOf({ declaration, context, ...input, reply, status }, desk.clock));
}
