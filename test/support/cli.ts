import type { ControllerProgram } from '../../actors/cli/deps.ts';
import { type CliDeps, type ControlRequest, type LogBatch, runCli, type ServeOptions } from '../../actors/cli/index.ts';
import { systemClock, systemRandom } from '../../actors/clock/index.ts';
import { placeIn } from '../../actors/controller/place.ts';
import type { SearchEvent } from '../../actors/segments/index.ts';
import type { FindingId } from '../../core/base/ids.ts';
import type { Ip } from '../../core/base/ip.ts';
import { fail, ok } from '../../core/base/result.ts';
import { millis } from '../../core/base/time.ts';
import { parseConfig } from '../../core/config/read.ts';
import type { Finding } from '../../core/detect/finding.ts';
import type { Event } from '../../core/event/event.ts';
import type { Query } from '../../core/query/tree.ts';

export const FINDING: Finding = {
  id: '01980000-0000-8000-8000-000000000000' as FindingId,
  at: millis(Date.UTC(2026, 0, 2, 3, 4, 5)),
  check: 'ssh_bruteforce',
  severity: 'high',
  subject: { kind: 'ip', value: '192.0.2.66' },
  message: '5 failed logins as \u001b[31mroot',
  firstAt: millis(Date.UTC(2026, 0, 2, 3, 4, 1)),
  count: 5,
  first: { source: 'a', offset: 0 },
  last: { source: 'a', offset: 400 },
  provenance: 'file',
};

export const EVENT: Event = {
  at: millis(0),
  position: { source: 'a', offset: 0 },
  provenance: 'file',
  category: 'authentication',
  action: 'ssh_failed_password',
  outcome: 'failure',
  user: 'x\u202ey',
  message: 'Failed',
};

async function* batches<T>(chunks: AsyncIterable<Uint8Array>, result: T): AsyncIterable<LogBatch<T>> {
  let lines = 0;
  for await (const chunk of chunks) {
    lines += chunk.length;
    yield { results: [result], progress: { lines, events: lines - 1, unparsed: { 'no-header': 1, binary: 0 } } };
  }
}

async function* chunksOf(...sizes: readonly number[]): AsyncIterable<Uint8Array> {
  for (const size of sizes) yield new Uint8Array(size);
}

export interface World {
  readonly answer?: { readonly status: number; readonly body: unknown };
  /** What it says by path, where that is not always the same. */
  readonly answers?: Readonly<Record<string, unknown>>;
  /** What it says in turn where it is asked one path again and again; the last one stays. A text: it does not answer. */
  readonly turns?: Readonly<Record<string, readonly unknown[]>>;
  /** Ctrl-C is pressed at so many pauses. */
  readonly interruptedAt?: number;
  readonly config?: string;
  readonly stdoutClosed?: boolean;
  /** What somebody at the terminal answers; nobody sits there unless given. */
  readonly says?: 'yes' | 'no';
  readonly cameFrom?: Ip;
  readonly imageAuthority?: string;
  /** What there is to say of the audit log. */
  readonly verified?: Awaited<ReturnType<CliDeps['verify']>>;
  /** What becomes of a first config. */
  readonly provision?: Awaited<ReturnType<CliDeps['provision']>>;
  /** What a search tells. */
  readonly events?: readonly SearchEvent[];
  /** What a fleet's controller says by path; with status 404 it has nothing. None runs unless given. */
  readonly controller?: Readonly<Record<string, unknown>>;
}

/** As much of a controller as words ask that order something. */
function controllerOf(answers: Readonly<Record<string, unknown>>): ControllerProgram {
  const program: Pick<ControllerProgram, 'askController' | 'placeIn' | 'CONTROLLER_STATE'> = {
    askController: async (_, { path }) =>
      ok(path in answers ? { status: 200, body: answers[path] } : { status: 404, body: {} }),
    placeIn,
    CONTROLLER_STATE: '/var/lib/bartizan-controller',
  };
  return program as ControllerProgram;
}

async function* told(events: readonly SearchEvent[]): AsyncIterable<SearchEvent> {
  yield* events;
}

/** Runs a command line in a made-up world and tells all it did. */
export async function runCommand(argv: readonly string[], world: World = {}) {
  let out = '';
  let err = '';
  const asked: (ControlRequest & { state?: string })[] = [];
  const served: ServeOptions[] = [];
  const provisioned: unknown[] = [];
  const written: Record<string, string> = {};
  const searched: Query[] = [];
  const caught = new AbortController();
  const turns = new Map(Object.entries(world.turns ?? {}).map(([path, bodies]) => [path, [...bodies]]));
  let pauses = 0;
  const deps: CliDeps = {
    version: '1.2.3',
    stdout: {
      columns: 100,
      write: async (text) => {
        if (world.stdoutClosed === true) return 'closed';
        out += text;
        return 'written';
      },
    },
    stderr: {
      columns: undefined,
      write: async (text) => {
        err += text;
        return 'written';
      },
    },
    confirm: async (question) => {
      err += question;
      return world.says ?? 'nobody';
    },
    logs: {
      parsers: ['sshd'],
      parse: (chunks) => batches(chunks, EVENT),
      replay: (chunks) => batches(chunks, FINDING),
    },
    cameFrom: () => world.cameFrom,
    now: () => millis(Date.UTC(2026, 0, 2)),
    pause: async () => {
      pauses++;
      if (pauses === world.interruptedAt) caught.abort();
    },
    interrupts: () => {
      if (world.interruptedAt === 0) caught.abort();
      return { signal: caught.signal, [Symbol.dispose]: () => undefined };
    },
    searchEvents: (state, query) => {
      searched.push(query);
      return world.events === undefined ? fail('missing', `nothing in ${state ?? '.'}`) : ok(told(world.events));
    },
    verify: async () => world.verified ?? fail('unreadable', 'there is no store'),
    provision: async (options) => {
      provisioned.push(options);
      return world.provision ?? fail('claimed', 'somebody administers it already');
    },
    serve: async (options) => {
      served.push(options);
      return 75;
    },
    ask: async (state, request) => {
      asked.push(state === undefined ? request : { ...request, state });
      const turn = turns.get(request.path);
      const body = turn === undefined ? world.answers?.[request.path] : turn.length > 1 ? turn.shift() : turn[0];
      if (typeof body === 'string') return fail('not_running', body);
      if (body !== undefined) return ok({ status: 200, body });
      return world.answer === undefined ? fail('not_running', 'Bartizan is not running') : ok(world.answer);
    },
    controller: async () => {
      if (world.controller === undefined) throw new Error('no controller is here');
      return controllerOf(world.controller);
    },
    world: { clock: systemClock, random: systemRandom },
    writeFile: async (path, content) => {
      written[path] = Buffer.from(content).toString();
    },
    flashing: () => import('../../actors/flash/index.ts'),
    imageAuthority: () => world.imageAuthority ?? '/none/ca.pem',
    openLog: async (path) =>
      path === '/none' ? fail('unreadable', '/none cannot be read: ENOENT') : ok(chunksOf(2, 3)),
    readConfig: async () => {
      const read = parseConfig(world.config ?? '', 'b.yaml', { hostname: 'h', stateDir: '/s', parsers: ['sshd'] });
      return read.ok ? ok({ loaded: read.value, notes: ['no source'] }) : read;
    },
  };
  return { code: await runCli(argv, deps), out, err, asked, served, searched, provisioned, written };
}
