import { messageOf } from '../base/result.ts';
import { type AuditDesk, keepRecord, recordOf } from './auditing.ts';
import type { Credential } from './authenticate.ts';
import { type Outcome, type Refusal, type RequestContext, refuse, type StreamReply } from './endpoint.ts';
import type { HttpReply, HttpRequest } from './http.ts';
import { readBody, readQuery } from './input.ts';
import type { Bound } from './mount.ts';
import { rowsReply, streamReply, valueReply } from './reply.ts';
import type { Gate } from './sse.ts';
import { LATE, within } from './within.ts';

/** A request that has passed every gate. */
export interface Admitted {
  readonly bound: Bound;
  readonly request: HttpRequest;
  readonly requestId: string;
  readonly search: string;
  readonly params: Readonly<Record<string, string>>;
  readonly credential: Credential;
  readonly streams: Gate;
}

/** Validates, runs the handler, keeps the audit record, shapes the reply. */
export async function serve(desk: AuditDesk, admitted: Admitted): Promise<HttpReply | Refusal> {
  const { bound, request, requestId, credential } = admitted;
  const query = readQuery(bound, admitted.search, admitted.params);
  if (!query.ok) return query;
  const body = await readBody(bound, request);
  if (!body.ok) return body;
  const context: RequestContext = {
    principal: credential.principal,
    peer: request.peer,
    requestId,
    form: body.form,
    signal: request.signal,
  };
  const outcome = await run(desk, bound, query.value, body.value, context);
  await audited(desk, bound, body.value, context, outcome);
  if (!outcome.ok) return outcome;
  if ('stream' in outcome) return streamed(admitted, outcome);
  return 'rows' in outcome ? rowsReply(bound.endpoint, outcome, request) : valueReply(bound.endpoint, outcome);
}

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
): Promise<Outcome<unknown>> {
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
  body: unknown,
  context: RequestContext,
  outcome: Outcome<unknown>,
): Promise<void> {
  const declaration = endpoint.audit;
  if (declaration === undefined || 'stream' in outcome || 'rows' in outcome) return;
  const status = outcome.ok ? (outcome.status ?? 200) : surface.status[outcome.code];
  const reply = outcome.ok ? outcome.value : undefined;
  await keepRecord(desk, recordOf({ declaration, context, body, reply, status }, desk.clock));
}
