import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../actors/clock/index.ts';
import { openStore } from '../../actors/store/index.ts';
import { type DecisionId, uuidv7 } from '../../core/base/ids.ts';
import type { Ip } from '../../core/base/ip.ts';
import type { Random } from '../../core/base/ports.ts';
import { days, type Millis } from '../../core/base/time.ts';
import { decisions } from '../../core/keys/records.ts';
import type { Decision } from '../../core/respond/decision.ts';
import { Daemon } from '../support/daemon.ts';
import { mulberry32 } from '../support/mulberry.ts';
import { Namespace, notRoot } from '../support/namespaces.ts';
import { waitFor } from '../support/wait-for.ts';
import { declareBench } from './bench.ts';
import { holdingsOf, workOf } from './processes.ts';
import { rounded } from './statistics.ts';

/** Decisions in one batch while the store is filled. */
const BATCH = 5000;
const START_WITHIN_MS = 120_000;

/**
 * The real daemon starts on a store full of blocks, in a namespace whose kernel is empty, then again on what its first run
 * left there. `start_to_enforced_s` is from the making of the process to its own word that the kernel holds all of them,
 * `start_cpu_s` what it has spent on all its threads by then, which a busy machine does not change.
 */
export const ownBlocks = declareBench({
  name: 'own-blocks',
  about: 'a start with very many blocks of our own: until the kernel holds them, and what they cost in memory (root)',
  options: { blocks: { about: 'on record', value: 500_000 } },
  run: async ({ blocks }, say) => {
    if (notRoot) throw new Error(notRoot);
    using namespace = new Namespace('bench');
    const directory = await mkdtemp(join(tmpdir(), 'bartizan-bench-'));
    await using daemon = new Daemon(directory);
    await daemon.configure(
      `webui: { listen: '127.0.0.1:0' }\nfirewall: { enabled: true, netns: ${namespace.name}, max_blocks: ${Math.max(blocks, 1000)} }\n`,
    );
    await daemon.start('--observe');
    await daemon.stop();
    await daemon.start('--observe');
    const empty = holdingsOf(daemon.pid).pss;
    await daemon.stop();
    await fill(directory, blocks);
    const fresh = await start(daemon, blocks);
    const rss = holdingsOf(daemon.pid).pss;
    await daemon.kill();
    const again = await start(daemon, blocks);
    await daemon.stop();
    await rm(directory, { recursive: true, force: true });
    say(
      `${blocks} blocks: ${fresh.enforced} s on an empty kernel, ${again.enforced} s on a full one; ${rounded(rss)} MiB`,
    );
    return {
      start_to_enforced_s: fresh.enforced,
      restart_to_enforced_s: again.enforced,
      start_to_answer_s: fresh.answered,
      start_cpu_s: fresh.cpu,
      restart_cpu_s: again.cpu,
      rss_mb: rounded(rss, 1),
      bytes_per_block: Math.round(((rss - empty) * 1024 * 1024) / blocks),
    };
  },
});

async function start(daemon: Daemon, blocks: number) {
  const printed = daemon.output.length;
  const begun = Date.now();
  void daemon.launch('--enforce');
  const enforced = await waitFor('the kernel to hold all blocks', async () => inLine(daemon.output.slice(printed)), {
    withinMs: START_WITHIN_MS,
  });
  const { cpu } = workOf(daemon.pid);
  const answered = await waitFor(
    'the daemon to answer',
    async () => {
      const { body } = await daemon.call('GET', '/api/v1/status').catch(() => ({ body: undefined }));
      return body?.blocklist_size === blocks ? Date.now() : undefined;
    },
    { withinMs: START_WITHIN_MS },
  );
  return {
    enforced: rounded((enforced - begun) / 1000, 2),
    answered: rounded((answered - begun) / 1000, 2),
    cpu: rounded(cpu / 1000, 2),
  };
}

/** When the daemon said that the kernel is in line. */
function inLine(output: string): number | undefined {
  const line = output.split('\n').find((one) => one.includes('kernel in line with decisions'));
  if (line === undefined) return undefined;
  const { time } = JSON.parse(line);
  return typeof time === 'number' ? time : Date.parse(time);
}

/** Blocks by hand of the last 30 days that last for 30 more, one in eight for an IPv6 address. */
async function fill(stateDirectory: string, blocks: number): Promise<void> {
  const opened = await openStore({ stateDirectory, clock: systemClock, log: () => {}, onDamage: () => {} });
  if (!opened.ok) throw new Error(opened.public);
  const chance = mulberry32(1);
  const random = { bytes: (count: number) => Uint8Array.from({ length: count }, () => Math.floor(chance() * 256)) };
  const now = systemClock.now();
  for (let i = 0; i < blocks; i += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, blocks - i) }, (_, j) => decisionOf(i + j, now, random));
    const done = await opened.value.records.write(async (writes) => {
      for (const decision of batch) await writes.put(decisions, [decision.id], decision);
    });
    if (!done.ok) throw new Error(done.public);
  }
  await opened.value.service.stop();
}

function decisionOf(i: number, now: Millis, random: Random): Decision {
  const at = Math.floor(now - (days(30) * ((i * 7919) % 1000)) / 1000 - i) as Millis;
  const mixed = (Math.imul(i, 2_654_435_761) >>> 0) % 2 ** 24;
  const ip =
    i % 8 === 0
      ? `2001:db8:${(mixed >> 12).toString(16)}:${((mixed & 0xfff) | 0x1000).toString(16)}::1`
      : `${20 + ((mixed >> 16) % 60)}.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;
  return {
    id: uuidv7(at, random) as DecisionId,
    kind: 'block',
    ip: ip as Ip,
    reason: 'SSH brute force: 5 failed logins of 3 users within 5 minutes',
    origin: 'api',
    actor: 'importer',
    findings: [],
    at,
    expiresAt: (at + days(60)) as Millis,
    state: 'active',
  };
}
