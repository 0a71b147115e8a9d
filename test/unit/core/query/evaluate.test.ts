import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fail, ok } from '../../../../core/base/result.ts';
import { millis } from '../../../../core/base/time.ts';
import { compileFilter } from '../../../../core/query/evaluate.ts';
import { EVENT_FIELDS } from '../../../../core/query/event-fields.ts';
import { parseQuery } from '../../../../core/query/parse.ts';
import { mayMatch, needOf } from '../../../../core/query/plan.ts';
import { DECISION_FIELDS, FINDING_FIELDS } from '../../../../core/query/record-fields.ts';
import { searchRecords } from '../../../../core/query/records.ts';
import { addressTerms, fieldTerm, TermSet, wordTerms } from '../../../../core/query/terms.ts';
import type { Query } from '../../../../core/query/tree.ts';
import { keptLine } from '../../../support/kept-lines.ts';
import { eventNode, holdsPlainly } from '../../../support/queries.ts';
import { fc } from '../../../support/random.ts';
import { sampleFinding } from '../../../support/sample-finding.ts';

const UTF8 = new TextEncoder();

test('evaluation agrees with a plain evaluator', () => {
  fc.assert(
    fc.property(eventNode, fc.array(keptLine, { minLength: 1, maxLength: 8 }), (where, lines) => {
      const filter = compileFilter({ where }, EVENT_FIELDS);
      assert.ok(filter.ok);
      for (const line of lines) assert.equal(filter.value(line), holdsPlainly(where, line, EVENT_FIELDS));
    }),
    { numRuns: 100 },
  );
});

test('what the terms and extents of some lines rule out, none of them matches', () => {
  let ruledOut = 0;
  fc.assert(
    fc.property(eventNode, fc.array(keptLine, { minLength: 1, maxLength: 4 }), (where, lines) => {
      const terms = new TermSet();
      for (const line of lines) {
        const bytes = UTF8.encode(line.message);
        terms.addWords(bytes, 0, bytes.length);
        for (const field of EVENT_FIELDS.fields) {
          const value = field.of(line);
          if (field.isIndexed !== true || typeof value !== 'string') continue;
          if (field.kind === 'ip') for (const term of addressTerms(field.name, value)) terms.add(term);
          else terms.add(fieldTerm(field.name, value));
        }
      }
      const all = new Set<number>();
      terms.each((term) => all.add(term));
      const summary = {
        mayHave: (term: number) => all.has(term),
        extent: (name: string) => {
          const field = EVENT_FIELDS.fields.find((one) => one.name === name);
          const values = lines.flatMap((line) => field?.of(line) ?? []);
          if (field === undefined) return 'unknown';
          if (values.length === 0) return 'absent';
          const numbers = values.map(Number);
          return { least: Math.min(...numbers), most: Math.max(...numbers) };
        },
      } as const;
      if (mayMatch(needOf(where, EVENT_FIELDS), summary)) return;
      ruledOut++;
      for (const line of lines) assert.equal(holdsPlainly(where, line, EVENT_FIELDS), false);
    }),
    { numRuns: 200 },
  );
  assert.ok(ruledOut > 0, `only ${ruledOut} of 200 were ruled out`);
});

for (const { needle, message, stands } of [
  { needle: '203.0.113.5', message: 'from 203.0.113.5 port 22', stands: true },
  { needle: '203.0.113.5', message: 'from 203.0.113.57 port 22', stands: false },
  { needle: '203.0.113.5', message: 'from 1.203.0.113.5 port 22', stands: true },
  { needle: 'ROOT', message: 'for root', stands: true },
  { needle: 'root', message: 'chroot', stands: false },
  { needle: '[preauth]', message: 'closed[preauth]', stands: true },
  { needle: 'kelvin', message: '\u212Aelvin', stands: false },
]) {
  test(`"${needle}" ${stands ? 'stands' : 'does not stand'} in "${message}", and its terms say so`, () => {
    const filter = compileFilter({ where: { op: 'text', value: needle } }, { what: 'x', fields: EVENT_FIELDS.fields });
    const line = { message } as Parameters<Extract<typeof filter, { ok: true }>['value']>[0];
    assert.equal(filter.ok && filter.value(line), stands);
    const have = new Set(wordTerms(message));
    if (stands) assert.ok(wordTerms(needle).every((term) => have.has(term)));
  });
}

test('a network is looked for by one term where it is narrow enough', () => {
  const need = (text: string) => {
    const query = parseQuery(text, { catalogue: EVENT_FIELDS, now: millis(0) });
    assert.ok(query.ok);
    return needOf(query.value.where, EVENT_FIELDS);
  };
  const summary = (address: string) => {
    const terms = new Set(addressTerms('ip', address));
    return { mayHave: (term: number) => terms.has(term), extent: () => 'unknown' as const };
  };
  assert.equal(mayMatch(need('ip in 203.0.113.0/24'), summary('203.0.113.9')), true);
  assert.equal(mayMatch(need('ip in 203.0.113.0/24'), summary('203.0.114.9')), false);
  assert.equal(mayMatch(need('ip in 203.0.113.128/25'), summary('203.0.114.9')), false);
  assert.equal(mayMatch(need('ip in 203.0.0.0/16'), summary('198.51.100.9')), true, 'too wide to tell');
  assert.equal(mayMatch(need('ip in 2001:db8::/48'), summary('198.51.100.9')), true);
  assert.equal(mayMatch(need('ip in 2001:db8:1:2::/64'), summary('2001:db8:1:3::1')), false);
});

test('a regular expression runs on the engine given, and is refused without one', () => {
  const where = { op: 'regex', field: 'user', value: '^ro+t$' } as const;
  const line = { user: 'ROOT', message: '' } as unknown as Parameters<typeof holdsPlainly>[1];
  const engine = {
    compile: (pattern: string, { ignoreCase }: { ignoreCase: boolean }) =>
      pattern === '('
        ? fail('bad_regex', 'a group is not closed')
        : ok((text: string) => new RegExp(pattern, ignoreCase ? 'i' : '').test(text)),
  };
  const filter = compileFilter({ where }, EVENT_FIELDS, engine);
  assert.equal(filter.ok && filter.value(line as never), true);
  assert.equal(compileFilter({ where }, EVENT_FIELDS).ok, false);
  assert.equal(compileFilter({ where: { ...where, value: '(' } }, EVENT_FIELDS, engine).ok, false);
});

const query = (text: string, catalogue: typeof FINDING_FIELDS): Query => {
  const parsed = parseQuery(text, { catalogue, now: millis(Date.UTC(2026, 10, 22)) });
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.public);
  return parsed.value;
};

test('records are searched with the same tree: filters, pages, counts', async () => {
  const findings = Array.from({ length: 25 }, (_, i) => {
    const finding = { ...sampleFinding(`203.0.113.${i % 5}`), at: millis(1000 + Math.floor(i / 2)) };
    return [i + 1, finding] as const;
  });
  const pages: (readonly number[])[] = [];
  const asked = query('ip in 203.0.113.0/24 not subject = 203.0.113.4 | limit 8', FINDING_FIELDS);
  let after: string | undefined;
  do {
    const page: Query = after === undefined ? asked : { ...asked, after };
    const found = await searchRecords(findings, page, FINDING_FIELDS);
    assert.ok(found.ok);
    pages.push(found.value.rows.map((row) => findings.find(([, one]) => one === row)?.[0] ?? 0));
    after = found.value.next;
  } while (after !== undefined);
  const wanted = findings
    .map(([serial]) => serial)
    .filter((serial) => (serial - 1) % 5 !== 4)
    .reverse();
  assert.deepEqual(pages, [wanted.slice(0, 8), wanted.slice(8, 16), wanted.slice(16)]);
  const counted = await searchRecords(findings, query('| count by ip top 2', FINDING_FIELDS), FINDING_FIELDS);
  assert.deepEqual(counted.ok && counted.value.counted, {
    rows: [
      { values: ['203.0.113.0'], count: 5 },
      { values: ['203.0.113.1'], count: 5 },
    ],
    total: 25,
    ungrouped: 0,
  });
});

test('the fields of every catalogue have names of their own', () => {
  for (const { fields } of [EVENT_FIELDS, FINDING_FIELDS, DECISION_FIELDS]) {
    const names = fields.flatMap(({ name, ecs }) => (ecs === undefined || ecs === name ? [name] : [name, ecs]));
    assert.deepEqual(
      names.filter((name, i) => names.indexOf(name) !== i),
      [],
    );
    assert.equal(fields[0]?.name, 'at');
  }
});
