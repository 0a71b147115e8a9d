import type { Awaitable } from '../base/awaitable.ts';
import { isWrite, type Refusal } from './endpoint.ts';
import type { HttpReply } from './http.ts';
import type { Bound } from './mount.ts';
import type { Admitted, ServeDesk } from './serve.ts';

type Answer = HttpReply | Refusal;

export type Serve = (desk: ServeDesk, admitted: Admitted) => Awaitable<Answer>;

/** Calls `run` once, before anything is served that has not arrived yet. */
export type AtTurnEnd = (run: () => void) => void;

/**
 * Lets requests that have arrived together have one answer, where the endpoint says that it is the same for all: it is
 * made when the first of them is served and forgotten at the end of the turn, or as soon as a write is done. So nobody
 * is told less than what was true when his request was read, or what he has done himself. Only success is shared: what
 * went wrong names the request that it went wrong for, and may go well for the next.
 */
export function sharing(
  serve: (desk: ServeDesk, admitted: Admitted) => Promise<Answer>,
  atTurnEnd: AtTurnEnd | undefined,
): Serve {
  let made = new Map<Bound, Awaitable<HttpReply | undefined>>();
  const forget = () => {
    made = new Map();
  };
  return (desk, admitted) => {
    const { bound } = admitted;
    if (isWrite(bound.endpoint.method)) return serve(desk, admitted).finally(forget);
    if (bound.endpoint.shared !== true || atTurnEnd === undefined) return serve(desk, admitted);
    const known = made.get(bound);
    if (known instanceof Promise) return known.then((answer) => answer ?? serve(desk, admitted));
    if (known !== undefined) return known;
    if (made.size === 0) atTurnEnd(forget);
    const making = serve(desk, admitted).then(encoded);
    const good = making.then(goodOf, () => undefined);
    made.set(bound, good);
    void good.then((answer) => {
      if (made.get(bound) !== good) return;
      if (answer === undefined) made.delete(bound);
      else made.set(bound, answer);
    });
    return making;
  };
}

const goodOf = (answer: Answer): HttpReply | undefined => ('ok' in answer ? undefined : answer);

/** With its body as bytes, so that it is turned into them once. */
const encoded = (answer: Answer): Answer =>
  'ok' in answer || typeof answer.body !== 'string'
    ? answer
    : { ...answer, body: new TextEncoder().encode(answer.body) };
