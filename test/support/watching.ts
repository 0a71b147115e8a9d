/** What a daemon that watches says, asked until it says it. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Daemon, NODE_FLAGS } from './daemon.ts';
import { waitFor } from './wait-for.ts';

export interface SaidOfItself {
  readonly name: string;
  readonly state: string;
  readonly message?: string;
  readonly detail?: string;
  readonly counters: Readonly<Record<string, number>>;
}

export interface FoundFinding {
  readonly check: string;
  readonly source_ip?: string;
  readonly message: string;
}

export async function components(daemon: Daemon): Promise<readonly SaidOfItself[]> {
  return (await daemon.call('GET', '/api/v1/status')).body.components;
}

/** Waits for a component to be as wanted. */
export const component = (
  daemon: Daemon,
  name: string,
  wanted: (said: SaidOfItself) => boolean,
): Promise<SaidOfItself> =>
  waitFor(
    `the component ${name}`,
    async () => (await components(daemon)).find((said) => said.name.startsWith(name) && wanted(said)),
    { withinMs: 60_000 },
  );

/** Waits for a finding of this check, about this address where one is given. */
export const finding = (daemon: Daemon, check: string, ip?: string): Promise<FoundFinding> =>
  waitFor(
    `the finding ${check} ${ip ?? ''}`,
    async () => {
      const body = (await daemon.call('GET', '/api/v1/findings')).body as readonly FoundFinding[];
      return body.find((found) => found.check === check && (ip === undefined || found.source_ip === ip));
    },
    { withinMs: 60_000 },
  );

/** Addresses that are blocked, sorted. */
export async function blocked(daemon: Daemon): Promise<readonly string[]> {
  const { body } = await daemon.call('GET', '/api/v1/blocked-ips');
  return body.map(({ ip }: { readonly ip: string }) => ip).sort();
}

/** Waits until exactly these are blocked: what is told last is told behind everything before it. */
export const blocks = (daemon: Daemon, ...ips: readonly string[]): Promise<true> =>
  waitFor(`blocks of ${ips.join(', ')}`, async () => {
    const found = await blocked(daemon);
    return ips.every((ip) => found.includes(ip)) ? true : undefined;
  });

const MAIN = fileURLToPath(new URL('../../bundle/main.js', import.meta.url));

/** Rows of `bartizan search`, among what is on disk by now. */
export async function search(daemon: Daemon, query: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const command = [...NODE_FLAGS, MAIN, 'search', query, '--json', '--state', daemon.state];
  const { stdout } = await promisify(execFile)(process.execPath, command, { maxBuffer: 64 * 1024 * 1024 });
  return stdout.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []));
}
