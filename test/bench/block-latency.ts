import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { blockedSet } from '../../actors/firewall/table.ts';
import { openNft } from '../../native/nft/index.ts';
import type { NftPort } from '../../native/nft/port.ts';
import { Daemon, stateDir } from '../support/daemon.ts';
import { Namespace, notRoot } from '../support/namespaces.ts';
import { declareBench } from './bench.ts';
import { following } from './config.ts';
import { workOf } from './processes.ts';
import { quantile, rounded } from './statistics.ts';

const TABLE = 'bartizan';
/** Failed logins that the default threshold wants. */
const FAILURES = 5;
const WARM_UP = 20;
/** After the last line. */
const GRACE_MS = 10_000;

/**
 * The real daemon, enforcing in a namespace, follows a log that grows line by line as syslog daemons write it. The clock
 * of an attacker runs from just before write(2) of the line that completes the brute force until a reading of the set
 * shows the address. The set is read only while somebody is waited for, every millisecond at best: `resolution_ms` is
 * the median distance of two readings, and a figure is at most so much too high. `stall_ms` is the longest time that the
 * bench, which only ever sleeps a millisecond, was kept from running: where it is long, so is the daemon's, and p99 tells of
 * the machine's load instead of the daemon.
 */
export const blockLatency = declareBench({
  name: 'block-latency',
  about: 'from a line appended to a log to the element in the kernel: milliseconds (root)',
  options: {
    seconds: { about: 'of writing', value: 20 },
    rate: { about: 'lines a second', value: 1000 },
    every: { about: 'lines from one attacker to the next', value: 50 },
  },
  run: async ({ seconds, rate, every }, say) => {
    if (notRoot) throw new Error(notRoot);
    using namespace = new Namespace('bench');
    const directory = await stateDir();
    const log = join(directory, 'auth.log');
    const descriptor = openSync(log, 'a');
    await using daemon = new Daemon(directory);
    await daemon.configure(following(log, namespace));
    await daemon.start();
    const port = await openPort(namespace);
    try {
      const flow = new Flow(descriptor, every, port);
      await flow.run(WARM_UP * every, rate);
      flow.forget();
      const before = workOf(daemon.pid).cpu;
      await flow.run(seconds * rate, rate);
      const cpu = workOf(daemon.pid).cpu - before;
      const lines = seconds * rate;
      const figures = { ...flow.figures(), cpu_us_per_line: rounded((cpu / lines) * 1000) };
      say(`${figures.blocks} blocks among ${lines} lines, read every ${figures.resolution_ms} ms`);
      say(
        `p50 ${figures.p50_ms} ms, p99 ${figures.p99_ms} ms, longest ${figures.max_ms} ms; the bench was held up ${figures.stall_ms} ms at most`,
      );
      return figures;
    } finally {
      await port.close();
      closeSync(descriptor);
    }
  },
});

async function openPort(namespace: Namespace): Promise<NftPort> {
  const opened = await openNft({ netns: namespace.name });
  if (!opened.ok) throw new Error(opened.public);
  return opened.value;
}

/** Writes lines at a rate and watches the set for those they give away. */
class Flow {
  readonly #descriptor: number;
  readonly #every: number;
  readonly #port: NftPort;
  /** When the last line of an attacker was written, by address. */
  readonly #awaited = new Map<string, number>();
  #latencies: number[] = [];
  #gaps: number[] = [];
  #lastReading: number | undefined;
  #stall = 0;
  #written = 0;

  constructor(descriptor: number, every: number, port: NftPort) {
    this.#descriptor = descriptor;
    this.#every = Math.max(FAILURES, Math.round(every));
    this.#port = port;
  }

  forget(): void {
    this.#latencies = [];
    this.#gaps = [];
    this.#stall = 0;
  }

  figures() {
    return {
      blocks: this.#latencies.length,
      p50_ms: rounded(quantile(this.#latencies, 0.5), 2),
      p99_ms: rounded(quantile(this.#latencies, 0.99), 2),
      max_ms: rounded(Math.max(...this.#latencies), 2),
      resolution_ms: rounded(quantile(this.#gaps, 0.5), 2),
      stall_ms: rounded(this.#stall, 2),
    };
  }

  /** Resolves when all blocks are in the kernel. */
  async run(lines: number, rate: number): Promise<void> {
    const begun = performance.now();
    const first = this.#written;
    while (this.#written < first + lines || this.#awaited.size > 0) {
      const elapsed = performance.now() - begun;
      if (elapsed > (lines / rate) * 1000 + GRACE_MS) throw new Error(`not blocked: ${[...this.#awaited.keys()]}`);
      const due = first + Math.min(lines, Math.floor((elapsed / 1000) * rate));
      while (this.#written < due) this.#writeLine(this.#written++);
      if (this.#awaited.size > 0) await this.#look();
      else this.#lastReading = undefined;
      const asleep = performance.now();
      await pause(1);
      this.#stall = Math.max(this.#stall, performance.now() - asleep);
    }
  }

  #writeLine(i: number): void {
    const attacker = Math.floor(i / this.#every);
    const place = i % this.#every;
    // Four failures in front, the fifth at the end of the attacker's stretch.
    const isAttack = place < FAILURES - 1 || place === this.#every - 1;
    const address = `203.0.${attacker >> 8}.${attacker & 255}`;
    const message = isAttack ? `Failed password for root from ${address} port 4022 ssh2` : strangers(i);
    const line = `${new Date().toISOString()} edge01 sshd[${1000 + (i % 30_000)}]: ${message}\n`;
    if (place === this.#every - 1) this.#awaited.set(address, performance.now());
    writeSync(this.#descriptor, line);
  }

  async #look(): Promise<void> {
    const listed = await this.#port.list(TABLE, blockedSet(4));
    const now = performance.now();
    if (!listed.ok) throw new Error(listed.public);
    if (this.#lastReading !== undefined) this.#gaps.push(now - this.#lastReading);
    this.#lastReading = now;
    for (const { key } of listed.value) {
      const since = this.#awaited.get(key);
      if (since === undefined) continue;
      this.#awaited.delete(key);
      this.#latencies.push(now - since);
    }
  }
}

/** What else is in the log: failures of addresses that try once, logins, the ends of connections. */
function strangers(i: number): string {
  const peer = `198.${18 + ((i >> 16) & 1)}.${(i >> 8) & 255}.${i & 255} port 4022`;
  switch (i % 3) {
    case 0:
      return `Failed password for invalid user admin from ${peer} ssh2`;
    case 1:
      return `Accepted publickey for ops from 198.51.100.7 port 5022 ssh2: ED25519 SHA256:abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG`;
    default:
      return `Connection closed by authenticating user root ${peer} [preauth]`;
  }
}
