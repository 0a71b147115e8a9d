/** The messages of the controller link: what was released once stays readable, and every field says what it is. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { v1 } from '../../proto/index.ts';
import { breaks, type FieldShape, readDeclarations, type Shapes } from '../support/message-shapes.ts';
import { ROOT } from '../support/root.ts';

const SHAPES = join(ROOT, 'test/fixtures/messages/shapes.json');
const BYTES = join(ROOT, 'test/fixtures/messages/bytes.json');
const renews = process.env['BARTIZAN_RENEW_GOLDENS'] === '1';
const { silent, ...declared } = readDeclarations();

const golden = <T>(file: string): T => JSON.parse(readFileSync(file, 'utf8')) as T;
const write = (file: string, value: unknown): void => writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
const camel = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

interface Coder {
  encode(value: unknown): { finish(): Uint8Array };
  decode(bytes: Uint8Array): object;
}
const coders = v1 as unknown as Readonly<Record<string, Coder>>;

/** A message in which every field stands, the last one of each `oneof`; what it is made of follows from the shape alone. */
function sampleOf(name: string, depth = 0): object {
  const fields = Object.entries(declared.messages[name] ?? {});
  return Object.fromEntries(
    fields
      .filter(([, { oneof }], i) => oneof === undefined || !fields.slice(i + 1).some(([, one]) => one.oneof === oneof))
      .flatMap(([field, shape]) => {
        const value = sampleValue(shape, field, depth);
        return value === undefined ? [] : [[camel(field), shape.repeated ? [value, value] : value]];
      }),
  );
}

function sampleValue({ type, number }: FieldShape, field: string, depth: number): unknown {
  if (type in declared.messages) return depth > 3 ? undefined : sampleOf(type, depth + 1);
  if (type in declared.enums) return 1;
  switch (type) {
    case 'string':
      return `${field} é`;
    case 'bytes':
      return Buffer.from([0, number, 0xff]);
    case 'bool':
      return true;
    case 'double':
      return 0.5;
    case 'uint32':
      return 300 + number;
    case 'uint64':
      return 2 ** 40 + number;
    case 'map<string, string>':
      return { [field]: 'value' };
    default:
      return assert.fail(`no sample of ${type}`);
  }
}

test('every field and every value says what it means', () => assert.deepEqual(silent, []));

test('what was released keeps its number, type and name', () => {
  if (renews) {
    const before = golden<Shapes>(SHAPES);
    assert.deepEqual(breaks(before, declared), [], 'a released shape is not renewed, only added to');
    write(SHAPES, declared);
  }
  const released = golden<Shapes>(SHAPES);
  assert.deepEqual(breaks(released, declared), []);
  assert.deepEqual(released, JSON.parse(JSON.stringify(declared)), 'new fields are added to the fixture');
});

test('a change that would be misread is found', () => {
  const field = { number: 1, type: 'string', repeated: false };
  const before: Shapes = { messages: { A: { a: field, b: { ...field, number: 2 } } }, enums: { E: { X: 1 } } };
  const changes: readonly Shapes[] = [
    { ...before, messages: { A: { a: field } } },
    { ...before, messages: { A: { a: field, c: { ...field, number: 2 } } } },
    { ...before, messages: { A: { ...before.messages['A'], a: { ...field, type: 'bytes' } } } },
    { ...before, messages: { A: { ...before.messages['A'], a: { ...field, number: 3 } } } },
    { ...before, messages: { A: { ...before.messages['A'], a: { ...field, repeated: true } } } },
    { ...before, enums: { E: { X: 2 } } },
  ];
  assert.deepEqual(breaks(before, before), []);
  for (const after of changes) assert.notDeepEqual(breaks(before, after), [], JSON.stringify(after));
});

test('the bytes of released messages are read, and written again as they were', () => {
  const names = Object.keys(declared.messages).sort();
  const written = Object.fromEntries(
    names.map((name) => [name, Buffer.from(coders[name]?.encode(sampleOf(name)).finish() ?? []).toString('base64')]),
  );
  if (renews) write(BYTES, { ...written });
  for (const [name, text] of Object.entries(golden<Readonly<Record<string, string>>>(BYTES))) {
    const bytes = Buffer.from(text, 'base64');
    const again = coders[name]?.encode(coders[name].decode(bytes)).finish() ?? assert.fail(`${name} is gone`);
    assert.equal(Buffer.from(again).toString('base64'), text, name);
  }
  assert.deepEqual(golden(BYTES), written, 'samples of new fields are added to the fixture');
});

test('64-bit numbers are plain ones', () => {
  const bytes = v1.Gap.encode({ count: Number.MAX_SAFE_INTEGER }).finish();
  assert.equal(v1.Gap.decode(bytes).count, Number.MAX_SAFE_INTEGER);
  assert.equal(v1.Gap.decode(new Uint8Array()).count, 0);
});
