/** What must come of a log of attacks, and what did: findings, blocks and the lines that a search finds. */
import { execFile } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual, promisify } from 'node:util';
import { systemClock } from '../../actors/clock/index.ts';
import { blockedSet } from '../../actors/firewall/table.ts';
import { openStore } from '../../actors/store/index.ts';
import { checkOf } from '../../core/detect/checks.ts';
import type { Finding } from '../../core/detect/finding.ts';
import { Pipeline } from '../../core/detect/pipeline.ts';
import { type Event, isEvent } from '../../core/event/event.ts';
import { EVENTS_DIRECTORY } from '../../core/event/kept.ts';
import { createParsers } from '../../core/event/parsers.ts';
import { UTC } from '../../core/event/syslog-time.ts';
import { findings as findingRecords } from '../../core/keys/records.ts';
import { openNft } from '../../native/nft/index.ts';
import { collect } from '../support/collect.ts';
import { NODE_FLAGS } from '../support/daemon.ts';
import type { Verdict } from '../support/reference/evaluate.ts';
import { expectedOf as judgedBySlowReference, verdictsOf } from '../support/reference/verdicts.ts';

const MAIN = fileURLToPath(new URL('../../bundle/main.js', import.meta.url));
const TABLE = 'bartizan';
/** Stands for the file, whose fingerprint is not known here. */
const SOURCE = 'log';
const run = promisify(execFile);

/** Events by source address; those without one under `-`. */
type Counts = ReadonlyMap<string, number>;

export interface Expected {
  readonly lines: number;
  readonly findings: readonly Verdict[];
  /** Addresses, sorted. */
  readonly blocks: readonly string[];
  readonly counts: Counts;
}

export interface Replayed {
  readonly findings: readonly Verdict[];
  readonly blocks: readonly string[];
  readonly searched: Counts;
}

/** Read by the product's parsers, judged by the reference. */
export function expectedOf(text: string): Expected {
  const pipeline = new Pipeline(createParsers({ zone: UTC }), []);
  const receivedAt = systemClock.now();
  const counts = new Map<string, number>();
  const events: Event[] = [];
  let offset = 0;
  let lines = 0;
  for (const line of text.trimEnd().split('\n')) {
    const position = { source: SOURCE, offset };
    const parsed = pipeline.parse({ text: line, position, receivedAt, provenance: 'file' }, 'syslog');
    if (isEvent(parsed)) events.push(parsed);
    const ip = (isEvent(parsed) ? parsed.sourceIp : undefined) ?? '-';
    counts.set(ip, (counts.get(ip) ?? 0) + 1);
    offset += Buffer.byteLength(line) + 1;
    lines++;
  }
  const findings = judgedBySlowReference(events);
  return { lines, findings, blocks: blocksOf(findings), counts };
}

/** Every address that a finding is ground to block, which is what an hourly cap of none comes to. */
function blocksOf(findings: readonly Verdict[]): readonly string[] {
  const granted = findings.filter(
    ({ check, subject }) => subject.kind === 'ip' && checkOf(check)?.response?.kind === 'block',
  );
  return [...new Set(granted.map(({ subject }) => subject.value))].sort();
}

/** What is not as it must be, in words. */
export function differences(expected: Expected, { findings, blocks, searched }: Replayed): readonly string[] {
  const wrong: string[] = [];
  if (!isDeepStrictEqual(findings, expected.findings)) {
    wrong.push(
      `${findings.length} findings are not the ${expected.findings.length} of the reference${firstOf(findings, expected.findings)}`,
    );
  }
  if (!isDeepStrictEqual(blocks, expected.blocks)) {
    wrong.push(
      `the kernel blocks ${blocks.length} addresses, not the ${expected.blocks.length} expected${firstOf(blocks, expected.blocks)}`,
    );
  }
  const sorted = (counts: Counts) => [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  const [have, want] = [sorted(searched), sorted(expected.counts)];
  if (!isDeepStrictEqual(have, want)) wrong.push(`a search does not count what was in the log${firstOf(have, want)}`);
  return wrong;
}

function firstOf(have: readonly unknown[], want: readonly unknown[]): string {
  const at = want.findIndex((one, i) => !isDeepStrictEqual(one, have[i]));
  return `; first ${JSON.stringify(have[at])} instead of ${JSON.stringify(want[at])}`;
}

/** Of a store that no daemon has open. */
export async function findingsIn(stateDirectory: string): Promise<readonly Verdict[]> {
  const opened = await openStore({ stateDirectory, clock: systemClock, log: () => {}, onDamage: () => {} });
  if (!opened.ok) throw new Error(opened.public);
  const { records, service } = opened.value;
  const rows = await collect(records.list(findingRecords, [], {}));
  await service.stop();
  return verdictsOf(rows.map(([, finding]) => anywhere(finding)));
}

const anywhere = (finding: Finding): Finding => ({
  ...finding,
  first: { ...finding.first, source: SOURCE },
  last: { ...finding.last, source: SOURCE },
});

/** Addresses that the kernel blocks, sorted. */
export async function blockedIn(netns: string): Promise<readonly string[]> {
  const opened = await openNft({ netns });
  if (!opened.ok) throw new Error(opened.public);
  try {
    const sets = await Promise.all(([4, 6] as const).map((family) => opened.value.list(TABLE, blockedSet(family))));
    return sets
      .flatMap((set) => {
        if (!set.ok) throw new Error(set.public);
        return set.value.map(({ key }) => key);
      })
      .sort();
  } finally {
    await opened.value.close();
  }
}

/** What `bartizan search` counts. */
export async function searchedIn(stateDirectory: string): Promise<Counts> {
  const query = '* | count by ip top 10000';
  const args = [...NODE_FLAGS, MAIN, 'search', query, '--state', stateDirectory, '--json'];
  const { stdout } = await run(process.execPath, args, { maxBuffer: 1 << 26 });
  const rows = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { readonly ip?: string; readonly count: number });
  return new Map(rows.map(({ ip, count }) => [ip ?? '-', count]));
}

/** Of everything that the events take on disk. */
export async function bytesIn(stateDirectory: string): Promise<number> {
  const directory = join(stateDirectory, EVENTS_DIRECTORY);
  const sizes = await Promise.all((await readdir(directory)).map((name) => stat(join(directory, name))));
  return sizes.reduce((sum, { size }) => sum + size, 0);
}
