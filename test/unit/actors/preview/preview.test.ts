import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChangePreviews, type PreviewParts } from '../../../../actors/preview/index.ts';
import type { SearchEvent, SearchFailure } from '../../../../actors/segments/index.ts';
import type { Ip } from '../../../../core/base/ip.ts';
import { fail, ok } from '../../../../core/base/result.ts';
import { parseConfig } from '../../../../core/config/read.ts';
import type { Config } from '../../../../core/config/settings.ts';
import type { Query } from '../../../../core/query/tree.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

const ADMIN = '192.0.2.2' as Ip;
const SECRET = 'a-token-that-nobody-may-see-0123456789';
const HERE = { hostname: 'h', stateDir: '/s', parsers: ['sshd'] };

function config(text: string): Config {
  const read = parseConfig(text, 'b.yaml', HERE);
  if (!read.ok) throw new Error(read.public);
  return read.value.config;
}

const BEFORE = config('infra_ips: [192.0.2.2]\n');
const AFTER = config(`infra_ips: []\nwebui:\n  tokens:\n    - { name: a, token: ${SECRET}, scope: admin }\n`);

const PROGRESS = { blocks: 1, done: 1, read: 1, rows: 9, matched: 9 };
const rows = [
  { values: [ADMIN], count: 7 },
  { values: ['not an address'], count: 5 },
  { values: ['198.51.100.9'], count: 3 },
];
const END: SearchEvent = {
  kind: 'end',
  complete: true,
  counted: { rows, total: 15, ungrouped: 0 },
  progress: PROGRESS,
};

const session = (remote: Ip) => ({ local: '192.0.2.1' as Ip, localPort: 9443, remote, remotePort: 50_000 });

function bench(change: Partial<PreviewParts> = {}, events: readonly (SearchEvent | SearchFailure)[] = [END]) {
  const queries: Query[] = [];
  const previews = new ChangePreviews({
    clock: new SimulatedClock(),
    plan: async () => ok({ before: BEFORE, after: AFTER }),
    // With everything denied, what infra lets in is all that gets in.
    networksOf: ({ infra_ips: infra }) => ({ infra, denied: infra.length > 0 ? [] : ['0.0.0.0/0'] }),
    rulesText: ({ infra, denied }) => `set infra {\n${infra.join()}\n}\nset denied {\n${denied.join()}\n}`,
    allowed: () => ['198.51.100.9'],
    allowedPorts: () => [],
    isBlocked: () => false,
    search: async function* (query) {
      queries.push(query);
      yield* events;
    },
    sessions: async () => ok([session(ADMIN), session('198.51.100.9' as Ip)]),
    ...change,
  });
  const ask = (peer: string = ADMIN) =>
    previews.preview({ section: 'webui', changes: {}, peer, signal: new AbortController().signal });
  return { ask, queries };
}

test('it says what changes, without secrets, and whom it cuts, who asks among them', async () => {
  const { ask, queries } = bench();
  const seen = await ask();
  assert.ok(seen.ok);
  const { settings, rules, sources, sessions, you } = seen.value;
  assert.deepEqual(settings.map(({ path }) => path).sort(), ['infra_ips', 'webui.tokens']);
  assert.ok(!JSON.stringify(seen).includes(SECRET));
  assert.deepEqual(rules.lines, [' set infra {', `-${ADMIN}`, '+', ' }', ' set denied {', '-', '+0.0.0.0/0', ' }']);
  assert.deepEqual(sources.cut, [{ ip: ADMIN, events: 7, by: 'denied' }]);
  assert.deepEqual([sources.seen, sources.more, sources.until - sources.from], [2, false, 86_400_000]);
  assert.deepEqual([sessions.seen, sessions.cutsYou, sessions.cut.length], [2, true, 1]);
  assert.deepEqual(you, { ip: ADMIN, cut: true, by: 'denied' });
  assert.deepEqual(queries[0]?.count?.by, ['ip']);
});

test('who asks over the control socket has no address', async () => {
  const seen = await bench().ask('local');
  assert.ok(seen.ok);
  assert.deepEqual([seen.value.you, seen.value.sessions.cutsYou], [undefined, false]);
});

test('a refusal of the settings is told as it is', async () => {
  const refusal = fail('unknown_section', 'no such section');
  assert.deepEqual(await bench({ plan: async () => refusal }).ask(), refusal);
});

for (const [name, events, says] of [
  ['breaks', [{ kind: 'failed', why: 'the thread ended' }], /the thread ended/],
  ['is refused a place', [{ kind: 'busy', why: '8 searches' }], /8 searches/],
  ['says nothing', [], /without an answer/],
] as const)
  test(`a search that ${name} leaves the rest of the answer`, async () => {
    const seen = await bench({}, events).ask();
    assert.ok(seen.ok);
    assert.match(seen.value.sources.unknown ?? '', says);
    assert.equal(seen.value.sessions.cutsYou, true);
  });

test('a search whose time is up says that there is more', async () => {
  const seen = await bench({}, [{ ...END, complete: false }]).ask();
  assert.ok(seen.ok);
  assert.equal(seen.value.sources.more, true);
});

test('connections that cannot be read say so', async () => {
  const seen = await bench({ sessions: async () => fail('failed', 'no /proc') }).ask();
  assert.ok(seen.ok);
  assert.deepEqual([seen.value.sessions.unknown, seen.value.sessions.cutsYou], ['no /proc', false]);
});
