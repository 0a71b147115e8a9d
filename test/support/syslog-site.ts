import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { systemRandom } from '../../actors/clock/index.ts';
import {
  type Limits,
  type NetworkBatch,
  openNetwork,
  type SyslogListener,
  SyslogReceiver,
  type TlsSettings,
} from '../../actors/watchers/syslog/index.ts';
import type { Component } from '../../core/base/component.ts';
import { millis } from '../../core/base/time.ts';
import type { RawLine } from '../../core/event/event.ts';
import { UTC } from '../../core/event/syslog-time.ts';
import { Authority } from './certificates.ts';
import { cidrs } from './cidrs.ts';
import { realClock } from './real-clock.ts';
import { until } from './until.ts';

export const LOOPBACK = cidrs('127.0.0.0/8', '::1/128');

/** A receiver on real sockets of the loopback interface, and everything it hands on. */
export interface SyslogSite {
  readonly receiver: SyslogReceiver;
  readonly lines: RawLine[];
  /** The port of the nth listener. */
  port(index?: number): number;
  component(transport: SyslogListener['transport']): Component;
  /** `host program[pid] message provenance` of each line, once there are as many. */
  read(count: number): Promise<readonly string[]>;
  /** Set to keep the pipeline from taking anything until it resolves. */
  gate: Promise<void>;
}

export const listener = (
  transport: SyslogListener['transport'],
  more: Partial<SyslogListener> = {},
): SyslogListener => ({
  transport,
  at: { address: '127.0.0.1', port: 0 },
  parser: 'sshd',
  allowed: LOOPBACK,
  ...more,
});

export async function syslogSite(
  t: TestContext,
  listeners: readonly SyslogListener[],
  limits: Partial<Limits> = {},
): Promise<SyslogSite> {
  const lines: RawLine[] = [];
  const components = new Map<string, Component>();
  const submit = async ({ lines: batch }: NetworkBatch): Promise<void> => {
    await site.gate;
    lines.push(...batch);
  };
  const receiver = new SyslogReceiver({
    listeners,
    sink: { submit },
    network: openNetwork(),
    clock: realClock,
    random: systemRandom,
    zone: UTC,
    report: (component) => components.set(component.name, component),
    limits: { sweepEvery: millis(50), ...limits },
  });
  const site: SyslogSite = {
    receiver,
    lines,
    gate: Promise.resolve(),
    port: (index = 0) => receiver.endpoints[index]?.at?.port ?? 0,
    component: (transport) => {
      const found = [...components.values()].find(({ name }) => name.startsWith(`syslog:${transport}:`));
      assert.ok(found !== undefined, transport);
      return found;
    },
    read: async (count) => {
      await until(`${count} lines`, () => lines.length >= count).catch((cause: unknown) => {
        throw new Error(`got ${JSON.stringify(lines.map(show))}`, { cause });
      });
      return lines.map(show);
    },
  };
  t.after(() => receiver.stop());
  await receiver.start((cause) => assert.fail(`crashed: ${String(cause)}`));
  return site;
}

const show = ({ header, text, flaw, provenance }: RawLine): string =>
  flaw ?? `${header?.host} ${header?.program}[${header?.pid ?? ''}] ${text} ${provenance}`;

/** Certificate files of a TLS listener, and of who may connect to it. */
export function tlsFiles(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'bartizan-tls-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const authority = new Authority('Test Authority');
  const write = (name: string, text: string): string => {
    const path = join(directory, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const server = authority.issue({ commonName: 'localhost', names: ['localhost'], usage: 'server' });
  const caFile = write('ca.pem', authority.cert);
  const settings: TlsSettings = {
    certFile: write('server.pem', server.cert),
    keyFile: write('server.key', server.key),
    clientCaFile: caFile,
    clients: 'optional',
    peers: [],
    relays: [],
  };
  return { directory, authority, write, caFile, settings };
}
