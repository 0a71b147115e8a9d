import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Endpoint, isWrite } from '../../core/api/endpoint.ts';
import { mount } from '../../core/api/mount.ts';
import { mountsFor } from '../../core/api/tables.ts';
import { FakeAppliance } from '../support/api/fake-appliance.ts';
import { FakeBlobs } from '../support/api/fake-blobs.ts';
import { FakeDesks } from '../support/api/fake-desks.ts';
import { ApiHarness, ENDPOINTS, GOOD_BODIES, goodTarget, ORIGIN } from '../support/api/harness.ts';
import { type Case, casesFor, type Keyring, keyring } from '../support/api/keyring.ts';
import { SECOND, SECOND_ENDPOINTS } from '../support/api/second-surface.ts';
import { rawToken } from '../support/identity-bench.ts';
import { SimulatedClock } from '../support/simulated-clock.ts';

/** What of a case decides, held against what the row declares. */
function expected({ scope, method, csrf }: Endpoint<never>, { scopes, unproven, foreign }: Case): 'served' | 401 | 403 {
  if (foreign) return 403;
  const may = scope === 'none' || scopes.includes(scope) || scopes.includes('admin');
  if (!may) return 401;
  return unproven && isWrite(method) && csrf !== false ? 403 : 'served';
}

/** Bodies and paths that mean something to the real Identity. */
const bodyOf = ({ name }: Endpoint<never>): string =>
  name === 'login' ? JSON.stringify({ token: rawToken('read') }) : JSON.stringify(GOOD_BODIES[name] ?? '');

const targetOf = (endpoint: Endpoint<never>, { made, identity }: Keyring): string => {
  const ids: Readonly<Record<string, string>> = {
    revokeToken: made.id,
    endSession: identity.sessions().at(-1)?.id ?? '',
  };
  const id = ids[endpoint.name];
  return id === undefined ? goodTarget(endpoint) : endpoint.path.replace('{id}', id);
};

/** What a refused request must not have changed. */
const stateOf = ({ identity }: Keyring) => ({
  tokens: identity.tokens().map(({ id, state }) => [id, state]),
  sessions: identity.sessions().map(({ id }) => id),
});

async function check(endpoint: Endpoint<never>, one: Case, method: string): Promise<void> {
  const ring = await keyring();
  const appliance = new FakeAppliance();
  const mounts = mountsFor({
    ...new FakeDesks(appliance),
    identity: ring.identity,
    blobs: new FakeBlobs(),
    clock: new SimulatedClock(),
    log: () => {},
  });
  const api = new ApiHarness({ mounts, credentials: ring.credentials });
  const ask = one.ask(ring);
  const before = stateOf(ring);
  const body = endpoint.upload === undefined ? { body: bodyOf(endpoint) } : {};
  const answer = await api.askEndpoint(endpoint, { method, target: targetOf(endpoint, ring), ...body, ...ask });
  const wanted = expected(endpoint, one);
  assert.deepEqual(api.called, wanted === 'served' ? [endpoint.name] : []);
  if (wanted === 'served') {
    assert.ok(answer.status < 500, answer.text);
    return;
  }
  assert.equal(answer.status, wanted);
  assert.deepEqual([api.audits, appliance.asked, stateOf(ring)], [[], [], before]);
  const { error, ...rest } = answer.json() as { error: string };
  assert.deepEqual(rest, {});
  assert.equal(wanted === 401 ? error : 'Unauthorized', 'Unauthorized');
  assert.equal(answer.headers['www-authenticate'], wanted === 401 ? 'Bearer realm="bartizan"' : undefined);
}

const CASES = casesFor(ORIGIN);

for (const endpoint of ENDPOINTS)
  for (const method of endpoint.method === 'GET' ? ['GET', 'HEAD'] : [endpoint.method])
    test(`${method} ${endpoint.path}`, async (t) => {
      for (const one of CASES)
        await t.test(`${one.name}: ${expected(endpoint, one)}`, () => check(endpoint, one, method));
    });

for (const endpoint of SECOND_ENDPOINTS)
  test(`${endpoint.method} ${endpoint.path}, of another surface`, async (t) => {
    for (const one of CASES) {
      const mine = one.scopes.includes('second:admin') && !one.name.includes('cookie');
      const wanted = one.foreign ? 403 : mine ? 200 : 401;
      await t.test(`${one.name}: ${wanted}`, async () => {
        const ring = await keyring();
        const mounts = [mount(SECOND, SECOND_ENDPOINTS, undefined)] as const;
        const api = new ApiHarness({ mounts, validators: () => () => true, credentials: ring.credentials });
        const answer = await api.askEndpoint(endpoint, { body: '{"name":"x"}', ...one.ask(ring) });
        assert.equal(answer.status, wanted, answer.text);
        assert.deepEqual(api.called, wanted === 200 ? [endpoint.name] : []);
        if (wanted === 401) assert.deepEqual(answer.json(), { detail: 'Unauthorized' });
      });
    }
  });

test('a token of another surface makes no session', async () => {
  const { identity, foreign } = await keyring();
  assert.equal((await identity.login(foreign, '192.0.2.7')).ok, false);
});

test('a read bearer beside an admin cookie does not spare the CSRF token', async () => {
  const headers = { authorization: 'Bearer read-token', cookie: 'csm_auth=session-cookie' };
  const answer = await new ApiHarness().ask({
    method: 'POST',
    target: '/api/v1/block-ip',
    headers,
    body: '{"ip":"192.0.2.7"}',
  });
  assert.deepEqual([answer.status, answer.json()], [403, { error: 'Invalid CSRF token' }]);
});

test('every write declares its audit, and only the makers of sessions go without CSRF', () => {
  const writes = ENDPOINTS.filter(({ method }) => isWrite(method));
  assert.deepEqual(
    writes.filter(({ audit }) => audit === undefined),
    [],
  );
  assert.deepEqual(
    writes
      .filter(({ csrf }) => csrf === false)
      .map(({ name }) => name)
      .sort(),
    ['claim', 'login'],
  );
});

test('whatever asks for a secret is slowed down', () => {
  const judges = ENDPOINTS.filter(
    ({ scope, method, name }) => scope === 'none' && isWrite(method) && name !== 'logout',
  );
  assert.deepEqual(
    judges.map(({ rate }) => rate),
    judges.map(() => 'login'),
  );
});
