import type { Ip } from '../../core/base/ip.ts';
import type { Clock, Random } from '../../core/base/ports.ts';
import type { Ok, Result } from '../../core/base/result.ts';
import type { Millis } from '../../core/base/time.ts';
import type { LoadedConfig } from '../../core/config/read.ts';
import type { Finding } from '../../core/detect/finding.ts';
import type { Event, UnparsedReason } from '../../core/event/event.ts';
import type { Query } from '../../core/query/tree.ts';
import type { AuditVerdict } from '../audit/index.ts';
import type { Provisioned, ProvisionFailure } from '../field/index.ts';
import type { ReadFailure } from '../host-integration/config-file/index.ts';
import type { SearchEvent } from '../segments/index.ts';

/** Where a command writes to. */
export interface Output {
  /** Width of the terminal; undefined where it is none, and nothing is cut. */
  readonly columns: number | undefined;
  /** Resolves when the text is handed over: `closed` when nobody reads any more. @throws errno errors, e.g. ENOSPC */
  write(text: string): Promise<'written' | 'closed'>;
}

/** `not_running`: no socket, or nobody behind it. `denied`: not root. `failed`: no sensible answer, or none in time. */
export type ControlCode = 'not_running' | 'denied' | 'failed';

/** What a running Bartizan answered: an HTTP status and its JSON. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface ControlRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** With its query. */
  readonly path: string;
  readonly body?: unknown;
  /** The etag that was read, where the order goes by it. */
  readonly ifMatch?: string;
  /** How long the answer may take; as for all others without it. */
  readonly within?: Millis;
  /** Aborted when nobody waits for the answer any longer; what was asked for stands. */
  readonly signal?: AbortSignal;
}

/** While it is held, Ctrl-C does not end the program: it aborts the signal. */
export interface Interrupts extends Disposable {
  readonly signal: AbortSignal;
}

/** What was read of a log so far. */
export interface LogProgress {
  readonly lines: number;
  readonly events: number;
  readonly unparsed: Readonly<Partial<Record<UnparsedReason, number>>>;
}

/** A batch of results in the order of the log, and the progress after it. The last batch may be empty. */
export interface LogBatch<T> {
  readonly results: readonly T[];
  readonly progress: LogProgress;
}

/** Runs a recorded log in constant memory. Both iterables end when the chunks end and reject when the chunks reject. */
export interface LogRunner {
  /** Names of the registered parsers. */
  readonly parsers: readonly string[];
  parse(chunks: AsyncIterable<Uint8Array>, parser: string): AsyncIterable<LogBatch<Event>>;
  /** Through the detectors, on event time. */
  replay(chunks: AsyncIterable<Uint8Array>, parser: string): AsyncIterable<LogBatch<Finding>>;
}

/** Searches the events in a directory of segments. */
export type EventSearch = (directory: string, query: Query) => AsyncIterable<SearchEvent>;

/** A config for an appliance that never had one: a file, or `-` for standard input. */
export interface ProvisionOptions {
  readonly file: string;
  readonly state?: string;
  readonly origin: string;
  /** Whoever hands it over marks it as used afterwards. */
  readonly isMarkedLater: boolean;
}

export interface ServeOptions {
  readonly config?: string;
  readonly state?: string;
  /** Overrides the config for this run. */
  readonly mode?: 'enforce' | 'observe';
}

export type Flashing = Pick<typeof import('../flash/index.ts'), 'flash' | 'flashPlan' | 'sizeText'>;

export type ControllerProgram = typeof import('../controller/index.ts');

/** What the commands need of the world. */
export interface CliDeps {
  readonly version: string;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly logs: LogRunner;
  /** Puts a question to whoever sits at the terminal. `nobody`: there is none. */
  confirm(question: string): Promise<'yes' | 'no' | 'nobody'>;
  /** The address from which this shell was reached by ssh; undefined where it was not, or nothing tells. */
  cameFrom(): Ip | undefined;
  now(): Millis;
  /** Resolves after that time, or as soon as the signal aborts. */
  pause(time: Millis, signal: AbortSignal): Promise<void>;
  interrupts(): Interrupts;
  /** The events of the Bartizan whose state is in this directory, or in one of the usual ones; it need not run. */
  searchEvents(state: string | undefined, query: Query): Result<AsyncIterable<SearchEvent>, 'missing'>;
  /** What writes images; loaded for the one command that does. */
  flashing(): Promise<Flashing>;
  /** File of the certificate of the authority that signs this product's images. */
  imageAuthority(): string;
  /** What runs a fleet; loaded for the words that need it. */
  controller(): Promise<ControllerProgram>;
  /** What is made here is dated and drawn by these. */
  readonly world: { readonly clock: Clock; readonly random: Random };
  /** Writes a file that only its owner reads. Rejects with errno errors. */
  writeFile(path: string, content: Uint8Array): Promise<void>;
  /** Runs until it is stopped. @returns the exit code */
  serve(options: ServeOptions): Promise<number>;
  /** Gives the config to the Bartizan whose state is in this directory, or in one of the usual ones; it must not run. */
  provision(options: ProvisionOptions): Promise<Ok<Provisioned> | ProvisionFailure>;
  /** Walks the audit log of the Bartizan whose state is in this directory, or in one of the usual ones; it must not run. */
  verify(state: string | undefined): Promise<AuditVerdict>;
  /** Asks the Bartizan whose state is in this directory, or in one of the usual ones. */
  ask(state: string | undefined, request: ControlRequest): Promise<Result<Answer, ControlCode>>;
  /** Opens a file, or standard input for `-`. The chunks reject with errno errors. */
  openLog(path: string): Promise<Result<AsyncIterable<Uint8Array>, 'unreadable'>>;
  /** Reads the config that `config` or `state` mean, with what a start would say about its sources. */
  readConfig(choice: {
    readonly config?: string;
    readonly state?: string;
  }): Promise<Ok<{ readonly loaded: LoadedConfig; readonly notes: readonly string[] }> | ReadFailure>;
}
