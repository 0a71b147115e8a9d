import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tokensOf } from '../../../../actors/daemon/tokens.ts';
import { configuredTokens } from '../../../../actors/identity/configured-tokens.ts';
import { fail } from '../../../../core/base/result.ts';
import { deprecations } from '../../../../core/config/settings.ts';
import { loaded } from '../../core/config/surroundings.ts';

const LEGACY = 'a-token-of-old-days';
const noFiles = { readSecret: async () => fail('unreadable' as const, 'none') };

async function namesOf(webui: string) {
  const tokens = await configuredTokens(tokensOf(loaded(`webui: { ${webui} }`).config.webui), noFiles);
  return tokens.ok ? tokens.value.map(({ name, scopes }) => `${name} ${scopes.join()}`) : tokens.public;
}

test('the one token of older configurations is an admin token, and config-check says what to write instead', async () => {
  assert.deepEqual(await namesOf(`auth_token: ${LEGACY}, metrics_token: metrics-metrics-metrics`), [
    'metrics metrics',
    'legacy-auth-token admin',
  ]);
  const { config } = loaded(`webui: { auth_token: ${LEGACY} }`);
  assert.deepEqual(deprecations(config), [
    'webui.auth_token is deprecated: write an entry of webui.tokens with scope admin',
  ]);
  assert.deepEqual(deprecations(loaded('').config), []);
});

test('moved into the list it may stand in both places; under another name or scope it may not', async () => {
  const both = (name: string, scope: string) =>
    namesOf(`auth_token: ${LEGACY}, tokens: [{ name: ${name}, scope: ${scope}, token: ${LEGACY} }]`);
  assert.deepEqual(await both('legacy-auth-token', 'admin'), ['legacy-auth-token admin']);
  assert.match(String(await both('legacy-auth-token', 'read')), /is the same as token/);
  assert.match(String(await both('panel', 'admin')), /"legacy-auth-token" is the same as token "panel"/);
});
