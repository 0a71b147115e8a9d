import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authenticate, challenge } from '../../../../core/api/authenticate.ts';
import { readCookie } from '../../../../core/api/cookie.ts';
import type { HttpRequest } from '../../../../core/api/http.ts';
import { currentOrigins, ownOrigins } from '../../../../core/api/origin.ts';
import { CSM, type Surface } from '../../../../core/api/surface.ts';
import { FakeIdentity } from '../../../support/api/fake-identity.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

const request = (headers: Record<string, string>) => ({ header: (name: string) => headers[name] }) as HttpRequest;
const nameOf = (surface: Surface, headers: Record<string, string>) =>
  authenticate(request(headers), surface, 'read', new FakeIdentity())?.principal.name;

test('a surface without a scheme takes the bare header', () => {
  const surface: Surface = { ...CSM, carriers: [{ kind: 'header', header: 'x-api-key' }] };
  assert.equal(nameOf(surface, { 'x-api-key': 'read-token' }), 'panel');
  assert.equal(nameOf(surface, { authorization: 'Bearer read-token' }), undefined);
  assert.deepEqual(challenge(surface), {});
});

for (const [authorization, name] of [
  ['Bearer read-token', 'panel'],
  ['bearer  read-token', 'panel'],
  ['Bearer', undefined],
  ['Bearer read-token x', undefined],
  ['read-token', undefined],
  ['Basic read-token', undefined],
  [`Bearer ${'x'.repeat(600)}`, undefined],
] as const)
  test(`Authorization: ${authorization.slice(0, 30)} is ${name ?? 'nobody'}`, () =>
    assert.equal(nameOf(CSM, { authorization }), name));

for (const [header, value] of [
  [undefined, undefined],
  ['csm_auth=a', 'a'],
  ['x=1; csm_auth=a=b ; csm_auth=c', 'a=b'],
  ['xcsm_auth=a', undefined],
  ['csm_auth', undefined],
  ['csm_auth=', ''],
] as const)
  test(`cookie ${header} holds ${value}`, () => assert.equal(readCookie(header, 'csm_auth'), value));

test('origins are the configured names at the port, in any case of letters, and nothing like them', () => {
  const own = ownOrigins(['Edge.example.net', '192.0.2.1', '2001:DB8::0:1'], 9443);
  for (const origin of [
    'https://edge.example.net:9443',
    'https://EDGE.example.net:9443',
    'https://192.0.2.1:9443',
    'https://[2001:db8::1]:9443',
  ])
    assert.equal(own(origin), true, origin);
  for (const origin of [
    'null',
    '',
    'http://edge.example.net:9443',
    'https://edge.example.net',
    'https://edge.example.net:9443.evil.example',
    'https://xedge.example.net:9443',
  ])
    assert.equal(own(origin), false, origin);
  assert.equal(ownOrigins(['edge'], 443)('https://edge'), true);
  const proxied = ownOrigins(['edge'], 9443, 443);
  for (const origin of ['https://edge', 'https://edge:443', 'https://edge:9443']) assert.ok(proxied(origin), origin);
  assert.equal(proxied('https://edge:8443'), false);
});

test('a name that the appliance got while running is an own origin within seconds, and foreign ones cost next to nothing', () => {
  const clock = new SimulatedClock();
  let names = ['192.0.2.1'];
  let asked = 0;
  const own = currentOrigins(
    () => {
      asked++;
      return names;
    },
    [9443],
    clock,
  );
  for (let i = 0; i < 100; i++) assert.equal(own('https://192.0.2.2:9443'), false);
  assert.equal(asked, 1);
  names = ['192.0.2.2'];
  clock.advance(10_000);
  assert.equal(own('https://192.0.2.2:9443'), true);
  clock.advance(-86_400_000);
  names = ['192.0.2.3'];
  assert.equal(own('https://192.0.2.3:9443'), true);
});
