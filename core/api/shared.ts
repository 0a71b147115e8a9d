import { isWrite, type Refusal } from './endpoint.ts';
import type { HttpReply } from './http.ts';
import type { Bound } from './mount.ts';
import type { Admitted, ServeDesk } from './serve.ts';

type Serve = (desk: ServeDesk, admitted: Admitted) => Promise<HttpReply | Refusal>;

/** Calls `run` once, before anything is served that has not arrived yet. */
export type AtTurnEnd = (run: () => void) => void;

/**
 * Lets requests that have arrived together have one answer, where the endpoint says that it is the same for all: it is
 * made when the first of them is served and forgotten at the end of the turn, or as soon as a write is done. So nobody
 * is told less than what was true when his request was read, or what he has done himself.
 */
export function sharing(serve: Serve, atTurnEnd: AtTurnEnd | undefined): Serve {
  const made = new Map<Bound, Promise<HttpReply | Refusal>>();
  return (desk, admitted) => {
    const { bound } = admitted;
    if (isWrite(bound.endpoint.method)) return serve(desk, admitted).finally(() => made.clear());
    if (bound.endpoint.shared !== true || atTurnEnd === undefined) return serve(desk, admitted);
    const known = made.get(bound);
    if (known !== undefined) return known;
    if (made.size === 0) atTurnEnd(() => made.clear());
    const reply = serve(desk, admitted).then(encoded);
    made.set(bound, reply);
    return reply;
  };
}

/** With its body as bytes, so that it is turned into them once. */
const encoded = (reply: HttpReply | Refusal): HttpReply | Refusal =>
  'ok' in reply || typeof reply.body !== 'string' ? reply : { ...reply, body: new TextEncoder().encode(reply.body) };
