import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { OWN_STATUS_FIELDS } from '../../core/api/csm/status-schema.ts';
import type { Endpoint } from '../../core/api/endpoint.ts';
import { CSM_ENDPOINTS } from '../../core/api/tables.ts';
import { FINDING } from '../support/api/fake-appliance.ts';
import { bearer, ENDPOINTS } from '../support/api/harness.ts';
import { readyFor } from '../support/api/ready.ts';
import { eventsIn, StreamClient } from '../support/api/stream-client.ts';
import { sharedFile } from '../support/shared.ts';

const headers = bearer('admin-token');

/** What an endpoint answers with: JSON, text as it is, the first message of a stream, the first row of a table. */
async function answerOf(endpoint: Endpoint<never>): Promise<unknown> {
  const api = await readyFor(endpoint);
  const answer = await api.askEndpoint(endpoint, { headers });
  assert.equal(answer.status, endpoint.status ?? 200);
  if (endpoint.transport === 'text' || answer.source !== undefined) return answer.text;
  if (endpoint.transport === 'csv') return firstRow(answer.text);
  if (answer.stream === undefined) return answer.json();
  const client = new StreamClient();
  answer.stream.start(client);
  api.appliance.emit(FINDING, 7);
  api.clock.advance(0);
  return eventsIn(client.read().received)[0]?.data;
}

/** Of a table without quoted cells. */
function firstRow(text: string): unknown {
  const [head = [], row = []] = text.split('\r\n').map((line) => line.split(','));
  return Object.fromEntries(head.map((name, i) => [name, row[i]]));
}

/** The schema with every object closed, so that a field nobody declared shows. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  return inner['type'] === 'object' && inner['properties'] ? { ...inner, additionalProperties: false } : inner;
}

for (const endpoint of ENDPOINTS)
  test(`${endpoint.method} ${endpoint.path} answers as its row declares`, async () => {
    const schema = closed(JSON.parse(JSON.stringify(endpoint.response))) as TSchema;
    const errors = Value.Errors(schema, await answerOf(endpoint));
    assert.deepEqual(errors, []);
  });

/** Fields that are ours beside CSM's. */
const OWN_FIELDS: Readonly<Record<string, readonly string[]>> = {
  status: OWN_STATUS_FIELDS,
  firewallStatus: ['pending_count', 'default', 'icmp', 'count_only'],
  firewallSubnets: ['enforced'],
  blockedIps: ['enforced'],
  findings: ['id', 'source_ip', 'count'],
  events: ['id'],
  blockIp: ['undo_token'],
  unblockIp: ['was_blocked', 'undo_token'],
  unblockBulk: ['warning'],
  denySubnet: ['undo_token'],
  removeSubnet: ['was_blocked', 'undo_token'],
  flush: ['addresses', 'networks', 'undo_token'],
  unban: ['undo_token'],
  allowIp: ['replaced', 'warning'],
  firewallCheck: ['verdict', 'blocks', 'waiting', 'allowed', 'port_allowed', 'denied', 'guarded', 'lists'],
  removeAllow: ['warning'],
  suppressions: ['actor'],
  audit: ['serial', 'actor', 'actor_kind', 'status', 'request_id', 'broker', 'prev', 'hash'],
  components: ['state', 'message', 'detail', 'provenance', 'seen', 'counters'],
  settings: ['applies', 'schema', 'can_cut'],
  settingsSection: ['edited_on_disk', 'applies', 'schema', 'can_cut'],
  changeSettings: ['change'],
  settingsTryOut: ['change_id'],
  settingsRollback: ['change_id'],
};

interface ContractRow {
  readonly method: string;
  readonly path: string;
  readonly response: unknown;
}

const contract = sharedFile('contract/csm.json');
const skip = contract === undefined && 'no contract/csm.json beside the checkout';
const rows = (JSON.parse(contract ?? '[]') as readonly ContractRow[]).map((row) => ({
  ...row,
  path: row.path.replaceAll(/<(\w+)>/g, '{$1}'),
}));

/** Compares a reply with the contract's notation: `"int"`, `"string?"`, nested objects, lists of one pattern. */
function compare(pattern: unknown, value: unknown, where: string, own: readonly string[] = []): void {
  if (Array.isArray(pattern)) {
    assert.ok(Array.isArray(value), `${where} is a list`);
    for (const entry of value) compare(pattern[0], entry, `${where}[]`, own);
  } else if (typeof pattern === 'object' && pattern !== null) {
    assert.ok(typeof value === 'object' && value !== null, `${where} is an object`);
    for (const [key, inner] of Object.entries(pattern)) {
      const optional = typeof inner === 'string' && /\?|only when|when error|present/.test(inner);
      if (key in value) compare(inner, (value as Record<string, unknown>)[key], `${where}.${key}`, own);
      else assert.ok(optional, `${where}.${key} is there`);
    }
    const extra = Object.keys(value).filter((key) => !(key in pattern) && !own.includes(key));
    assert.deepEqual(extra, [], `${where} has no fields of its own`);
  } else compareScalar(String(pattern), value, where);
}

function compareScalar(pattern: string, value: unknown, where: string): void {
  if (value === null) assert.match(pattern, /null/, where);
  else if (/\benum\b/.test(pattern)) assert.equal(typeof value, 'string', where);
  else if (/\bobject\b/.test(pattern)) assert.equal(typeof value, 'object', where);
  else if (/\[\]|^\[/.test(pattern)) assert.ok(Array.isArray(value), where);
  else if (/^int/.test(pattern)) assert.ok(Number.isInteger(value), where);
  else if (/^bool|^true/.test(pattern)) assert.equal(typeof value, 'boolean', where);
  else if (/^float/.test(pattern)) assert.equal(typeof value, 'number', where);
  else if (/^rfc3339/.test(pattern)) assert.ok(typeof value === 'string' && /^\d{4}-\d\d-\d\dT|^$/.test(value), where);
  else if (/^map/.test(pattern)) assert.equal(typeof value, 'object', where);
  else assert.equal(typeof value, 'string', where);
}

const SESSION_PATHS = ['/login', '/logout'];

const speaksJson = ({ transport = 'json' }: Endpoint<never>) => transport === 'json' || transport === 'sse';

for (const endpoint of ENDPOINTS.filter((one) => speaksJson(one) && !SESSION_PATHS.includes(one.path))) {
  const row = rows.find(({ method, path }) => method === endpoint.method && path === endpoint.path);
  if (row === undefined && contract !== undefined) continue;
  test(`${endpoint.method} ${endpoint.path} has exactly the contract's fields`, { skip }, async () => {
    const pattern =
      endpoint.transport === 'sse' ? (row?.response as { Finding?: unknown } | undefined)?.Finding : row?.response;
    compare(pattern, await answerOf(endpoint), endpoint.name, OWN_FIELDS[endpoint.name]);
  });
}

test('the contract names path and method of every csm endpoint, but for the logout that a link cannot cause', {
  skip,
}, () => {
  const missing = CSM_ENDPOINTS.filter(
    ({ method, path }) => !rows.some((row) => row.method === method && row.path === path),
  );
  assert.deepEqual(
    missing.map(({ name }) => name),
    ['logout'],
  );
});
