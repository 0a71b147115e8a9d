import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { DAEMON_FLAGS } from '../support/daemon.ts';
import { declareBench } from './bench.ts';
import { STATUS_PATH, TOKEN } from './http-api.ts';

const SERVER = join(import.meta.dirname, 'http-server.js');
/** The kernel's ticks in a second, in /proc/PID/stat. */
const TICKS = 100;

interface Load {
  readonly seconds: number;
  readonly connections: number;
}

interface Sample {
  readonly requests_per_s: number;
  readonly p99_ms: number;
  /** The server's processor time for one request. */
  readonly us_per_request: number;
  /** Of one core. */
  readonly busy: number;
}

/**
 * `GET /api/v1/status` with a token, against the same engine sending the same bytes without us and against fastify's
 * hello, all by HTTPS on kept connections. Server and load generator (wrk) each have a core of their own where there are
 * two. The three take turns, so that all meet whatever else the machine does; figures are medians of the turns.
 */
export const http = declareBench({
  name: 'http',
  about: 'requests a second and latency of an authenticated GET, beside the bare engine and fastify (wrk)',
  options: {
    turns: { about: 'of each server', value: 5 },
    seconds: { about: 'of load in a turn', value: 4 },
    connections: { about: 'kept open', value: 64 },
    node: { about: '1 measures node:https instead', value: 0 },
    shared: { about: '0 makes every answer anew, where requests of one turn share it otherwise', value: 1 },
  },
  run: async ({ turns, seconds, connections, node, shared }, say) => {
    const engine = node === 1 ? 'node' : 'uwebsockets';
    const servers = {
      api: await startServer('api', engine, shared === 0 ? 'unshared' : 'shared'),
      bytes: await startServer('bytes', engine),
      fastify: await startServer('fastify'),
    };
    const samples: Record<keyof typeof servers, Sample[]> = { api: [], bytes: [], fastify: [] };
    try {
      for (let turn = 0; turn < turns; turn++)
        for (const [name, server] of Object.entries(servers)) {
          await load(server, { seconds: 1, connections });
          const sample = await load(server, { seconds, connections });
          samples[name as keyof typeof servers].push(sample);
          say(`${name.padEnd(8)} ${JSON.stringify(sample)}`);
        }
    } finally {
      for (const { child } of Object.values(servers)) child.stdin?.end();
    }
    const of = (name: keyof typeof servers, key: keyof Sample) => median(samples[name].map((sample) => sample[key]));
    const ratio = (key: keyof Sample, other: 'bytes' | 'fastify') =>
      median(samples.api.map((sample, i) => sample[key] / (samples[other][i]?.[key] ?? Number.NaN)));
    return {
      engine: node === 1 ? 'node:https' : 'uWebSockets.js',
      answers: shared === 0 ? 'made for each' : 'shared within a turn',
      requests_per_s: of('api', 'requests_per_s'),
      requests_per_s_same_bytes: of('bytes', 'requests_per_s'),
      requests_per_s_fastify: of('fastify', 'requests_per_s'),
      ratio_same_bytes: rounded(ratio('requests_per_s', 'bytes'), 3),
      ratio_fastify: rounded(ratio('requests_per_s', 'fastify'), 3),
      ratio_cpu_same_bytes: rounded(1 / ratio('us_per_request', 'bytes'), 3),
      us_per_request: of('api', 'us_per_request'),
      p99_ms: of('api', 'p99_ms'),
    };
  },
});

interface Server {
  readonly child: ChildProcess;
  readonly port: number;
}

/** Fastify compiles its serializers, so it alone runs without the flag that forbids that. */
async function startServer(kind: string, ...more: readonly string[]): Promise<Server> {
  const flags = kind === 'fastify' ? [] : DAEMON_FLAGS;
  const [program, args] = pinned(0, process.execPath, [...flags, SERVER, kind, ...more]);
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, port: Number(line) };
}

/** The command on one core, where there are two. */
export const pinned = (core: number, program: string, args: readonly string[]): [program: string, args: string[]] =>
  availableParallelism() < 2 ? [program, [...args]] : ['taskset', ['-c', String(core), program, ...args]];

async function load({ child, port }: Server, { seconds, connections }: Load): Promise<Sample> {
  const before = cpuMs(child.pid ?? 0);
  const url = `https://127.0.0.1:${port}${STATUS_PATH}`;
  const [program, args] = pinned(1, 'wrk', [
    ...['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', '-H', `Authorization: Bearer ${TOKEN}`],
    url,
  ]);
  const wrk = spawn(program, args);
  let text = '';
  wrk.stdout.on('data', (piece: Buffer) => {
    text += piece;
  });
  await once(wrk, 'close');
  const cpu = cpuMs(child.pid ?? 0) - before;
  const count = Number(/(\d+) requests in/.exec(text)?.[1]);
  if (!(count > 0) || /Non-2xx|Socket errors/.test(text)) throw new Error(`wrk says:\n${text}`);
  return {
    requests_per_s: Math.round(Number(/Requests\/sec:\s*([\d.]+)/.exec(text)?.[1])),
    p99_ms: rounded(millisOf(/99%\s+([\d.]+)(us|ms|s)/.exec(text)), 2),
    us_per_request: rounded((cpu * 1000) / count, 2),
    busy: rounded(cpu / (seconds * 1000), 2),
  };
}

function millisOf(found: RegExpExecArray | null): number {
  const unit = { us: 0.001, ms: 1, s: 1000 }[found?.[2] ?? ''] ?? Number.NaN;
  return Number(found?.[1]) * unit;
}

function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  return ((Number(fields[11]) + Number(fields[12])) / TICKS) * 1000;
}

export const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
