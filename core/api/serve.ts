import type { Lanes } from '../base/lanes.ts';
import { messageOf } from '../base/result.ts';
import { type AuditDesk, keepRecord, recordOf } from './auditing.ts';
import type { Credential, Credentials } from './authenticate.ts';
import {
  type Breathe,
  type Call,
  type ConnectionAge,
  type Outcome,
  type Refusal,
  type RequestContext,
  refuse,
  type StreamReply,
} from './endpoint.ts';
import { fileReply } from './file-reply.ts';
import type { HttpReply, HttpRequest, StreamSink } from './http.ts';
import { readBody, readQuery } from './input.ts';
import type { Bound } from './mount.ts';
import { rowsReply, STREAM_HEAD, valueReply } from './reply.ts';
import type { OpenStreams } from './stream/open-streams.ts';
import type { Throttle, TooEarly } from './throttle.ts';
import type { OpenUpload } from './upload.ts';
import { LATE, within } from './within.ts';

/** A request that has passed every gate. */
export interface Admitted {
  readonly bound: Bound;
  readonly request: HttpRequest;
  /** Canonical address of the client, which may have come through proxies, or `local`. */
  readonly peer: string;
  readonly connection: ConnectionAge;
  /** Reads the request's body. */
  readonly body: HttpRequest['body'];
  readonly requestId: string;
  readonly search: string;
  readonly params: Readonly<Record<string, string>>;
  readonly credential: Credential;
  readonly streams: OpenStreams;
  readonly tries: Throttle;
}

/** What every request needs of the program. */
export interface ServeDesk extends AuditDesk {
  readonly credentials: Pick<Credentials, 'watch'>;
  readonly openUpload: OpenUpload;
  readonly breathe: Breathe;
  /** For heavy answers. */
  readonly lanes: Lanes;
}

/** Large answers that may wait for their turn. */
const LONGEST_QUEUE = 100;

/** Serves a request; a heavy one when there is a lane for it. Who has gone meanwhile is not worked for. */
export function serve(desk: ServeDesk, admitted: Admitted): Promise<HttpReply | Refusal> {
  if (admitted.bound.endpoint.heavy !== true) return served(desk, admitted);
  if (desk.lanes.queue >= LONGEST_QUEUE) {
    return Promise.resolve(refuse('unavailable', 'Too many large answers are waited for'));
  }
  const { signal } = admitted.request;
  return desk.lanes.run(async () =>
    signal.aborted ? refuse('unavailable', 'The client has gone') : served(desk, admitted),
  );
}

/** Validates, runs the handler, keeps the audit record, shapes the reply. */
async function served(desk: ServeDesk, admitted: Admitted): Promise<HttpReply | Refusal> {
  const { bound, request, requestId, credential } = admitted;
  const query = readQuery(bound, admitted.search, admitted.params);
  if (!query.ok) return query;
  const body = await readBody(
    bound,
    {
      header: (name) => request.header(name),
      body: admitted.body,
      pieces: (limit) => request.pieces(limit),
    },
    desk.openUpload,
  );
  if (!body.ok) return body;
  const context: RequestContext = {
    principal: credential.principal,
    peer: admitted.peer,
    requestId,
    form: body.form,
    ...lastEventId(bound, request),
    ...ifMatch(bound, request),
    connection: admitted.connection,
    breathe: desk.breathe,
    signal: request.signal,
  };
  const isGuess = bound.endpoint.rate === 'login' && request.principal === undefined;
  const attempt = isGuess ? admitted.tries.enter(admitted.peer) : undefined;
  if (attempt?.ok === false) return tooManyTries(attempt);
  const { upload } = body;
  const call = { query: query.value, body: body.value, ...(upload && { upload }), context };
  const outcome = await run(desk, bound, call).finally(() => upload?.close());
  attempt?.end(outcome.ok ? 'right' : outcome.code === 'unauthorized' ? 'wrong' : 'undecided');
  await audited(desk, bound, { query: query.value, body: body.value }, context, outcome);
  if (!outcome.ok) return outcome;
  if ('file' in outcome) return fileReply(request, outcome);
  if ('stream' in outcome) return streamed(desk, admitted, outcome);
  return 'rows' in outcome ? rowsReply(bound.endpoint, outcome) : valueReply(bound.endpoint, outcome, desk.breathe);
}

/** Empty stands for none: it is what a browser has before the first event. */
function lastEventId({ endpoint }: Bound, request: HttpRequest): Pick<RequestContext, 'lastEventId'> {
  const id = endpoint.transport === 'sse' ? request.header('last-event-id') : undefined;
  return id === undefined || id === '' ? {} : { lastEventId: id.slice(0, 128) };
}

function ifMatch({ endpoint }: Bound, request: HttpRequest): Pick<RequestContext, 'ifMatch'> {
  const tags = endpoint.conditional === true ? request.header('if-match') : undefined;
  return tags === undefined ? {} : { ifMatch: tags };
}

const tooManyTries = ({ wait }: TooEarly): Refusal => ({
  ...refuse('rate_limited', `Too many wrong tries; the next is looked at in ${wait} s`),
  headers: { 'retry-after': String(wait) },
});

/** The stream takes a place until it ends; HEAD gets its headers and takes none. */
function streamed(
  { log, credentials }: ServeDesk,
  { request, peer, streams, credential }: Admitted,
  { stream }: StreamReply,
): HttpReply | Refusal {
  const { signal } = request;
  if (request.method === 'HEAD') return STREAM_HEAD;
  if (!streams.enter(credential.principal.name, signal))
    return refuse('unavailable', 'Too many event streams are open');
  const onDoubt = () => log('info', 'event stream ended: its credential is no longer good', { peer });
  const start = (sink: StreamSink) => {
    if (signal.aborted) return;
    const leave = credentials.watch(credential.principal, () => {
      onDoubt();
      sink.end();
    });
    signal.addEventListener('abort', leave, { once: true });
    streams.keepAlive({ sink, isGood: credential.isGood, onDoubt }, signal);
    stream(sink, signal);
  };
  return { ...STREAM_HEAD, stream: { start } };
}

/** The handler's outcome; a throw or a limit passed becomes a refusal that tells a client nothing of the inside. */
async function run(
  { clock, log }: AuditDesk,
  { surface, endpoint, deps }: Bound,
  call: Omit<Call<unknown, unknown, unknown>, 'deps'>,
): Promise<Outcome<unknown>> {
  const about = { endpoint: endpoint.name, requestId: call.context.requestId };
  const { handler, upload } = surface.limits;
  try {
    const work = endpoint.handler({ deps, ...call });
    const outcome = await within(clock, endpoint.upload === undefined ? handler : upload, work);
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
    return internal(call.context.requestId);
  }
}

/** What a client learns of a bug: where in the log to look. */
export const internal = (requestId: string): Refusal => refuse('internal', `Internal error (request ${requestId})`);

async function audited(
  desk: AuditDesk,
  { surface, endpoint }: Bound,
  input: { readonly query: unknown; readonly body: unknown },
  context: RequestContext,
  outcome: Outcome<unknown>,
): Promise<void> {
  const declaration = endpoint.audit;
  if (declaration === undefined || 'stream' in outcome || 'file' in outcome || 'rows' in outcome) return;
  const status = outcome.ok ? (outcome.status ?? endpoint.status ?? 200) : surface.status[outcome.code];
  const reply = outcome.ok ? outcome.value : undefined;
  await keepRecord(desk, recordOf({ declaration, context, ...input, reply, status }, desk.clock));
}
