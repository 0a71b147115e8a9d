import assert from 'node:assert/strict';
import { test } from 'node:test';
import { days, millis } from '../../../../core/base/time.ts';
import { EVENT_FIELDS } from '../../../../core/query/event-fields.ts';
import { readQuery } from '../../../../core/query/json.ts';
import { parseQuery } from '../../../../core/query/parse.ts';
import { printQuery } from '../../../../core/query/print.ts';
import { EVERYTHING, MAX_DEPTH, type Node, type Query } from '../../../../core/query/tree.ts';
import { eventQuery } from '../../../support/queries.ts';
import { fc } from '../../../support/random.ts';

const now = millis(Date.UTC(2026, 10, 22, 12));
const reading = { catalogue: EVENT_FIELDS, now };

function read(text: string): Query {
  const query = parseQuery(text, reading);
  assert.ok(query.ok, query.ok ? '' : `${text}: ${query.public}`);
  return query.value;
}

const where = (text: string): Node => read(text).where;

for (const [text, tree] of [
  ['', { op: 'all' }],
  ['*', { op: 'all' }],
  ['root', { op: 'text', value: 'root' }],
  ['"Failed password"', { op: 'text', value: 'Failed password' }],
  ['user = root', { op: 'eq', field: 'user', value: 'root' }],
  ['user.name="Root" cased', { op: 'eq', field: 'user', value: 'Root', cased: true }],
  ['port != 22', { op: 'ne', field: 'port', value: 22 }],
  ['port >= 1024', { op: 'ge', field: 'port', value: 1024 }],
  ['at > 1d', { op: 'gt', field: 'at', value: now - days(1) }],
  ['at < 2026-11-20', { op: 'lt', field: 'at', value: Date.UTC(2026, 10, 20) }],
  ['at < "2026-11-20T10:00:01+01:00"', { op: 'lt', field: 'at', value: Date.UTC(2026, 10, 20, 9, 0, 1) }],
  ['ip = ::ffff:192.0.2.1', { op: 'eq', field: 'ip', value: '192.0.2.1' }],
  ['ip in 10.0.0.0/8', { op: 'within', field: 'ip', networks: ['10.0.0.0/8'] }],
  ['ip in (192.0.2.1, 10.1.2.3/8)', { op: 'within', field: 'ip', networks: ['192.0.2.1/32', '10.0.0.0/8'] }],
  ['user in (root, "a b")', { op: 'in', field: 'user', values: ['root', 'a b'] }],
  ['path like "/wp-*"', { op: 'glob', field: 'path', value: '/wp-*' }],
  ['agent matches "^curl"', { op: 'regex', field: 'agent', value: '^curl' }],
  ['host starts edge', { op: 'prefix', field: 'host', value: 'edge' }],
  ['user exists', { op: 'exists', field: 'user' }],
  ['labels.tenant = a', { op: 'eq', field: 'fields.tenant', value: 'a' }],
  ['not root', { op: 'not', of: { op: 'text', value: 'root' } }],
  [
    'a b or c and not d',
    {
      op: 'or',
      of: [
        {
          op: 'and',
          of: [
            { op: 'text', value: 'a' },
            { op: 'text', value: 'b' },
          ],
        },
        {
          op: 'and',
          of: [
            { op: 'text', value: 'c' },
            { op: 'not', of: { op: 'text', value: 'd' } },
          ],
        },
      ],
    },
  ],
  [
    '(a or b) (c)',
    {
      op: 'and',
      of: [
        {
          op: 'or',
          of: [
            { op: 'text', value: 'a' },
            { op: 'text', value: 'b' },
          ],
        },
        { op: 'text', value: 'c' },
      ],
    },
  ],
] as const) {
  test(`"${text}" is understood`, () => assert.deepEqual(where(text), tree));
}

test('clauses say when, how much and in which form', () => {
  assert.deepEqual(read('| since 7d | until now | oldest | limit 5 | after k1.2.3 | fields user.name, ip'), {
    where: { op: 'all' },
    from: now - days(7),
    to: now,
    order: 'oldest',
    limit: 5,
    after: 'k1.2.3',
    fields: ['user', 'ip'],
  });
  assert.deepEqual(read('root | count by user, ip per 1h top 10').count, {
    by: ['user', 'ip'],
    per: 3_600_000,
    top: 10,
  });
  assert.deepEqual(read('| count').count, { by: [] });
});

for (const [text, at, why] of [
  ['usr = root', 0, /events have no field "usr"; did you mean user\?/],
  ['port = many', 7, /port is a number, and "many" is none/],
  ['port contains 2', 14, /port is a number, not text/],
  ['user > root', 7, /user is text: it is neither less nor greater/],
  ['ip = 300.1.1.1', 5, /not an IPv4 or IPv6 address/],
  ['ip in 10.0.0.0/64', 6, /not an address or a network/],
  ['at > yesterday', 5, /"yesterday" is not a time/],
  ['at > 2026-02-30', 5, /not a time/],
  ['port = 1 cased', 7, /port is a number, which has no case/],
  ['(root', 5, /a "\)" is missing/],
  ['root)', 4, /"\)" is not expected here/],
  ['root and', 8, /ends where more was expected/],
  ['root | since', 12, /a time is missing/],
  ['root | limit 0', 13, /a whole number from 1 to 10000/],
  ['root | limit 5 | limit 6', 17, /"limit" is said twice/],
  ['root | sort user', 7, /a clause is expected here: since/],
  ['root | after x', 13, /"x" is no cursor/],
  ['"open', 0, /the quote is not closed/],
  ['"\\q"', 0, /as JSON writes it/],
  ['a ! b', 2, /"!" has no meaning here/],
  ['in', 0, /has a meaning of its own/],
  ['fail*', 0, /for a pattern write e.g. message like "fail\*"/],
  ['user:root', 0, /write user = root/],
  ['user in ()', 9, /a value is missing/],
  ['user in (a b)', 11, /a "\)" or "," is missing/],
] as const) {
  test(`${text} is refused at character ${at + 1}`, () => {
    const query = parseQuery(text, reading);
    assert.ok(!query.ok);
    assert.match(query.public, why);
    assert.equal(query.at, at, query.public);
    assert.match(query.public, new RegExp(`at character ${at + 1}\\)$`));
  });
}

test('what is printed is read as the same query', () => {
  fc.assert(
    fc.property(eventQuery, (query) => {
      const text = printQuery(query, EVENT_FIELDS);
      assert.deepEqual(read(text), query, text);
    }),
  );
});

test('the JSON form is the tree itself', () => {
  fc.assert(
    fc.property(eventQuery, (query) => {
      const read = readQuery(JSON.parse(JSON.stringify(query)), reading);
      assert.deepEqual(read, { ok: true, value: query });
    }),
  );
});

test('whatever is written, reading it ends in a query or a place', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc
          .array(
            fc.constantFrom(
              '(',
              ')',
              'not',
              'and',
              'or',
              'user',
              '=',
              'in',
              ',',
              '"a"',
              '|',
              'count',
              'by',
              'x',
              'cased',
            ),
          )
          .map((words) => words.join(' ')),
      ),
      (text) => {
        const query = parseQuery(text, reading);
        if (query.ok) assert.deepEqual(read(printQuery(query.value, EVENT_FIELDS)), query.value);
        else assert.ok(query.at >= 0 && query.at <= text.length);
      },
    ),
  );
});

for (const [json, why] of [
  [[], /the query: must be an object/],
  [{ were: 1 }, /has no member "were"/],
  [{ where: { op: 'eq', field: 'nope', value: '1' } }, /where: events have no field "nope"/],
  [{ where: { op: 'and', of: [{ op: 'eq', field: 'port', value: 'x' }] } }, /where\.of\[0\]: port is a number/],
  [{ where: { op: 'like' } }, /must have an op and a field/],
  [{ where: { op: 'like', field: 'user' } }, /has no such op/],
  [{ where: { op: 'in', field: 'user', values: 'a' } }, /values must be a list/],
  [{ where: { op: 'text', value: 5 } }, /must be text/],
  [{ limit: 0 }, /limit: must be a whole number/],
  [{ order: 'up' }, /order: must be newest or oldest/],
  [{ from: 'soon' }, /from: must be a time/],
  [{ fields: ['user', 'user.name'] }, /fields: user is there twice/],
  [{ fields: [] }, /fields: names no field/],
  [{ count: { per: 0 } }, /count\.per/],
] as const) {
  test(`${JSON.stringify(json)} is refused`, () => {
    const read = readQuery(json, reading);
    assert.ok(!read.ok);
    assert.match(read.public, why);
  });
}

test('junctions of one part and of none become what they mean', () => {
  const read = (tree: unknown) => readQuery({ where: tree }, reading);
  assert.deepEqual(read({ op: 'and', of: [] }), { ok: true, value: EVERYTHING });
  assert.deepEqual(read({ op: 'or', of: [{ op: 'all' }] }), { ok: true, value: EVERYTHING });
  assert.deepEqual(read({ op: 'or', of: [] }), {
    ok: true,
    value: { ...EVERYTHING, where: { op: 'not', of: { op: 'all' } } },
  });
});

test('depth, parts and length are bounded in both forms', () => {
  const deep = `${'('.repeat(MAX_DEPTH + 1)}a${')'.repeat(MAX_DEPTH + 1)}`;
  for (const text of [deep, `${'not '.repeat(40)}a`, 'a '.repeat(2000), 'a'.repeat(70_000), `"${'a'.repeat(5000)}"`]) {
    assert.equal(parseQuery(text, reading).ok, false, text.slice(0, 20));
  }
  let tree: unknown = { op: 'all' };
  for (let i = 0; i <= MAX_DEPTH; i++) tree = { op: 'not', of: tree };
  assert.equal(readQuery({ where: tree }, reading).ok, false);
  const leaf = { op: 'in', field: 'user', values: Array.from({ length: 1000 }, () => 'a'.repeat(100)) };
  assert.equal(readQuery({ where: leaf }, reading).ok, false);
});
