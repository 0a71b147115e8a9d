import type { Cidr } from '../../core/base/ip.ts';
import type { Result } from '../../core/base/result.ts';
import type { Millis } from '../../core/base/time.ts';

/** What is asked of whom. */
export interface OutboundRequest {
  /** `https:` only. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Of the answer's content, before and after it is unpacked. */
  readonly maxBytes: number;
  /** SHA-256 of the public key (SPKI) that every server on the way must have, lower-case hexadecimal. */
  readonly pin?: string;
  /** Private and loopback addresses that may be connected to. */
  readonly allowPrivate: readonly Cidr[];
  /** Authorities in PEM that are trusted beside the usual ones. */
  readonly ca?: string;
  readonly limits?: Partial<OutboundLimits>;
  /** Ends the request. */
  readonly signal?: AbortSignal;
}

export interface OutboundLimits {
  /** Until a connection stands, TLS included. */
  readonly connect: Millis;
  /** Without a byte. */
  readonly idle: Millis;
  /** From the first step to the last byte. */
  readonly whole: Millis;
  readonly redirects: number;
}

/** An answer of status 200, or 304 without content. */
export interface OutboundAnswer {
  readonly status: 200 | 304;
  readonly etag?: string;
  readonly lastModified?: string;
  /** After redirects. */
  readonly url: string;
}

/**
 * `unreachable`: no answer, or not a whole one: names, connections, TLS, time, a status that says so. `refused`: an answer
 * that is not wanted: too long, a redirect that leads nowhere allowed, an address that is private, another key than pinned.
 */
export type OutboundFailure = 'unreachable' | 'refused';

/** Takes a piece of the content; it does not throw. */
export type TakePiece = (piece: Uint8Array) => void;

/** Asks, and gives the content piece by piece as it comes in, unpacked. Never rejects. */
export type Fetch = (request: OutboundRequest, take: TakePiece) => Promise<Result<OutboundAnswer, OutboundFailure>>;
