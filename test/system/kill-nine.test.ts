import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '../../actors/clock/index.ts';
import { openStore } from '../../actors/store/index.ts';
import { checkOf, createDetectors } from '../../core/detect/checks.ts';
import type { Finding } from '../../core/detect/finding.ts';
import { Pipeline } from '../../core/detect/pipeline.ts';
import { Replay } from '../../core/detect/replay.ts';
import { createParsers } from '../../core/event/parsers.ts';
import { decisions, findings } from '../../core/keys/records.ts';
import type { Decision } from '../../core/respond/decision.ts';
import { Daemon, stateDir } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { Namespace, notRoot } from '../support/namespaces.ts';
import { SEED, seeded } from '../support/random.ts';
import { waitFor } from '../support/wait-for.ts';

/** `BARTIZAN_KILL_ROUNDS` gives another number. */
const ROUNDS = Number(process.env['BARTIZAN_KILL_ROUNDS'] ?? 20);
const LINES_A_ROUND = 120;
const SOURCES = 40;

/** Failures of many sources, interleaved; some stay below the threshold, none repeats a line. */
function* failures(random: () => number, from: number): Generator<string> {
  for (let at = from; ; at += 1000) {
    const source = `203.0.113.${1 + Math.floor(random() ** 2 * SOURCES)}`;
    const time = new Date(at).toISOString();
    const port = 1024 + Math.floor(random() * 60_000);
    yield `${time} edge01 sshd[${port}]: Failed password for root from ${source} port ${port} ssh2\n`;
  }
}

async function undisturbed(log: string): Promise<string[]> {
  const pipeline = new Pipeline(createParsers({ zone: () => 0 }), createDetectors());
  const run = new Replay({ pipeline, parser: 'sshd', receivedAt: systemClock.now(), provenance: 'file' });
  const found: string[] = [];
  const take = (items: ReturnType<Replay['end']>): void => {
    for (const item of items) if (item.kind === 'finding') found.push(item.finding.id);
  };
  for await (const chunk of createReadStream(log)) take(run.feed(chunk as Uint8Array));
  take(run.end());
  return found.sort();
}

async function stored(state: string): Promise<{ readonly findings: Finding[]; readonly active: Decision[] }> {
  const store = await openStore({ stateDirectory: state, clock: systemClock, log: () => {}, onDamage: () => {} });
  assert.ok(store.ok);
  const { records, service } = store.value;
  const made: Finding[] = [];
  const active: Decision[] = [];
  for await (const [, finding] of records.list(findings, [])) made.push(finding);
  for await (const [, decision] of records.find(decisions, 'state', ['active'])) active.push(decision);
  await service.stop();
  return { findings: made, active };
}

test(`${ROUNDS} times kill -9 in a stream of failures: no finding lost, none doubled, kernel as decided`, {
  skip: notRoot,
  timeout: ROUNDS * 15_000 + 60_000,
}, async () => {
  using edge = new Namespace('edge');
  await using daemon = new Daemon(await stateDir());
  const random = seeded(SEED);
  const log = join(daemon.state, 'auth.log');
  await writeFile(log, '');
  await daemon.configure(`
webui: { listen: '127.0.0.1:${await freePort()}' }
firewall: { enabled: true, netns: ${edge.name} }
watchers: { files: [{ path: ${log}, parser: sshd }] }
`);
  const lines = failures(random, Date.now() - 3_600_000);
  let written = 0;
  const write = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      await appendFile(log, lines.next().value ?? '');
      written++;
      if (i % 10 === 0) await pause(random() * 4);
    }
  };
  for (let round = 0; round < ROUNDS; round++) {
    const writing = write(LINES_A_ROUND);
    if (round % 3 === 0) daemon.launch().catch(() => {});
    else await daemon.start();
    await pause(random() * (round % 3 === 0 ? 1500 : 400));
    await daemon.kill();
    await writing;
  }
  await daemon.start();
  await write(LINES_A_ROUND);
  const expected = await undisturbed(log);
  assert.ok(expected.length > ROUNDS, `only ${expected.length} findings in ${written} lines`);
  await waitFor('all findings', async () => {
    const { body } = await daemon.call('GET', '/api/v1/status');
    return body.history_count >= expected.length ? true : undefined;
  });
  await daemon.stop();
  const kept = await stored(daemon.state);
  assert.deepEqual(kept.findings.map(({ id }) => id).sort(), expected);
  const blocked = new Set(kept.active.map(({ ip }) => ip as string));
  assert.deepEqual(
    kept.findings.filter(
      ({ check, subject }) => checkOf(check)?.response.kind === 'block' && !blocked.has(subject.value),
    ),
    [],
    'every finding that blocks was acted upon',
  );
  const listed = await edge.run('nft', '-j', 'list', 'set', 'inet', 'bartizan', 'blocked4');
  assert.deepEqual(elementsOf(listed), kept.active.map(({ ip, id }) => `${ip} ${id}`).sort());
  console.log(`${ROUNDS} kills, ${written} lines, ${expected.length} findings, ${kept.active.length} blocks`);
});

interface Listed {
  readonly nftables: readonly {
    readonly set?: { readonly elem?: readonly { readonly elem: { readonly val: string; readonly comment: string } }[] };
  }[];
}

const elementsOf = (json: string): string[] =>
  (JSON.parse(json) as Listed).nftables
    .flatMap(({ set }) => set?.elem ?? [])
    .map(({ elem }) => `${elem.val} ${elem.comment}`)
    .sort();
