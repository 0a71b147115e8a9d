import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seconds } from '../../core/base/time.ts';
import { START } from '../support/api/fake-appliance.ts';
import { EVENT_PAGE } from '../support/api/fake-desks.ts';
import { ApiHarness, bearer } from '../support/api/harness.ts';

const headers = bearer('admin-token');
const PATH = '/api/v1/events/search';
const DAY = 86_400_000;

async function asked(parameters: Record<string, string>, api = new ApiHarness()) {
  const answer = await api.ask({ target: `${PATH}?${new URLSearchParams(parameters)}`, headers });
  return { answer, searched: api.desks.searched[0] };
}

const ALL = { where: { op: 'all' }, order: 'newest', limit: 100 } as const;
const AFTER = 'lq1.3.15';

for (const [parameters, query, budget] of [
  [{}, ALL, 5],
  [
    { q: 'user = root | limit 20 | oldest' },
    { ...ALL, where: { op: 'eq', field: 'user', value: 'root' }, limit: 20, order: 'oldest' },
    5,
  ],
  [{ q: 'user matches "^ro+t$"' }, { ...ALL, where: { op: 'regex', field: 'user', value: '^ro+t$' } }, 5],
  [{ q: '| limit 10000' }, { ...ALL, limit: 1000 }, 5],
  [{ q: '| limit 20', limit: '7' }, { ...ALL, limit: 7 }, 5],
  [{ limit: '99999' }, { ...ALL, limit: 1000 }, 5],
  [{ since: '1d', until: 'now' }, { ...ALL, from: START - DAY, to: START }, 5],
  [{ since: '2025-12-31', q: '| until 1h' }, { ...ALL, from: START - DAY, to: START - DAY / 24 }, 5],
  [{ after: AFTER, within: '1' }, { ...ALL, after: AFTER }, 1],
  [{ within: '99' }, ALL, 25],
  [{ q: '| count by ip' }, { ...ALL, count: { by: ['ip'], top: 1000 } }, 5],
  [{ q: '| count by ip top 9999' }, { ...ALL, count: { by: ['ip'], top: 1000 } }, 5],
  [{ q: '| count by ip top 9' }, { ...ALL, count: { by: ['ip'], top: 9 } }, 5],
  [{ q: '', since: '', until: '', within: '', after: '' }, ALL, 5],
] as const)
  test(`${JSON.stringify(parameters)} searches so`, async () => {
    const { answer, searched } = await asked(parameters as Record<string, string>);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(searched, { query, budget: seconds(budget) });
  });

for (const [parameters, error] of [
  [{ q: 'user = ' }, 'q: a value is missing (at character 8)'],
  [{ q: '| since 1d', since: '2d' }, 'since is in the query and beside it'],
  [{ q: `| after ${AFTER}`, after: AFTER }, 'after is in the query and beside it'],
  [{ since: 'soon' }, 'since must be a time: 24h, 7d, 2026-11-20 or RFC 3339'],
  [{ within: '0' }, 'within must be a number of seconds, 1 or more'],
  [{ within: '1h' }, 'within must be a number of seconds, 1 or more'],
  [{ limit: 'x' }, 'limit must be a whole number, 1 or more'],
  [{ after: 'x' }, 'after must be the next_after of the page before'],
] as const)
  test(`${JSON.stringify(parameters)} is refused`, async () => {
    const { answer, searched } = await asked(parameters as Record<string, string>);
    assert.deepEqual([answer.status, answer.json(), searched], [400, { error }, undefined]);
  });

for (const [refusal, status] of [
  ['bad_query', 400],
  ['busy', 503],
  ['failed', 503],
  ['gone', 503],
] as const)
  test(`a search that is ${refusal} is answered ${status}`, async () => {
    const api = new ApiHarness();
    api.desks.eventRefusal = refusal;
    const { answer } = await asked({}, api);
    assert.deepEqual([answer.status, answer.json()], [status, { error: `no: ${refusal}` }]);
  });

test('an event has its message, its moment, and every field under the name that searches know', async () => {
  const { answer } = await asked({});
  const [row] = EVENT_PAGE.rows;
  assert.deepEqual(answer.json(), {
    events: [
      {
        id: '3.41',
        at: '2026-01-01T00:00:00.000Z',
        message: row?.line.message,
        fields: {
          host: 'edge',
          program: 'sshd',
          pid: 812,
          category: 'authentication',
          action: 'ssh_failed_password',
          outcome: 'failure',
          user: 'root',
          ip: '192.0.2.9',
          provenance: 'file',
          source: 'f',
          offset: 400,
          'fields.realm': 'x',
        },
      },
    ],
    complete: true,
    searched: { blocks: 2, done: 2, read: 1, rows: 900, matched: 1 },
    unreadable: 0,
  });
  const some = (await asked({ q: '| fields user, fields.realm' })).answer.json() as { events: readonly object[] };
  assert.deepEqual(some.events, [
    { id: '3.41', at: '2026-01-01T00:00:00.000Z', message: '', fields: { user: 'root', 'fields.realm': 'x' } },
  ]);
});

test('a search whose time was up says how far it is and how to go on', async () => {
  const api = new ApiHarness();
  const progress = { ...EVENT_PAGE.progress, done: 1, reached: START };
  api.desks.eventPage = { rows: [], complete: false, next: AFTER, progress, unreadable: 2 };
  const { answer } = await asked({}, api);
  assert.deepEqual(answer.json(), {
    events: [],
    next_after: AFTER,
    complete: false,
    searched: { ...progress, reached: '2026-01-01T00:00:00.000Z' },
    unreadable: 2,
  });
});

test('counts come with their values by name', async () => {
  const api = new ApiHarness();
  const counted = { rows: [{ at: START, values: ['192.0.2.9', undefined], count: 5 }], total: 6, ungrouped: 1 };
  api.desks.eventPage = { ...EVENT_PAGE, rows: [], counted };
  const { answer } = await asked({ q: '| count by ip, user per 1h' }, api);
  const { counted: shown } = answer.json() as { counted: unknown };
  const row = { from: '2026-01-01T00:00:00.000Z', values: { ip: '192.0.2.9' }, count: 5 };
  assert.deepEqual(shown, { rows: [row], total: 6, ungrouped: 1 });
});

test('lines of logs are not for read tokens', async () => {
  const answer = await new ApiHarness().ask({ target: PATH, headers: bearer('read-token') });
  assert.equal(answer.status, 401);
});
