import type { Ip } from '../../../core/base/ip.ts';
import type { Result } from '../../../core/base/result.ts';
import type { Millis } from '../../../core/base/time.ts';
import type { Change, Evidence, Word } from '../../../core/change/change.ts';
import type { Connection } from '../../../core/respond/allow.ts';
import type { Fate, PacketTools, RunOptions } from '../../packets/index.ts';

/** What a probe saw. */
export type Seen = Pick<Evidence, 'result' | 'detail'>;

export const passed = (detail: string): Seen => ({ result: 'passed', detail });
export const failed = (detail: string): Seen => ({ result: 'failed', detail });
export const unknown = (detail: string): Seen => ({ result: 'unknown', detail });

/** What a name server said. `answered` whatever it said, a refusal too. */
export interface DnsAnswer {
  readonly answered: boolean;
  /** `NOERROR`, or the error's code. */
  readonly said: string;
}

/** Who answers over TLS at an address. */
export interface ApiAnswer {
  readonly status: number;
  /** SHA-256 of its certificate, hex digits in pairs with colons. */
  readonly fingerprint: string;
}

/**
 * Sends real packets of these knocks through each of the texts for `nft -f`, 9 at most, and tells for each text the fate of
 * each knock, in their order. A knock without a port goes no further than to where packets to all ports are judged alike.
 * `refused`: the kernel does not take a text.
 */
export type SendThrough = (
  texts: readonly string[],
  knocks: readonly Connection[],
  signal: AbortSignal,
) => Promise<Result<readonly (readonly Fate[])[], 'unavailable' | 'refused'>>;

/** What the probes need of the machine. Nothing here rejects; whatever is asked may hang, be absent or lie. */
export interface Tools extends PacketTools {
  /** A small text file; undefined where it cannot be read. */
  read(path: string): Promise<string | undefined>;
  /** Asks a name server for the name servers of the root. */
  askDns(server: string, timeout: Millis, signal: AbortSignal): Promise<DnsAnswer>;
  askApi(host: string, port: number, timeout: Millis): Promise<Result<ApiAnswer, 'failed'>>;
  /** The same, asked by another process within a network namespace. */
  askApiFrom(
    namespace: string,
    host: string,
    port: number,
    options: RunOptions,
  ): Promise<Result<ApiAnswer, 'failed' | 'unavailable'>>;
  readonly sendThrough: SendThrough;
  /** Sends a datagram that nobody has to answer: whoever is near has to be found for it. */
  nudge(address: string, device: string): Promise<void>;
  /** Resolves when the time is over, or `signal` aborts. */
  pause(length: Millis, signal: AbortSignal): Promise<void>;
  /** Writes a file there, flushes it, reads it and removes it. @returns bytes free in that file system */
  writeFile(directory: string): Promise<Result<number, 'failed'>>;
}

/** Where the API listens. */
export interface ApiTarget {
  readonly host: string;
  readonly port: number;
  /** Of the certificate that it shows, as in `ApiAnswer`. */
  readonly fingerprint: string;
}

/** Rules as whole texts for `nft -f`, with what of the shared sets touches the sources in question. */
export interface RuleTexts {
  readonly confirmed: string;
  readonly candidate: string;
}

export interface ProbeDeps {
  readonly tools: Tools;
  readonly stateDirectory: string;
  /** `failed`: it does not listen, and why. */
  api(): Result<ApiTarget, 'failed'>;
  /** `unknown`: why they cannot be told. */
  rules(change: Change, sources: readonly Ip[]): Promise<Result<RuleTexts, 'unknown'>>;
  /** Established connections of this host, those with itself among them. */
  connected(): Promise<Result<readonly Connection[], 'failed'>>;
  /** Writes a record and reads it back. */
  checkStore(): Promise<Result<void, 'failed'>>;
  /** Whether who ordered the change could still do so: a token of that name is good. Undefined where that cannot be told. */
  isCredentialGood(word: Word): boolean | undefined;
  /** When the controller was last heard, ms ago; undefined while none is configured. */
  controllerHeard?(): Millis | undefined;
}
