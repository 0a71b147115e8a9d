import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { Pipeline, type PipelineDeps, type SourceCursor } from '../../../../actors/pipeline/index.ts';
import type { SegmentPosition } from '../../../../actors/segments/index.ts';
import type { Chunk } from '../../../../actors/watchers/files/index.ts';
import type { Ip } from '../../../../core/base/ip.ts';
import { fail, ok } from '../../../../core/base/result.ts';
import { CHECKS } from '../../../../core/detect/checks.ts';
import type { JournalOrigin } from '../../../../core/event/preference.ts';
import { sampleFinding } from '../../../support/sample-finding.ts';
import { settled } from '../../../support/settled.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

type Events = Parameters<PipelineDeps['startWorker']>[1];
type Sent = Parameters<ReturnType<PipelineDeps['startWorker']>['post']>[0];

const placeOf = (cursor: SourceCursor): string =>
  `${cursor.path}@${'offset' in cursor ? cursor.offset : cursor.cursor}`;

const counters = {
  leftToJournal: 0,
  lines: 1,
  events: 1,
  findings: 0,
  unparsed: {
    empty: 0,
    'no-header': 0,
    'bad-time': 0,
    'other-program': 0,
    'unknown-message': 0,
    binary: 0,
    'too-long': 0,
  },
};

/** A worker whose answers the test gives, and a disk that remembers the order of things. */
function bench(options: Partial<Pick<PipelineDeps, 'events' | 'journal'>> & { readonly ready?: SegmentPosition } = {}) {
  const clock = new SimulatedClock();
  const sent: Sent[] = [];
  const did: string[] = [];
  const crashes: unknown[] = [];
  const started: unknown[] = [];
  const state = { diskFails: false, actFails: false };
  let events: Events | undefined;
  const pipeline = new Pipeline({
    checks: { ssh_bruteforce: CHECKS.ssh_bruteforce.defaults },
    clock,
    log: () => {},
    records: {
      load: async () => ({ states: [] }),
      save: async ({ states, cursors, position }) => {
        if (state.diskFails) return fail('lost', 'no disk');
        const reached = position === undefined ? '' : ` ${position.segment}:${position.rows}`;
        did.push(`save ${states.length} ${cursors.map(placeOf).join(',')}${reached}`);
        return ok(undefined);
      },
    },
    ...(options.events === undefined ? {} : { events: options.events }),
    ...(options.journal === undefined ? {} : { journal: options.journal }),
    startWorker: (settings, given) => {
      events = given;
      started.push(settings);
      const position = options.ready === undefined ? {} : { position: options.ready };
      queueMicrotask(() => given.message({ kind: 'ready', skipped: 0, ...position }));
      return { post: (message) => sent.push(message), terminate: async () => void did.push('terminate') };
    },
    record: async (findings) => {
      if (state.actFails) throw new Error('cannot act');
      did.push(`record ${findings.length}`);
    },
    flushed: async () => {
      did.push('flushed');
      return ok(undefined);
    },
  });
  const last = (): number => sent.at(-1)?.sequence ?? 0;
  return {
    clock,
    sent,
    did,
    started,
    crashes,
    state,
    pipeline,
    start: () => pipeline.start((cause) => crashes.push(cause)),
    judged: (sequence: number, findings = [sampleFinding('203.0.113.1')], origins: readonly JournalOrigin[] = []) =>
      events?.message({ kind: 'judged', sequence, findings, counters, origins }),
    /** The answer to the checkpoint asked for last; its events are durable at once. */
    checkpointed: () => {
      events?.message({ kind: 'checkpoint', sequence: last(), changes: [{ check: 'c', changes: [] }] });
      events?.message({ kind: 'durable', sequence: last() });
    },
    says: (message: Parameters<Events['message']>[0]) => events?.message(message),
    die: () => events?.dead(new Error('boom')),
  };
}

const chunk = (path: string, offset: number): Chunk => ({
  path,
  parser: 'sshd',
  fingerprint: 'f',
  provenance: 'file',
  offset: 0,
  bytes: new Uint8Array(offset),
  receivedAt: new SimulatedClock().now(),
  cursor: { path, fingerprint: 'f', offset, dev: '1', ino: '2', anchor: 0 },
});

describe('the pipeline', () => {
  let b: ReturnType<typeof bench>;
  beforeEach(async () => {
    b = bench();
    await b.start();
  });

  test('a chunk is taken when its findings were acted upon', async () => {
    let taken = false;
    const submitted = b.pipeline.submit(chunk('/a', 10)).then(() => {
      taken = true;
    });
    await settled();
    assert.equal(taken, false);
    b.judged(1);
    await submitted;
    assert.deepEqual(b.did, ['record 1']);
  });

  test('within a second cursors follow, behind the findings, the latest of each path', async () => {
    const all = [
      b.pipeline.submit(chunk('/a', 10)),
      b.pipeline.submit(chunk('/a', 20)),
      b.pipeline.submit(chunk('/b', 5)),
    ];
    for (const sequence of [1, 2, 3]) b.judged(sequence, []);
    await Promise.all(all);
    b.clock.advance(999);
    assert.equal(b.sent.at(-1)?.kind, 'chunk');
    b.clock.advance(1);
    assert.equal(b.sent.at(-1)?.kind, 'checkpoint');
    b.checkpointed();
    await settled();
    assert.deepEqual(b.did.slice(-2), ['flushed', 'save 1 /a@20,/b@5']);
    b.clock.advance(5000);
    assert.equal(b.sent.length, 4, 'nothing new, no checkpoint');
  });

  test('a chunk that was not judged yet is in no checkpoint', async () => {
    const first = b.pipeline.submit(chunk('/a', 10));
    b.judged(1);
    await first;
    b.clock.advance(1000);
    const late = b.pipeline.submit(chunk('/a', 20));
    b.checkpointed();
    await settled();
    assert.equal(b.did.at(-1), 'save 1 /a@10');
    b.judged(2);
    b.judged(3);
    await late;
  });

  test('a stop makes durable what was judged', async () => {
    const submitted = b.pipeline.submit(chunk('/a', 10));
    b.judged(1);
    await submitted;
    const stopped = b.pipeline.stop();
    await settled();
    b.checkpointed();
    await stopped;
    assert.deepEqual(b.did.slice(-3), ['flushed', 'save 1 /a@10', 'terminate']);
  });

  test('a dead thread fails what waits and is a crash', async () => {
    const submitted = b.pipeline.submit(chunk('/a', 10));
    b.die();
    await assert.rejects(submitted, /boom/);
    assert.equal(b.crashes.length, 1);
    await assert.rejects(b.pipeline.submit(chunk('/a', 10)), /not running/);
    await b.pipeline.stop();
  });

  test('a checkpoint that the disk refuses is part of the next one', async () => {
    const submitted = b.pipeline.submit(chunk('/a', 10));
    b.judged(1);
    await submitted;
    b.state.diskFails = true;
    b.clock.advance(1000);
    b.checkpointed();
    await settled();
    assert.deepEqual(b.crashes, []);
    b.state.diskFails = false;
    const next = b.pipeline.submit(chunk('/b', 5));
    b.judged(3);
    await next;
    b.clock.advance(1000);
    b.checkpointed();
    await settled();
    assert.equal(b.did.at(-1), 'save 1 /a@10,/b@5');
  });

  test("what a thread says after its end is nobody's: no state without its cursors", async () => {
    b.state.actFails = true;
    const submitted = b.pipeline.submit(chunk('/a', 10));
    b.judged(1);
    await assert.rejects(submitted);
    b.checkpointed();
    await settled();
    assert.equal(
      b.did.some((done) => done.startsWith('save')),
      false,
    );
  });

  test('findings that cannot be acted upon are a crash and the chunk is not taken', async () => {
    b.state.actFails = true;
    const submitted = b.pipeline.submit(chunk('/a', 10));
    b.judged(1);
    await assert.rejects(submitted, /cannot act/);
    assert.equal(b.crashes.length, 1);
  });

  const position = (rows: number): SegmentPosition => ({ segment: 1, length: 9, rows, generation: 1, tailRows: 0 });

  test('before the first line it is known how far the events go, and the thread begins there', async () => {
    const kept = bench({ events: { directory: '/s/events' }, ready: position(0) });
    await kept.start();
    assert.deepEqual(kept.did, ['save 0  1:0']);
    assert.deepEqual(kept.started, [
      {
        checks: { ssh_bruteforce: CHECKS.ssh_bruteforce.defaults },
        checkpoint: [],
        events: { directory: '/s/events' },
      },
    ]);
  });

  test('cursors wait until the events of their lines are durable, each for its own mark', async () => {
    const first = b.pipeline.submit(chunk('/a', 10));
    b.judged(1);
    await first;
    b.says({ kind: 'checkpoint', sequence: 2, changes: [{ check: 'c', changes: [['k', 1]] }] });
    const second = b.pipeline.submit(chunk('/a', 20));
    b.judged(2);
    await second;
    b.says({ kind: 'checkpoint', sequence: 3, changes: [{ check: 'c', changes: [['k', 2]] }] });
    await settled();
    assert.deepEqual(b.did, ['record 1', 'record 1'], 'nothing is saved yet');
    b.says({ kind: 'durable', sequence: 2, position: position(10) });
    await settled();
    assert.equal(b.did.at(-1), 'save 1 /a@10 1:10');
    b.says({ kind: 'durable', sequence: 3, position: position(20) });
    await settled();
    assert.equal(b.did.at(-1), 'save 1 /a@20 1:20');
  });

  test('who asks for a checkpoint is told when that one is saved, not an earlier one', async () => {
    const submitted = b.pipeline.submit(chunk('/a', 10));
    b.judged(1);
    await submitted;
    b.clock.advance(1000);
    let told = false;
    const asked = b.pipeline.checkpoint().then(() => {
      told = true;
    });
    b.says({ kind: 'checkpoint', sequence: 2, changes: [] });
    b.says({ kind: 'durable', sequence: 2 });
    await settled();
    assert.equal(told, false);
    b.checkpointed();
    await asked;
  });

  test('a pipeline that dies between a snapshot and its durable events saves neither', async () => {
    const submitted = b.pipeline.submit(chunk('/a', 10));
    b.judged(1);
    await submitted;
    b.says({ kind: 'checkpoint', sequence: 2, changes: [] });
    b.die();
    await settled();
    await b.start();
    b.says({ kind: 'durable', sequence: 2, position: position(10) });
    await settled();
    assert.deepEqual(
      b.did.filter((done) => done.startsWith('save')),
      [],
    );
  });

  test('from where a new source is read is durable at once: it may be rotated away before the next start', async () => {
    const { pipeline, start, judged, sent, clock } = bench();
    await start();
    const asked = () => sent.filter(({ kind }) => kind === 'checkpoint').length;
    pipeline.submit(chunk('lines', 1)).catch(() => {});
    judged(1, []);
    for (const sequence of [2, 3]) {
      pipeline.submit(chunk(`mark ${sequence}`, 0)).catch(() => {});
      judged(sequence, []);
    }
    assert.equal(asked(), 0);
    clock.advance(10);
    assert.equal(asked(), 1, 'one for all that come together');
    clock.advance(2000);
    assert.equal(asked(), 1);
  });

  test('what becomes of keeping the lines is a component, and its changes are told', async () => {
    const told: string[] = [];
    const kept = bench({
      events: {
        directory: '/s/events',
        changed: ({ state }) => told.push(state),
        damaged: ({ file }) => told.push(file),
      },
    });
    assert.equal(b.pipeline.storage(), undefined, 'none where no line is kept');
    await kept.start();
    assert.equal(kept.pipeline.storage()?.state, 'starting');
    const counts = { kept: 5, dropped: 0, blocks: 0, sealed: 0 };
    kept.says({ kind: 'storage', status: { state: 'ok', ...counts } });
    assert.deepEqual(kept.pipeline.storage(), {
      name: 'events',
      state: 'ok',
      since: kept.clock.now(),
      counters: counts,
    });
    kept.clock.advance(1000);
    kept.says({ kind: 'storage', status: { state: 'out', why: 'ENOSPC', ...counts, dropped: 7 } });
    const { state, message, since, counters } = kept.pipeline.storage() ?? {};
    assert.deepEqual([state, since, counters?.['dropped']], ['degraded', kept.clock.now(), 7]);
    assert.match(message ?? '', /does not take events: lines are judged, but not kept \(ENOSPC\)/);
    kept.says({ kind: 'damage', part: { file: 'f', at: 0, why: 'gone' } });
    assert.deepEqual(told, ['ok', 'out', 'f']);
  });

  test('entries of the journal advance its cursor with the checkpoint, and what it carries is told', async () => {
    const seen: unknown[] = [];
    const journal = {
      told: () => undefined,
      seen: (origins: readonly unknown[]) => seen.push(...origins),
      ownHosts: [],
    };
    const { pipeline, start, judged, checkpointed, did, sent, clock } = bench({ journal });
    await start();
    const at = clock.now();
    const taken = pipeline.submitJournal({
      source: 'journal',
      bytes: new Uint8Array(4),
      entries: 1,
      receivedAt: at,
      cursor: { path: 'journal:system', cursor: 's=1;i=2', at },
    });
    assert.deepEqual(
      sent.map(({ kind }) => kind),
      ['journal'],
    );
    judged(1, [], [{ program: 'sshd' }]);
    await taken;
    assert.deepEqual(seen, [{ program: 'sshd' }]);
    clock.advance(1000);
    checkpointed();
    await settled();
    assert.ok(did.includes('save 1 journal:system@s=1;i=2'), did.join('\n'));
  });

  test('lines of the network advance nothing; a file is told which programs to leave to the journal', async () => {
    const told = { programs: new Set(['sshd']), gaps: [] };
    const journal = {
      told: (parser: string) => (parser === 'syslog' ? told : undefined),
      seen: () => {},
      ownHosts: [],
    };
    const { pipeline, start, judged, checkpointed, did, sent, clock } = bench({ journal });
    await start();
    const taken = pipeline.submitLines({ parser: 'syslog', lines: [] });
    judged(1, []);
    await taken;
    clock.advance(1000);
    checkpointed();
    await settled();
    assert.ok(did.includes('save 1 '), did.join('\n'));
    void pipeline.submit({ ...chunk('a', 1), parser: 'syslog' }).catch(() => {});
    void pipeline.submit({ ...chunk('b', 1), parser: 'nginx-access' }).catch(() => {});
    assert.deepEqual(
      sent.flatMap((message) => (message.kind === 'chunk' ? [message.told] : [])),
      [told, undefined],
    );
  });

  test('an address is forgotten in its place among the lines, and durably', async () => {
    let done = false;
    const forgotten = b.pipeline.forget('203.0.113.7' as Ip).then(() => {
      done = true;
    });
    const [asked] = b.sent.splice(0);
    assert.deepEqual([asked?.kind, asked?.kind === 'forget' && asked.ip], ['forget', '203.0.113.7']);
    b.judged(asked?.sequence ?? 0, []);
    await settled();
    assert.deepEqual([done, b.sent.map(({ kind }) => kind)], [false, ['checkpoint']]);
    b.checkpointed();
    await forgotten;
  });

  test('without a thread nothing can be forgotten', async () => {
    b.die();
    await assert.rejects(b.pipeline.forget('203.0.113.7' as Ip), /not running/);
  });
});
