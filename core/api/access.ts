import type { Millis } from '../base/time.ts';
import type { HttpReply } from './http.ts';

/** One request as the access log has it. Neither query nor headers: they may hold what nobody else is to read. */
export interface Access {
  readonly method: string;
  /** The path asked for, 256 characters of it at most; attacker-chosen. */
  readonly path: string;
  readonly status: number;
  /** Canonical address of the client, or `local`. */
  readonly peer: string;
  /** Name of the principal; empty when nobody was authenticated. */
  readonly actor: string;
  readonly requestId: string;
  /** From the end of the request's headers to its answer, or to the beginning of a stream. */
  readonly took: Millis;
}

/** Told of every request when its answer goes out. Must not throw. */
export type AccessLog = (access: Access) => void;

/** Tells the status of a reply as it goes out, or of one that is handed over when it is known. */
export function told(reply: HttpReply, tell: (status: number) => void): HttpReply {
  const { handover } = reply;
  if (handover === undefined) {
    tell(reply.status);
    return reply;
  }
  const answered = (status: number) => {
    handover.answered(status);
    tell(status);
  };
  return { ...reply, handover: { ...handover, answered } };
}
