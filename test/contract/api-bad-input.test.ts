import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import type { Endpoint } from '../../core/api/endpoint.ts';
import { CSM } from '../../core/api/surface.ts';
import { ApiHarness, bearer, ENDPOINTS, GOOD_BODIES, goodTarget } from '../support/api/harness.ts';
import { readyFor } from '../support/api/ready.ts';
import { BOUNDARY, MULTIPART, multipart } from '../support/multipart.ts';

interface Bad {
  readonly name: string;
  readonly body: string | Uint8Array;
  readonly status?: number;
  readonly says?: string | RegExp;
  readonly type?: string;
}

const JSON_TYPE = 'application/json';
const WRONG_VALUES = [0, -1, 1e308, true, null, [], {}, ['192.0.2.7'], { ip: '192.0.2.7' }];

interface BodySchema {
  readonly properties?: Readonly<Record<string, TSchema>>;
  readonly required?: readonly string[];
}

/** A list of anything may be a list of this; of the rest the schema says it. */
const isRight = (schema: TSchema | undefined, right: unknown, value: unknown): boolean =>
  (Array.isArray(right) && Array.isArray(value) && value.length > 0) ||
  (schema !== undefined && !Array.isArray(right) && Value.Check(schema, value));

/** What every endpoint with a body must refuse, derived from its own good body. */
function badBodies(endpoint: Endpoint<never>, good: Readonly<Record<string, unknown>>): readonly Bad[] {
  const limit = endpoint.bodyBytes ?? CSM.limits.bodyBytes;
  const { properties = {}, required = [] } = endpoint.body as BodySchema;
  const text = JSON.stringify(good);
  const field = Object.keys(good)[0] ?? '';
  const quoted = JSON.stringify(field);
  return [
    ...(endpoint.optionalBody ? [] : [{ name: 'nothing', body: '', says: 'body is empty; JSON expected' }]),
    { name: 'blanks', body: ' \n', says: 'body is empty; JSON expected' },
    { name: 'half an object', body: text.slice(0, -1), says: 'body is not valid JSON' },
    { name: 'something behind it', body: `${text} {}`, says: 'body is not valid JSON' },
    { name: 'a trailing comma', body: `${text.slice(0, -1)},}`, says: 'body is not valid JSON' },
    { name: 'a comment', body: `/* */${text}`, says: 'body is not valid JSON' },
    { name: 'a byte order mark', body: `\ufeff${text}`, says: 'body is not valid JSON' },
    { name: 'NaN', body: `{${quoted}: NaN}`, says: 'body is not valid JSON' },
    { name: 'an array', body: `[${text}]`, says: 'body must be an object' },
    { name: 'null', body: 'null', says: 'body must be an object' },
    { name: 'a string', body: '"x"', says: 'body must be an object' },
    ...(required.includes(field) ? [{ name: 'no fields', body: '{}', says: `field ${quoted} is missing` }] : []),
    { name: 'a foreign field', body: `${text.slice(0, -1)},"foo":1}`, says: 'unknown field "foo"' },
    { name: 'a field twice', body: `${text.slice(0, -1)},${text.slice(1)}`, says: `field ${quoted} is given twice` },
    {
      name: 'a field twice, once escaped',
      body: `${text.slice(0, -1)},"\\u00${field.charCodeAt(0).toString(16)}${field.slice(1)}":"x"}`,
      says: `field ${quoted} is given twice`,
    },
    {
      name: '__proto__',
      body: `${text.slice(0, -1)},"__proto__":{"admin":true}}`,
      says: 'field "__proto__" is not allowed',
    },
    { name: 'constructor', body: `${text.slice(0, -1)},"constructor":{}}`, says: 'field "constructor" is not allowed' },
    {
      name: 'deep nesting',
      body: `${text.slice(0, -1)},"foo":${'['.repeat(5000)}${']'.repeat(5000)}}`,
      says: 'body is nested deeper than 16',
    },
    { name: 'a number beyond a double', body: `{${quoted}:1e999}`, says: 'number 1e999 is out of range' },
    {
      name: 'a number of 2000 digits',
      body: `{${quoted}:${'9'.repeat(2000)}}`,
      says: /^number 9{40} is out of range$/,
    },
    {
      name: 'bad UTF-8',
      body: new Uint8Array([...new TextEncoder().encode(text.slice(0, -2)), 0xc3, 0x28, 0x22, 0x7d]),
      says: 'body is not valid UTF-8',
    },
    {
      name: 'a lone surrogate in UTF-8',
      body: new Uint8Array([0x22, 0xed, 0xa0, 0x80, 0x22]),
      says: 'body is not valid UTF-8',
    },
    {
      name: 'a byte more than it may have',
      body: `${text}${' '.repeat(limit + 1 - text.length)}`,
      status: 413,
      says: `body is larger than ${limit} bytes`,
    },
    { name: 'plain text', body: text, type: 'text/plain', status: 415 },
    { name: 'multipart', body: text, type: 'multipart/form-data; boundary=x', status: 415 },
    ...Object.entries(good).flatMap(([name, right]) =>
      WRONG_VALUES.filter((value) => !isRight(properties[name], right, value)).map((value) => ({
        name: `${JSON.stringify(value)} for ${name}`,
        body: JSON.stringify({ ...good, [name]: value }),
        says: new RegExp(`^field "${name}": must (?:be|not be) `),
      })),
    ),
    ...Object.entries(good)
      .filter(([, right]) => Array.isArray(right))
      .map(([name]) => ({
        name: `a list of 10,000 as ${name}`,
        body: JSON.stringify({ ...good, [name]: new Array(10_000).fill('x') }),
        says: new RegExp(`^field "${name}": must have at most `),
      })),
    ...Object.keys(good).map((name) => ({
      name: `a ${name} of 10,000 characters`,
      body: JSON.stringify({ ...good, [name]: 'x'.repeat(10_000) }),
      says: new RegExp(`^field "${name}": must `),
    })),
  ];
}

const file = { name: 'file', fileName: 'a.bin', content: 'content' };
const end = `--${BOUNDARY}--\r\n`;
const whole = multipart([file]);
const withHeader = (header: string): string =>
  `--${BOUNDARY}\r\n${header}\r\nContent-Disposition: form-data; name="file"\r\n\r\ncontent\r\n${end}`;

/** What every endpoint that takes one part, `file`, must refuse. */
const BAD_UPLOADS: readonly Bad[] = [
  { name: 'nothing', body: '', says: /^body is not valid multipart/ },
  { name: 'no part', body: end },
  { name: 'something else', body: '{"file":"content"}', says: /^body is not valid multipart/ },
  { name: 'a part of another name', body: multipart([{ ...file, name: 'files' }]), says: 'part "file" is missing' },
  { name: 'a part without a name', body: multipart([{ content: 'content' }]), says: 'part "file" is missing' },
  { name: 'a part of another name first', body: multipart([{ name: 'a', content: 'x' }, file]), status: 400 },
  { name: 'a second part', body: multipart([file, { name: 'a', content: 'x' }]), status: 400 },
  { name: 'the part twice', body: multipart([file, file]), status: 400 },
  { name: 'a thousand parts', body: multipart(new Array(1000).fill(file)), status: 400 },
  { name: 'an end in the content', body: whole.subarray(0, whole.indexOf('content') + 3) },
  { name: 'an end behind the content', body: whole.subarray(0, whole.length - end.length) },
  { name: 'an end in the last boundary', body: whole.subarray(0, whole.length - 4) },
  { name: 'an end in the headers', body: whole.subarray(0, whole.indexOf('form-data')) },
  { name: 'no boundary', body: whole, type: 'multipart/form-data', says: /^body is not multipart\/form-data: / },
  { name: 'an empty boundary', body: whole, type: 'multipart/form-data; boundary=' },
  { name: 'another boundary', body: whole, type: 'multipart/form-data; boundary=other' },
  { name: 'a header of 64 KiB', body: withHeader(`X-Long: ${'x'.repeat(65_536)}`) },
  { name: 'a thousand headers', body: withHeader(new Array(1000).fill('X-Many: x').join('\r\n')) },
  { name: 'JSON', body: whole, type: JSON_TYPE, status: 415 },
  { name: 'another multipart', body: whole, type: `multipart/mixed; boundary=${BOUNDARY}`, status: 415 },
  { name: 'no type', body: whole, type: '', status: 415 },
];

async function answered(endpoint: Endpoint<never>, bad: Bad): Promise<ApiHarness> {
  const api = new ApiHarness();
  const headers = { ...bearer('admin-token'), 'content-type': bad.type ?? typeFor(endpoint) };
  const answer = await api.askEndpoint(endpoint, { headers, body: bad.body });
  assert.equal(answer.status, bad.status ?? 400, answer.text);
  assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8');
  const { error, ...rest } = answer.json() as { error: string };
  assert.deepEqual(rest, {});
  if (typeof bad.says === 'string') assert.equal(error, bad.says);
  if (bad.says instanceof RegExp) assert.match(error, bad.says);
  return api;
}

const typeFor = ({ upload }: Endpoint<never>): string => (upload === undefined ? JSON_TYPE : MULTIPART);

const doneBy = ({ appliance, identity, blobs }: ApiHarness) => [appliance.asked, identity.asked, blobs.asked];

async function refused(endpoint: Endpoint<never>, bad: Bad): Promise<void> {
  const api = await answered(endpoint, bad);
  assert.deepEqual([api.called, api.audits, ...doneBy(api)], [[], [], [], [], []]);
}

/** Parts are read as they arrive, so the handler has begun; what comes of it is kept nowhere but in the audit log. */
async function refusedUpload(endpoint: Endpoint<never>, bad: Bad): Promise<void> {
  const api = await answered(endpoint, bad);
  assert.deepEqual(doneBy(api), [[], [], []]);
  for (const { status } of api.audits) assert.equal(status, bad.status ?? 400);
}

for (const endpoint of ENDPOINTS.filter(({ body }) => body !== undefined))
  test(`${endpoint.method} ${endpoint.path} refuses`, async (t) => {
    const good = GOOD_BODIES[endpoint.name];
    assert.ok(good, `the harness has no good body for ${endpoint.name}`);
    for (const bad of badBodies(endpoint, good)) await t.test(bad.name, () => refused(endpoint, bad));
  });

for (const endpoint of ENDPOINTS.filter(({ upload }) => upload !== undefined))
  test(`${endpoint.method} ${endpoint.path} refuses`, async (t) => {
    for (const bad of BAD_UPLOADS) await t.test(bad.name, () => refusedUpload(endpoint, bad));
  });

for (const endpoint of ENDPOINTS)
  test(`${endpoint.method} ${endpoint.path}: odd queries do no harm`, async () => {
    const names = Object.keys((endpoint.query as { properties?: object } | undefined)?.properties ?? {});
    const target = goodTarget(endpoint);
    const more = target.includes('?') ? '&' : '?';
    for (const query of ['', '_=1', '&&=&a', '__proto__=x&constructor=y', '%', '%ff%00']) {
      const api = await readyFor(endpoint);
      const asked = await api.askEndpoint(endpoint, { headers: bearer('admin-token'), target: target + more + query });
      assert.equal(asked.status, endpoint.status ?? 200);
    }
    const api = await readyFor(endpoint);
    for (const name of names.filter((one) => !endpoint.path.includes(`{${one}}`))) {
      const answer = await api.askEndpoint(endpoint, {
        headers: bearer('admin-token'),
        target: `${endpoint.path}?${name}=1&${name}=2`,
      });
      assert.deepEqual([answer.status, answer.json()], [400, { error: `parameter "${name}" is given twice` }]);
    }
  });

test('JSON is read without a Content-Type, and under the one curl -d sends', async () => {
  for (const type of [undefined, 'application/x-www-form-urlencoded', 'Application/JSON; charset=UTF-8']) {
    const api = new ApiHarness();
    const headers = { ...bearer('admin-token'), ...(type && { 'content-type': type }) };
    assert.equal(
      (await api.ask({ method: 'POST', target: '/api/v1/block-ip', headers, body: '{"ip":"192.0.2.7"}' })).status,
      200,
    );
  }
});
