import assert from 'node:assert/strict';

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function objectAt(value: unknown, where: string): Json {
  assert.ok(isObject(value), `${where} is an object`);
  return value;
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
const isCount = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 0;
const isNumber = (value: unknown): boolean => typeof value === 'number';
const isList = (value: unknown): boolean => Array.isArray(value) && value.length > 0;
const isFlag = (value: unknown): boolean => typeof value === 'boolean';
const isAny = (): boolean => true;

const TYPES = ['array', 'boolean', 'integer', 'null', 'number', 'object', 'string'];

/** What JSON Schema 2020-12 says of the keywords that are used; any other is a mistake. */
const KEYWORDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  type: (value) => TYPES.includes(String(value)),
  properties: isObject,
  patternProperties: isObject,
  additionalProperties: (value) => isObject(value) || isFlag(value),
  required: (value) => isList(value) && new Set(value as string[]).size === (value as string[]).length,
  items: isObject,
  anyOf: isList,
  enum: isList,
  const: isAny,
  pattern: (value) => isText(value) && new RegExp(String(value), 'u') instanceof RegExp,
  minimum: isNumber,
  maximum: isNumber,
  minLength: isCount,
  maxLength: isCount,
  minItems: isCount,
  maxItems: isCount,
  uniqueItems: isFlag,
  description: isText,
  default: isAny,
  examples: isList,
  $ref: isText,
};

/** Asserts that a value is a JSON Schema whose references lie in `root`. */
function assertSchema(root: Json, value: unknown, where: string): void {
  const schema = objectAt(value, where);
  for (const [keyword, of] of Object.entries(schema)) {
    if (keyword.startsWith('x-')) continue;
    assert.ok(KEYWORDS[keyword]?.(of), `${where}: "${keyword}": ${JSON.stringify(of)}`);
  }
  if ('$ref' in schema) assertReference(root, schema['$ref'], where);
  for (const name of (schema['required'] ?? []) as string[])
    if ('properties' in schema)
      assert.ok(name in objectAt(schema['properties'], where), `${where}: ${name} is declared`);
  for (const key of ['properties', 'patternProperties'])
    for (const [name, inner] of Object.entries((schema[key] ?? {}) as Json))
      assertSchema(root, inner, `${where}.${name}`);
  for (const key of ['items', 'additionalProperties'])
    if (isObject(schema[key])) assertSchema(root, schema[key], `${where}.${key}`);
  for (const [i, inner] of ((schema['anyOf'] ?? []) as unknown[]).entries())
    assertSchema(root, inner, `${where}.anyOf[${i}]`);
}

function assertReference(root: Json, ref: unknown, where: string): Json {
  const target = String(ref)
    .replace(/^#\//, '')
    .split('/')
    .reduce<unknown>((at, key) => (isObject(at) ? at[key] : undefined), root);
  return objectAt(target, `${where}: ${String(ref)}`);
}

function assertContent(root: Json, value: unknown, where: string): void {
  for (const [type, media] of Object.entries(objectAt(value, where))) {
    assert.match(type, /^[a-z]+\/[a-z0-9.+-]+$/, where);
    const { schema, example, ...rest } = objectAt(media, where);
    assert.deepEqual([rest, example === null], [{}, false], where);
    assertSchema(root, schema, `${where} ${type}`);
  }
}

function assertResponse(root: Json, value: unknown, where: string): void {
  const given = objectAt(value, where);
  if ('$ref' in given) {
    assert.deepEqual(Object.keys(given), ['$ref'], where);
    assertReference(root, given['$ref'], where);
    return;
  }
  const { description, headers = {}, content = {}, ...rest } = given;
  assert.ok(isText(description), `${where} has a description`);
  assert.deepEqual(rest, {}, where);
  assertContent(root, content, where);
  for (const header of Object.values(objectAt(headers, where)))
    assertSchema(root, objectAt(header, where)['schema'], where);
}

function assertParameters(root: Json, value: unknown, path: string, where: string): void {
  const seen = new Set<string>();
  for (const each of value as unknown[]) {
    const { name, in: place, required, schema, description, example, ...rest } = objectAt(each, where);
    assert.deepEqual(rest, {}, where);
    assert.ok(
      isText(name) && (place === 'query' || place === 'path' || place === 'header') && isFlag(required),
      `${where}: ${String(name)}`,
    );
    assert.equal(place === 'path', path.includes(`{${String(name)}}`), `${where}: ${String(name)} is in the ${place}`);
    if (place === 'path') assert.equal(required, true, where);
    assert.ok(description === undefined || isText(description), where);
    assert.notEqual(example, null, where);
    assert.ok(!seen.has(`${place} ${name}`), `${where}: ${String(name)} once`);
    seen.add(`${place} ${name}`);
    assertSchema(root, schema, `${where} ${String(name)}`);
  }
  for (const [, name] of path.matchAll(/\{([^}]+)\}/g))
    assert.ok(seen.has(`path ${name}`), `${where}: ${name} declared`);
}

const OPERATION = ['operationId', 'tags', 'summary', 'parameters', 'requestBody', 'responses', 'security'];
const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

/** Asserts that a value is an OpenAPI 3.1 document, as far as this product uses the format. */
export function assertOpenApi(value: unknown): void {
  const root = objectAt(value, 'document');
  assert.deepEqual(Object.keys(root), ['openapi', 'info', 'servers', 'tags', 'paths', 'components']);
  assert.match(String(root['openapi']), /^3\.1\.\d+$/);
  const { title, version, license } = objectAt(root['info'], 'info');
  assert.ok(isText(title) && isText(version) && isText(objectAt(license, 'license')['name']));
  const { schemas, responses, securitySchemes } = objectAt(root['components'], 'components');
  for (const [name, schema] of Object.entries(objectAt(schemas, 'schemas'))) {
    assert.match(name, /^[a-zA-Z0-9._-]+$/);
    assertSchema(root, schema, name);
  }
  for (const [name, response] of Object.entries(objectAt(responses, 'responses'))) assertResponse(root, response, name);
  assertSecuritySchemes(securitySchemes);
  const tags = (root['tags'] as readonly Json[]).map(({ name }) => name);
  const ids = new Set<unknown>();
  for (const [path, item] of Object.entries(objectAt(root['paths'], 'paths')))
    for (const [method, operation] of Object.entries(objectAt(item, path))) {
      assert.ok(path.startsWith('/') && METHODS.includes(method), `${method} ${path}`);
      const { operationId } = assertOperation(root, operation, path, `${method} ${path}`, tags);
      assert.ok(!ids.has(operationId), `${String(operationId)} once`);
      ids.add(operationId);
    }
}

function assertSecuritySchemes(value: unknown): void {
  for (const [name, scheme] of Object.entries(objectAt(value, 'securitySchemes'))) {
    const { type, scheme: http, in: place, name: field } = objectAt(scheme, name);
    assert.ok(
      type === 'http'
        ? isText(http)
        : type === 'apiKey' && isText(field) && ['header', 'cookie'].includes(String(place)),
    );
  }
}

function assertOperation(root: Json, value: unknown, path: string, where: string, tags: readonly unknown[]): Json {
  const operation = objectAt(value, where);
  assert.deepEqual(
    Object.keys(operation).filter((key) => !OPERATION.includes(key)),
    [],
    where,
  );
  assert.ok(isText(operation['operationId']) && isText(operation['summary']), where);
  for (const tag of operation['tags'] as unknown[]) assert.ok(tags.includes(tag), where);
  assertParameters(root, operation['parameters'] ?? [], path, where);
  if (operation['requestBody'] !== undefined)
    assertContent(root, objectAt(operation['requestBody'], where)['content'], `${where} body`);
  const responses = Object.entries(objectAt(operation['responses'], where));
  assert.ok(
    responses.some(([status]) => status.startsWith('2')),
    where,
  );
  for (const [status, response] of responses) {
    assert.match(status, /^[1-5]\d\d$/, where);
    assertResponse(root, response, `${where} ${status}`);
  }
  for (const requirement of operation['security'] as readonly Json[])
    for (const scheme of Object.keys(requirement))
      assertReference(root, `#/components/securitySchemes/${scheme}`, where);
  return operation;
}
